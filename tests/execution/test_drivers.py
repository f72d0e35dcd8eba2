"""The four drivers, over one host: the same script gives the same answer, the same attempts and the same errors in each."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from taskroute import AllModelsFailedError, Call, NoEligibleModelError, Router, StreamInterruptedError
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Source, _under_way
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt, Event, Step, Validated
from taskroute.testing import FakeClock
from taskroute.types import Classification, Decision, Outcome, Reply
from tests.decision.test_decide import Remote
from tests.policies import policy, when
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME


class RateLimitError(Exception):
    pass


class Chunks:
    """Every chunk but '' is useful."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def take(self, chunk: Any) -> bool:
        self.seen.append(chunk)
        return bool(chunk)

    def reply(self) -> Reply:
        return Reply(answer="".join(self.seen))


class Host:
    """Plays lines: an exception is raised, a string is the answer, and a list is a stream whose exceptions are raised in their place."""

    def __init__(self, lines: dict[str, list[Any]], *, slow: float = 0.0) -> None:
        self.lines = {name: list(line) for name, line in lines.items()}
        self.attempts: list[Attempt] = []
        self.closed = 0
        self.slow = slow

    def _next(self, attempt: Attempt) -> list[Any]:
        self.attempts.append(attempt)
        line = self.lines[attempt.model].pop(0)
        return line if isinstance(line, list) else [line]

    def answer(self, attempt: Attempt) -> Reply:
        return Reply(answer="".join(self._parts(self._next(attempt))))

    async def aanswer(self, attempt: Attempt) -> Reply:
        line = self._next(attempt)
        await asyncio.sleep(self.slow)
        return Reply(answer="".join(self._parts(line)))

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        return Expected(reply.answer)

    def _parts(self, line: list[Any]) -> Iterator[str]:
        try:
            for part in line:
                if isinstance(part, BaseException):
                    raise part
                yield part
        finally:
            self.closed += 1

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        return self._parts(self._next(attempt)), Chunks()

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        return self._aparts(self._next(attempt)), Chunks()

    async def _aparts(self, line: list[Any]) -> AsyncIterator[str]:
        try:
            for part in line:
                await asyncio.sleep(self.slow)
                if isinstance(part, BaseException):
                    raise part
                yield part
        finally:
            self.closed += 1


