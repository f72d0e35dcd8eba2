"""Limits of time: for a try, for a call, until a stream has something to give out, and between its chunks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from taskroute import AllModelsFailedError, Call, Router, StreamInterruptedError
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.steps import Attempt
from taskroute.testing import FakeClock
from taskroute.types import Outcome, Reply
from tests.execution.test_drivers import Host, Witness
from tests.policies import policy
from tests.real_time import REAL_TIME

pytestmark = [pytest.mark.usefixtures("no_task_is_left"), REAL_TIME]


class RateLimitError(Exception):
    pass


class Timed(Host):
    """Numbers in a line are seconds that pass: really where the call is async, on its clock where it is sync."""

    def __init__(self, clock: FakeClock | None, lines: dict[str, list[Any]]) -> None:
        super().__init__(lines)
        self.clock = clock

    def _parts(self, line: list[Any]) -> Iterator[str]:
        try:
            for part in line:
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, str):
                    yield part
                elif self.clock is not None:
                    self.clock.advance(part)
        finally:
            self.closed += 1

    async def _aparts(self, line: list[Any]) -> AsyncIterator[str]:
        try:
            for part in line:
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, str):
                    yield part
                else:
                    await asyncio.sleep(part)
        finally:
            self.closed += 1

    async def aanswer(self, attempt: Attempt) -> Reply:
        return Reply(answer="".join([part async for part in self._aparts(self._next(attempt))]))


STALL = 30
"""Nobody waits as long as that."""


async def read(limits: dict[str, Any], lines: dict[str, list[Any]], *, sync: bool, **changes: Any) -> tuple[Any, Timed, Outcome]:
    """Return what a stream gave or raised, its host, and how the call ended."""
    witness, clock = Witness(), FakeClock() if sync else None
    changes = {"retry": {"extra": 0}, **changes}
    router = Router(policy(timeout=limits, **changes), environ={}, observers=[witness], clock=clock)
    host = Timed(clock, lines)
    given: Any = []
    try:
        if sync:
            given += drive_stream(router.run(Call("q")), host)
        else:
            given += [chunk async for chunk in adrive_stream(router.run(Call("q")), host)]
    except Exception as error:
        given = error
    return given, host, witness.outcomes[0]


both = pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])


@both
@pytest.mark.parametrize(
    ("limits", "line", "message"),
    [
        ({"first_chunk": "80ms"}, ["", STALL, ""], "the stream of 'small' had nothing to give out within 0.08s"),
        ({"first_chunk": "80ms"}, ["", 0.05, "", 0.05, "", STALL, ""], "the stream of 'small' had nothing to give out within 0.08s"),
        ({"attempt": "80ms"}, ["", STALL, "", "never"], "'small' did not answer within 0.08s"),
        ({"attempt": "80ms", "first_chunk": "20s"}, [STALL, ""], "'small' did not answer within 0.08s"),
        ({"attempt": "20s", "first_chunk": "80ms", "between_chunks": "10ms"}, [STALL, ""], "the stream of 'small' had nothing to give out within 0.08s"),
    ],
)  # fmt: skip
async def test_what_stalls_before_there_is_anything_goes_to_the_next_model(limits: Any, line: list[Any], message: str, sync: bool) -> None:
    given, host, outcome = await read(limits, {"small": [line], "large": [["hi"]]}, sync=sync)
    assert given == ["hi"]
    assert [(t.model, t.failure, str(t.error)) for t in outcome.tries] == [("small", "timeout", message), ("large", None, "None")]
    assert host.closed == 2
    assert host.attempts[1].fallback_reason == "timeout"


@pytest.mark.parametrize(
    ("limits", "line", "message"),
    [
        ({"between_chunks": "80ms"}, ["", "a", "", STALL, "b"], "after 3 chunks were given out (TimeoutError: the stream of 'small' gave nothing more within 0.08s)"),
        ({"attempt": "80ms"}, ["a", STALL, "b"], "after 1 chunks were given out (TimeoutError: 'small' did not answer within 0.08s)"),
    ],
)  # fmt: skip
async def test_what_stalls_after_something_was_given_out_says_how_much(limits: Any, line: list[Any], message: str) -> None:
    given, host, outcome = await read(limits, {"small": [line], "large": [["never"]]}, sync=False)
    assert isinstance(given, StreamInterruptedError)
    assert message in str(given)
    assert given.delivered == int(message.split()[1])
    assert isinstance(given.__cause__, TimeoutError)
    assert (host.closed, outcome.status) == (1, "failed")


async def test_a_sync_stream_that_has_had_its_time_ends_after_the_chunk_that_came() -> None:
    given, host, _ = await read({"attempt": "5s"}, {"small": [["a", 6, "b", "never"]]}, sync=True)
    assert "after 2 chunks were given out (TimeoutError: 'small' did not answer within 5s)" in str(given)
    assert host.closed == 1


@both
async def test_chunks_that_come_in_time_have_the_limit_each_to_themselves(sync: bool) -> None:
    limits = {"first_chunk": "300ms", "between_chunks": "300ms"}
    given, _, _ = await read(limits, {"small": [[0.1, "", 0.1, "a", 0.2, "b", 0.2, "c", 0.2]]}, sync=sync)
    assert given == ["", "a", "b", "c"]


async def test_a_sync_stream_whose_first_chunk_comes_too_late_for_the_try_goes_to_the_next_model() -> None:
    given, host, outcome = await read({"attempt": "5s"}, {"small": [[6, "late", "er"]], "large": [["hi"]]}, sync=True)
    assert given == ["hi"]
    assert str(outcome.tries[0].error) == "'small' did not answer within 5s"
    assert host.closed == 2


async def test_the_consumers_own_time_does_not_count() -> None:
    clock = FakeClock()
    limits = {"attempt": "5s", "first_chunk": "2s", "between_chunks": "2s", "call": "10s"}
    router = Router(policy(timeout=limits), clock=clock, environ={})
    host = Timed(clock, {"small": [[1, "a", 1, "b", 1, "c"]]})
    given: list[str] = []
    for chunk in drive_stream(router.run(Call("q")), host):
        given.append(chunk)
        clock.advance(100)
    limits = {"attempt": "400ms", "first_chunk": "200ms", "between_chunks": "200ms", "call": "500ms"}
    router = Router(policy(timeout=limits), environ={})
    async for chunk in adrive_stream(router.run(Call("q")), Timed(None, {"small": [[0.01, "a", 0.01, "b", 0.01, "c"]]})):
        given.append(chunk)
        await asyncio.sleep(0.25)
    assert given == ["a", "b", "c"] * 2


# One deadline


async def test_retries_and_fallbacks_share_the_time_of_the_call() -> None:
    clock = FakeClock()
    changes = {"timeout": {"attempt": "8s", "call": "20s"}, "retry": {"extra": 1, "backoff": "2s"}}
    router = Router(policy(**changes), clock=clock, environ={}, chance=lambda: 1.0)
    host = Timed(clock, {"small": [[5, RateLimitError()], [5, RateLimitError()]], "large": [[4, "hi"]]})
    assert drive(router.run(Call("q")), host).model == "large"
    assert [attempt.timeout for attempt in host.attempts] == [8, 8, 8]
    host = Timed(clock, {"small": [[7, RateLimitError()], [7, RateLimitError()]], "large": [[3, RateLimitError()]]})
    with pytest.raises(AllModelsFailedError, match="after 3 tries"):
        drive(router.run(Call("q")), host)
    assert [attempt.timeout for attempt in host.attempts] == [8, 8, 4]


async def test_a_call_that_is_out_of_time_says_so_and_asks_nobody_else() -> None:
    clock = FakeClock()
    router = Router(policy(timeout={"call": "10s"}), clock=clock, environ={})
    host = Timed(clock, {"small": [[12, TimeoutError("read")]]})
    with pytest.raises(TimeoutError) as caught:
        drive(router.run(Call("q")), host)
    assert "tried in 10s, the limit of the call:\n  1. small: timeout: TimeoutError: read" in caught.value.__notes__[0]
    assert [attempt.model for attempt in host.attempts] == ["small"]


@both
async def test_a_stream_is_held_to_the_time_of_the_call(sync: bool) -> None:
    given, host, _ = await read({"call": "80ms"}, {"small": [["", STALL, ""]]}, sync=sync)
    assert str(given) == "'small' did not answer within 0.08s"
    assert "in 0.08s, the limit of the call" in given.__notes__[0]
    assert [attempt.model for attempt in host.attempts] == ["small"]


async def test_an_async_call_is_held_to_the_time_of_the_call_and_the_model_is_cancelled() -> None:
    router = Router(policy(timeout={"attempt": "60ms", "call": "100ms"}, retry={"extra": 0}), environ={})
    host = Timed(None, {"small": [[STALL]], "large": [[STALL]]})
    with pytest.raises(AllModelsFailedError, match=r"after 2 tries in 0.1s, the limit of the call") as caught:
        await adrive(router.run(Call("q")), host)
    assert [t.failure for t in caught.value.tries] == ["timeout", "timeout"]
    assert host.closed == 2
    assert host.attempts[1].timeout == pytest.approx(0.04, abs=0.03)


async def test_an_async_check_does_not_outlast_the_call_and_the_answer_stands() -> None:
    asked: list[str] = []

    async def check(answer: str) -> float:
        asked.append(answer)
        await asyncio.sleep(STALL)
        return 0.0

    router = Router(policy(timeout={"call": "100ms"}, fallback={"on": ["low_confidence"]}), environ={}, check=check)
    outcome = await adrive(router.run(Call("q")), Host({"small": ["hi"]}))
    assert (outcome.reply.answer if outcome.reply else None, outcome.model, asked) == ("hi", "small", ["hi"])


async def test_an_answer_that_a_check_finds_bad_when_the_time_is_up_is_given_and_not_dropped() -> None:
    clock = FakeClock()

    def check(answer: str) -> float:
        clock.advance(30)
        return 0.0

    changes = {"timeout": {"call": "20s"}, "fallback": {"on": ["low_confidence"]}}
    router = Router(policy(**changes), clock=clock, environ={}, check=check)
    assert drive(router.run(Call("q")), Host({"small": ["hi"]})).model == "small"
    assert list(drive_stream(router.run(Call("q")), Host({"small": [["h", "i"]]}))) == ["h", "i"]


# Who is next after a timeout

LATENCIES: dict[str, Any] = {
    "small": {"model": "test:small", "latency": "10s"},
    "slow": {"model": "test:slow", "latency": "60s"},
    "unknown": {"model": "test:unknown"},
    "quick": {"model": "test:quick", "latency": "1s"},
    "quicker": {"model": "test:quicker", "latency": "500ms"},
}


def asked_after(error: Callable[[], Exception], clock: FakeClock, router: Router) -> list[str]:
    host = Timed(clock, {name: [[error()]] for name in LATENCIES})
    with pytest.raises(AllModelsFailedError):
        drive(router.run(Call("q")), host)
    return [attempt.model for attempt in host.attempts]


async def test_after_a_timeout_the_models_known_to_be_faster_come_first() -> None:
    clock = FakeClock()
    router = Router(policy(models=LATENCIES, default=list(LATENCIES), retry={"extra": 0}), clock=clock, environ={})
    assert asked_after(TimeoutError, clock, router) == ["small", "quicker", "quick", "slow", "unknown"]
    assert asked_after(RateLimitError, clock, router) == list(LATENCIES)


async def test_what_was_measured_counts_for_more_than_what_the_policy_says() -> None:
    clock = FakeClock()
    router = Router(policy(models=LATENCIES, default=list(LATENCIES), retry={"extra": 0}), clock=clock, environ={})
    for name, seconds in (("quick", 100), ("unknown", 2)):
        drive(router.run(Call("q", pin=name)), Timed(clock, {name: [[seconds, "hi"]]}))
    assert asked_after(TimeoutError, clock, router) == ["small", "quicker", "unknown", "slow", "quick"]
