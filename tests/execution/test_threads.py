"""`timeout.threads: true`: a sync call that its client cannot limit is left behind when its time is up."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from taskroute import AllModelsFailedError, Call, Router, StreamInterruptedError
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Source
from taskroute.execution.streams import drive_stream
from taskroute.steps import Attempt
from taskroute.types import Reply
from tests.execution.test_drivers import Chunks, Host
from tests.policies import policy
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

word: contextvars.ContextVar[str] = contextvars.ContextVar("word", default="unset")
LIMITS = {"attempt": "150ms", "threads": True}


class Silent(Host):
    """A host whose model `small` does not answer before it is let go."""

    def __init__(self, lines: dict[str, list[Any]], *, after: int = 0) -> None:
        super().__init__(lines)
        self.let_go = threading.Event()
        self.after = after
        self.threads: list[str] = []

    def answer(self, attempt: Attempt) -> Reply:
        self.threads.append(threading.current_thread().name)
        if attempt.model == "small":
            self.let_go.wait(20)
        return super().answer(attempt)

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        if attempt.model != "small":
            return super().open(attempt)
        self.attempts.append(attempt)
        return self._stalls(), Chunks()

    def _stalls(self) -> Iterator[str]:
        for number in range(self.after):
            yield f"{number}{word.get()}"
        self.let_go.wait(20)
        yield "late"


def make(**timeout: Any) -> Router:
    return Router(policy(timeout={**LIMITS, **timeout}, retry={"extra": 0}), environ={})


def left_behind() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "taskroute attempt"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    until = time.monotonic() + 5
    while left_behind() and time.monotonic() < until:
        time.sleep(0.01)
    assert left_behind() == []


def test_a_call_that_does_not_end_goes_to_the_next_model_and_its_thread_ends_with_it() -> None:
    host = Silent({"small": ["late"], "large": ["hi"]})
    outcome = drive(make().run(Call("q")), host)
    assert outcome.reply is not None
    assert outcome.reply.answer == "hi"
    assert [(t.model, t.failure, str(t.error)) for t in outcome.tries[:1]] == [
        ("small", "timeout", "'small' did not answer within 0.15s"),
    ]
    assert [attempt.timeout_enforced for attempt in host.attempts] == ["thread"]
    assert len(left_behind()) == 1
    host.let_go.set()


@pytest.mark.parametrize(("after", "limits"), [(0, {"first_chunk": "100ms"}), (0, {}), (2, {"between_chunks": "100ms"})])
def test_a_stream_that_stalls_is_left_behind(after: int, limits: dict[str, str]) -> None:
    host = Silent({"large": [["hi"]]}, after=after)
    chunks = drive_stream(make(**limits).run(Call("q")), host)
    if after:
        token = word.set("!")
        with pytest.raises(
            StreamInterruptedError, match=r"after 2 chunks were given out \(TimeoutError: the stream of 'small' gave nothing more"
        ):
            list(chunks)
        word.reset(token)
    else:
        assert list(chunks) == ["hi"]
    host.let_go.set()


def test_what_answers_in_time_is_given_as_ever_and_sees_the_callers_context() -> None:
    token = word.set("!")
    host = Silent({"small": ["hi"]}, after=2)
    host.let_go.set()
    assert list(drive_stream(make().run(Call("q")), host)) == ["0!", "1!", "late"]
    outcome = drive(make().run(Call("q")), host)
    assert outcome.reply is not None
    assert outcome.reply.answer == "hi"
    assert host.threads == ["taskroute attempt"]
    word.reset(token)


def test_a_stream_that_is_closed_early_lets_its_thread_end() -> None:
    host = Silent({}, after=2)
    chunks = drive_stream(make().run(Call("q")), host)
    next(chunks)
    chunks.close()
    assert left_behind() == []


def test_what_the_model_raises_comes_as_it_is() -> None:
    host = Host({"small": [ConnectionError("refused")], "large": [KeyError("bug")]})
    with pytest.raises(KeyError, match="bug"):
        drive(make().run(Call("q")), host)


def test_without_a_limit_and_without_the_word_of_the_policy_no_thread_is_started() -> None:
    for limits in ({"threads": True}, {"attempt": "1s"}):
        host = Silent({"small": ["hi"]})
        host.let_go.set()
        drive(Router(policy(timeout=limits), environ={}).run(Call("q")), host)
        assert host.threads == [threading.current_thread().name]


def test_several_that_do_not_end_are_one_error_that_says_so() -> None:
    class Both(Silent):
        def answer(self, attempt: Attempt) -> Reply:
            self.let_go.wait(20)
            return Reply(answer="late")

    host = Both({})
    with pytest.raises(AllModelsFailedError, match=r"small: timeout: .*\n.*large: timeout"):
        drive(make().run(Call("q")), host)
    host.let_go.set()


async def test_the_word_of_the_policy_wins_in_every_sync_call_and_in_no_async_one() -> None:
    for held_by in ("client", "async", "none"):
        host = Silent({"small": ["hi", "hi"]})
        host.let_go.set()
        run = make().run(Call("q"), held_by=lambda model, how=held_by: how)
        drive(run, host)
        assert (host.attempts[0].timeout_enforced, host.threads) == ("thread", ["taskroute attempt"])
        run = make().run(Call("q"), held_by=lambda model, how=held_by: how, is_async=True)
        await adrive(run, host)
        assert host.attempts[1].timeout_enforced == held_by


class Confined(Host):
    """A stream that notes the threads that work on it, and holds something of its context until it ends."""

    def __init__(self, lines: dict[str, list[Any]]) -> None:
        super().__init__(lines)
        self.threads: list[str] = []

    def _parts(self, line: list[Any]) -> Iterator[str]:
        token = word.set("held")
        try:
            for part in line:
                self.threads.append(threading.current_thread().name)
                if isinstance(part, BaseException):
                    raise part
                yield part
        finally:
            self.threads.append(threading.current_thread().name)
            word.reset(token)
            self.closed += 1


@pytest.mark.parametrize("limits", [LIMITS, {"first_chunk": "5s", "threads": True}, {"between_chunks": "5s", "threads": True}])
@pytest.mark.parametrize("end", ["read", "closed", "broken"])
def test_a_stream_is_read_and_closed_in_its_own_thread(limits: dict[str, Any], end: str) -> None:
    router = Router(policy(timeout=limits, retry={"extra": 0}), environ={})
    host = Confined({"small": [["a", "b", *([ConnectionError()] if end == "broken" else ["c"])]]})
    chunks = drive_stream(router.run(Call("q")), host)
    assert next(chunks) == "a"
    if end == "read":
        assert list(chunks) == ["b", "c"]
    elif end == "closed":
        chunks.close()
    else:
        with pytest.raises(StreamInterruptedError):
            list(chunks)
    assert set(host.threads) == {"taskroute attempt"}
    assert (host.closed, left_behind()) == (1, [])


def test_a_stream_that_nobody_can_make_sense_of_at_its_end_goes_to_the_next_model() -> None:
    class Unread(Chunks):
        def reply(self) -> Reply:
            raise ConnectionError("malformed")

    class Unreadable(Confined):
        def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
            chunks, source = super().open(attempt)
            return chunks, Unread() if attempt.model == "small" else source

    host = Unreadable({"small": [[""]], "large": [["hi"]]})
    given = list[Any]()
    thread = threading.Thread(target=lambda: given.extend(drive_stream(make().run(Call("q")), host)), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert (given, host.closed) == (["hi"], 2)