class Witness:
    """An observer that writes down what it is told."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.told: list[str] = []
        self.outcomes: list[Outcome] = []
        self.found: list[tuple[str | None, str]] = []
        """What each examination found."""
        self.held = 0

    def begin(self, call: Call, at: float) -> Witness:
        return self

    def decided(self, decision: Decision) -> None:
        self.decisions.append(decision)

    def step(self, step: Step, at: float) -> None:
        self.told.append(type(step).__name__)

    def event(self, event: Event, failure: str | None, at: float) -> None:
        self.told.append(type(event).__name__ + (f":{failure}" if failure else ""))
        if isinstance(event, Validated):
            self.found.append((event.failure, event.detail))

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def finished(self, outcome: Outcome, at: float) -> None:
        self.outcomes.append(outcome)


def ask(router: Router, host: Host) -> str:
    reply = drive(router.run(Call("q")), host).reply
    assert reply is not None
    return reply.answer


def ask_async(router: Router, host: Host) -> str:
    async def go() -> str:
        reply = (await adrive(router.run(Call("q")), host)).reply
        assert reply is not None
        return reply.answer

    return asyncio.run(go())


def read(router: Router, host: Host) -> str:
    return "".join(drive_stream(router.run(Call("q")), host))


def read_async(router: Router, host: Host) -> str:
    async def go() -> str:
        return "".join([chunk async for chunk in adrive_stream(router.run(Call("q")), host)])

    return asyncio.run(go())


Way = Callable[[Router, Host], str]
ways = pytest.mark.parametrize("way", [ask, ask_async, read, read_async])
streams = pytest.mark.parametrize("way", [read, read_async])


def make(witness: Witness | None = None, **changes: Any) -> tuple[Router, FakeClock]:
    clock = FakeClock()
    observers = () if witness is None else (witness,)
    return Router(policy(**changes), clock=clock, environ={}, chance=lambda: 1.0, observers=observers), clock


@ways
def test_the_first_model_answers(way: Way) -> None:
    router, _ = make()
    host = Host({"small": ["hi"]})
    assert way(router, host) == "hi"
    assert [attempt.model for attempt in host.attempts] == ["small"]


@ways
def test_waits_retries_and_falls_back(way: Way) -> None:
    router, clock = make(retry={"extra": 1, "backoff": "2s"})
    host = Host({"small": [RateLimitError(), RateLimitError()], "large": ["hi"]})
    assert way(router, host) == "hi"
    assert [(attempt.model, attempt.retry, attempt.tries) for attempt in host.attempts] == [
        ("small", 0, 1),
        ("small", 1, 2),
        ("large", 0, 3),
    ]
    assert clock.slept == [2.0]


@ways
def test_everything_failed_is_one_error(way: Way) -> None:
    router, _ = make(retry={"extra": 0})
    with pytest.raises(AllModelsFailedError, match="after 2 tries") as caught:
        way(router, Host({"small": [RateLimitError("a")], "large": [RateLimitError("b")]}))
    assert isinstance(caught.value.__cause__, RateLimitError)


@ways
def test_a_bug_is_raised_as_it_is(way: Way) -> None:
    router, _ = make()
    with pytest.raises(KeyError):
        way(router, Host({"small": [KeyError("x")]}))


@ways
def test_no_eligible_model_is_an_error(way: Way) -> None:
    router, _ = make(require=[{"when": {}, "labels": "private"}])
    with pytest.raises(NoEligibleModelError, match="small: lacks the required label private"):
        way(router, Host({}))


@pytest.mark.parametrize("way", [ask, read])
def test_an_interrupt_passes_and_is_told(way: Way) -> None:
    witness = Witness()
    router, _ = make(witness)
    with pytest.raises(KeyboardInterrupt):
        way(router, Host({"small": [KeyboardInterrupt()]}))
    assert [outcome.status for outcome in witness.outcomes] == ["cancelled"]
    assert witness.held == 0


@ways
def test_observers_hear_of_every_step_in_order(way: Way) -> None:
    witness = Witness()
    router, _ = make(witness, retry={"extra": 0})
    way(router, Host({"small": [RateLimitError()], "large": ["hi"]}))
    told = [word for word in witness.told if word not in ("Acquire", "Acquired", "Opened", "Deliver", "Release", "Released")]
    assert told == ["Attempt", "Failed:rate_limit", "Attempt", "Ended"]
    assert len(witness.decisions) == len(witness.outcomes) == 1
    assert (witness.outcomes[0].model, witness.held) == ("large", 0)


class Broken(Witness):
    """Raises whatever it is told."""

    def decided(self, decision: Decision) -> None:
        raise RuntimeError("decided")

    def step(self, step: Step, at: float) -> None:
        raise RuntimeError("step")

    def active(self) -> Any:
        raise RuntimeError("active")


@ways
def test_a_broken_observer_costs_one_warning_and_never_the_call(way: Way, recwarn: pytest.WarningsRecorder) -> None:
    kind: type[Broken] = type(f"Broken_{way.__name__}", (Broken,), {})
    router, _ = make(kind())
    assert way(router, Host({"small": ["hi"]})) == "hi"
    assert [str(warning.message) for warning in recwarn] == [f"the observer {kind.__name__} failed with RuntimeError; the call went on"]


@ways
def test_where_warnings_are_errors_a_broken_observer_does_not_cost_the_call_either(way: Way) -> None:
    kind: type[Broken] = type(f"Strict_{way.__name__}", (Broken,), {})
    router, _ = make(kind())
    # Warnings are errors in this suite, and nothing here says otherwise.
    assert way(router, Host({"small": ["hi"]})) == "hi"


class Interrupted(Witness):
    """Is interrupted when it is told of one thing."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def decided(self, decision: Decision) -> None:
        if self.at == "decided":
            raise KeyboardInterrupt

    def step(self, step: Step, at: float) -> None:
        if self.at == type(step).__name__:
            raise KeyboardInterrupt

    def event(self, event: Event, failure: str | None, at: float) -> None:
        if self.at == type(event).__name__:
            raise KeyboardInterrupt

    def finished(self, outcome: Outcome, at: float) -> None:
        if self.at == "finished":
            raise KeyboardInterrupt


@pytest.mark.parametrize("at", ["decided", "Attempt", "Failed", "Wait", "Waited", "Ended", "finished"])
@ways
def test_a_call_that_is_interrupted_between_two_steps_is_not_kept(way: Way, at: str) -> None:
    router, _ = make(Interrupted(at), default=["small"], retry={"extra": 1})
    before = len(_under_way)
    with pytest.raises(KeyboardInterrupt):
        way(router, Host({"small": [RateLimitError(), ["hi"]]}))
    assert len(_under_way) == before


def test_a_call_under_way_is_kept_until_it_has_ended() -> None:
    router, _ = make()
    before = len(_under_way)
    chunks = drive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]}))
    next(chunks)
    assert len(_under_way) == before + 1
    chunks.close()
    assert len(_under_way) == before


@streams
def test_holds_back_what_is_empty_until_there_is_something_to_give(way: Way) -> None:
    router, _ = make(retry={"extra": 0})
    host = Host({"small": [["", "", RateLimitError()]], "large": [["", "hi", "", " there"]]})
    assert way(router, host) == "hi there"


@streams
def test_a_stream_that_breaks_after_its_first_chunk_says_how_much_was_given(way: Way) -> None:
    router, _ = make()
    host = Host({"small": [["", "a", "b", ConnectionError("cut")]], "large": ["never"]})
    with pytest.raises(StreamInterruptedError, match="after 3 chunks were given out"):
        way(router, host)
    assert [attempt.model for attempt in host.attempts] == ["small"]


@streams
@pytest.mark.parametrize("nothing", [[], ["", ""]])
def test_a_stream_without_anything_goes_to_the_next_model_and_is_the_answer_where_there_is_none(way: Way, nothing: list[str]) -> None:
    witness = Witness()
    router, _ = make(witness)
    assert way(router, Host({"small": [nothing], "large": ["hi"]})) == "hi"
    assert [(t.model, t.failure) for t in witness.outcomes[0].tries] == [("small", "server_error"), ("large", None)]
    assert way(router, Host({"small": [nothing], "large": [nothing]})) == ""
    assert witness.outcomes[1].status == "answered"


def test_closing_a_stream_early_closes_the_models_stream_and_tells_observers() -> None:
    witness = Witness()
    router, _ = make(witness)
    host = Host({"small": [["a", "b", "c"]]})
    chunks = drive_stream(router.run(Call("q")), host)
    assert next(chunks) == "a"
    chunks.close()
    assert host.closed == 1
    assert [outcome.status for outcome in witness.outcomes] == ["cancelled"]


def test_an_abandoned_stream_leaves_nothing_behind() -> None:
    witness = Witness()
    router, _ = make(witness)
    host = Host({"small": [["a", "b", "c"]]})
    for _ in drive_stream(router.run(Call("q")), host):
        break
    gc.collect()
    assert (host.closed, witness.held) == (1, 0)


async def test_closing_an_async_stream_early_closes_the_models_stream_and_tells_observers() -> None:
    witness = Witness()
    router, _ = make(witness)
    host = Host({"small": [["a", "b", "c"]]})
    chunks = adrive_stream(router.run(Call("q")), host)
    assert await anext(chunks) == "a"
    await chunks.aclose()
    assert host.closed == 1
    assert [outcome.status for outcome in witness.outcomes] == ["cancelled"]


async def test_cancelling_a_task_cancels_the_attempt_and_passes_through() -> None:
    witness = Witness()
    router, _ = make(witness)
    host = Host({"small": ["hi"]}, slow=60)
    task = asyncio.create_task(adrive(router.run(Call("q")), host))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [outcome.status for outcome in witness.outcomes] == ["cancelled"]
    assert [attempt.model for attempt in host.attempts] == ["small"]


async def test_cancelling_a_task_that_reads_a_stream_passes_through() -> None:
    witness = Witness()
    router, _ = make(witness)
    host = Host({"small": [["a", "b"]]}, slow=60)

    async def read_all() -> list[str]:
        return [chunk async for chunk in adrive_stream(router.run(Call("q")), host)]

    task = asyncio.create_task(read_all())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [outcome.status for outcome in witness.outcomes] == ["cancelled"]


async def test_an_async_attempt_that_takes_too_long_falls_back() -> None:
    class SlowFirst(Host):
        async def aanswer(self, attempt: Attempt) -> Reply:
            self.slow = 60 if attempt.model == "small" else 0
            return await super().aanswer(attempt)

    router = Router(policy(timeout={"attempt": "300ms"}), environ={})
    outcome = await adrive(router.run(Call("q")), SlowFirst({"small": ["late"], "large": ["hi"]}))
    assert [(t.model, t.failure, str(t.error)) for t in outcome.tries][0] == ("small", "timeout", "'small' did not answer within 0.3s")
    assert outcome.model == "large"


async def test_a_classifier_that_takes_too_long_abstains() -> None:
    class Slow(Remote):
        async def aclassify(self, text: str, tasks: Any) -> Classification:
            await asyncio.sleep(60)
            raise AssertionError("nobody waited")

    router = Router(policy(routes=when(task="code"), timeout={"call": "50ms"}), classifier=Slow(), environ={}, clock=FakeClock())
    outcome = await adrive(router.run(Call("fix it")), Host({"small": ["hi"]}))
    assert (outcome.model, outcome.decision.signals.task.detail) == ("small", "the classifier failed")


async def test_an_async_stream_that_stalls_before_its_first_chunk_falls_back_and_after_it_is_interrupted() -> None:
    class Stalls(Host):
        async def _aparts(self, line: list[Any]) -> AsyncIterator[str]:
            for part in line:
                await asyncio.sleep(60 if part == "stall" else 0)
                yield part

    router = Router(policy(timeout={"attempt": "300ms"}), environ={})
    chunks = adrive_stream(router.run(Call("q")), Stalls({"small": [["stall"]], "large": [["hi"]]}))
    assert [chunk async for chunk in chunks] == ["hi"]
    with pytest.raises(StreamInterruptedError, match="did not answer within 0.3s"):
        [chunk async for chunk in adrive_stream(router.run(Call("q")), Stalls({"small": [["a", "stall"]]}))]


def test_threads_that_share_a_router_keep_their_decisions_apart() -> None:
    router = Router(policy(routes=when(stage="deep")), environ={})
    wrong: list[str] = []

    def work(stage: str, model: str) -> None:
        for _ in range(200):
            outcome = drive(router.run(Call("q", stage=stage)), Host({model: ["hi"]}))
            last = router.last_decision()
            if outcome.model != model or last is None or last.model != model:
                wrong.append(stage)

    threads = [threading.Thread(target=work, args=pair) for pair in (("deep", "large"), ("other", "small")) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
