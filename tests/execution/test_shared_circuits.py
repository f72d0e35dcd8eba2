"""Circuits that several routers share through a store, and that no store can fail a call."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from taskroute import Call, NoEligibleModelError, Router
from taskroute.execution.drivers import adrive, drive
from taskroute.steps import Attempt
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute.types import Outcome, Reply
from tests.execution.test_drivers import Host, Way, Witness, ask, ways
from tests.execution.test_guarded import BECAUSE, ONE, fail, refused, shared
from tests.policies import policy

THREE = {name: {"model": f"test:{name}"} for name in ("small", "large", "third")}

# Several routers, one store


@ways
def test_what_one_router_finds_out_holds_for_the_other(way: Way) -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    one, other = shared(store, clock, **ONE), shared(store, clock, **ONE)
    fail(way, one, 5)
    error = refused(way, other)
    assert (error.rejected, error.retry_after) == ({"small": BECAUSE}, 30.0)
    clock.advance(30)
    assert way(other, Host({"small": ["hi"]})) == "hi"
    assert way(one, Host({"small": ["hi"]})) == "hi"


@ways
def test_a_fallback_skips_a_model_whose_circuit_another_router_opened_meanwhile(way: Way) -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    three = {"models": THREE, "default": ["small", "large", "third"], "retry": {"extra": 0}}
    one, other = shared(store, clock, **three), shared(store, clock, models=THREE, default=["large"], retry={"extra": 0})

    class Meanwhile(Host):
        def _next(self, attempt: Attempt) -> list[Any]:
            if attempt.model == "small":
                work = threading.Thread(target=open_large)
                work.start()
                work.join()
            return super()._next(attempt)

    def open_large() -> None:
        for _ in range(5):
            with pytest.raises(ConnectionError):
                ask(other, Host({"large": [ConnectionError()]}))

    host = Meanwhile({"small": [ConnectionError()], "third": ["hi"]})
    assert way(one, host) == "hi"
    last = host.attempts[-1]
    assert [attempt.model for attempt in host.attempts] == ["small", "third"]
    assert (last.fallback_from, last.number, last.decision.candidates) == ("small", 2, ("small", "third"))
    assert last.decision.rejected == {"large": BECAUSE}


class Sleepless(FakeClock):
    """Something happens while somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.meanwhile()


@pytest.mark.parametrize("on", [["connection"], ["timeout"]])
def test_a_circuit_that_another_call_opens_before_a_retry_sends_it_where_its_failure_lets_it_go(on: list[str]) -> None:
    clock = Sleepless()
    router = Router(policy(fallback={"on": on}, retry={"extra": 1}, breaker={"failures": 3, "rate": 0.1}), clock=clock, environ={})

    def open_small() -> None:
        clock.meanwhile = lambda: None
        with pytest.raises(ConnectionError):
            drive(router.run(Call("q", pin="small")), Host({"small": [ConnectionError(), ConnectionError()]}))

    clock.meanwhile = open_small
    host = Host({"small": [ConnectionError("first")], "large": ["hi"]})
    if on == ["timeout"]:
        with pytest.raises(ConnectionError, match="first"):
            ask(router, host)
        assert [attempt.model for attempt in host.attempts] == ["small"]
    else:
        assert ask(router, host) == "hi"
        assert (host.attempts[-1].fallback_from, host.attempts[-1].fallback_reason) == ("small", "connection")


def test_who_was_refused_while_another_router_tried_need_not_wait_for_the_cooldown() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    one, other = shared(store, clock, **ONE), shared(store, clock, **ONE)
    fail(ask, one, 5)
    clock.advance(30)

    class Asked(Host):
        def answer(self, attempt: Attempt) -> Reply:
            assert refused(ask, one).retry_after == 30.0
            return super().answer(attempt)

    assert ask(other, Asked({"small": ["hi"]})) == "hi"
    assert ask(one, Host({"small": ["hi"]})) == "hi"


@pytest.mark.parametrize(("on", "asked"), [(["connection"], ["large"]), (["timeout"], [])])
@ways
def test_a_circuit_that_another_router_opened_is_passed_over_only_where_its_failure_may_go_on(
    way: Way, on: list[str], asked: list[str]
) -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    one, other = shared(store, clock, **ONE), shared(store, clock, retry={"extra": 0}, fallback={"on": on})
    fail(way, one, 5)
    host = Host({"large": ["hi"]})
    if asked:
        assert way(other, host) == "hi"
    else:
        with pytest.raises(NoEligibleModelError, match="every model was rejected") as caught:
            way(other, host)
        assert (caught.value.rejected, caught.value.retry_after) == ({"small": BECAUSE}, 30.0)
    assert [attempt.model for attempt in host.attempts] == asked


def test_while_a_store_is_shared_every_model_is_asked_for() -> None:
    clock, witness = FakeClock(), Witness()
    router = Router(policy(), clock=clock, store=MemoryStore(clock), environ={}, observers=[witness])
    ask(router, Host({"small": ["hi"]}))
    assert [told for told in witness.told if told in ("Acquire", "Release")] == ["Acquire", "Release"]
    assert witness.outcomes[0].tries[0].untold is None
    assert router.health()["small"].tries == 1


# A store that fails


class Raises(MemoryStore):
    def get(self, key: str) -> bytes | None:
        raise OSError("gone")


class GivesText(MemoryStore):
    def get(self, key: str) -> Any:
        return "open"


class GivesJunk(MemoryStore):
    def get(self, key: str) -> Any:
        return b'{"state": "open", "slots": [[1]], "opened_at": "yesterday"}'


class GivesObjects(MemoryStore):
    def get(self, key: str) -> Any:
        return object()

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> Any:
        return object()


class CannotWrite(MemoryStore):
    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        raise ConnectionError("read only")


class LosesEveryRace(MemoryStore):
    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        return False


class NotAsync(MemoryStore):
    def aget(self, key: str) -> Any:
        return self.get(key)


@ways
@pytest.mark.parametrize("kind", [Raises, GivesText, GivesJunk, GivesObjects, CannotWrite, LosesEveryRace, NotAsync])
def test_a_store_that_fails_costs_one_warning_and_no_call(way: Way, kind: type[MemoryStore], recwarn: pytest.WarningsRecorder) -> None:
    named: type[MemoryStore] = type(f"{kind.__name__}_{way.__name__}", (kind,), {})
    clock = FakeClock()
    router = shared(named(clock), clock, **ONE)
    for _ in range(3):
        assert way(router, Host({"small": ["hi"]})) == "hi"
        fail(way, router)
        clock.advance(6)
    said = [str(warning.message) for warning in recwarn]
    assert len(said) <= 1
    assert all(text.startswith(f"the store {named.__name__} failed with ") for text in said)


@pytest.mark.filterwarnings("ignore:the store")
@ways
@pytest.mark.parametrize("kind", [Raises, CannotWrite])
def test_while_a_store_fails_circuits_are_the_processs_own(way: Way, kind: type[MemoryStore]) -> None:
    clock = FakeClock()
    router = shared(kind(clock), clock, **ONE)
    fail(way, router, 5)
    assert refused(way, router).retry_after == 30.0
    clock.advance(30)
    assert way(router, Host({"small": ["hi"]})) == "hi"


@pytest.mark.filterwarnings("ignore:the store")
def test_a_store_that_failed_is_left_alone_for_five_seconds() -> None:
    asked: list[float] = []
    clock = FakeClock()

    class Counts(MemoryStore):
        def get(self, key: str) -> bytes | None:
            asked.append(clock.now())
            raise OSError("gone")

    router = shared(Counts(clock), clock, **ONE)
    for _ in range(12):
        ask(router, Host({"small": ["hi"]}))
        clock.advance(1)
    assert asked == [1000.0, 1005.0, 1010.0]


class Slow(MemoryStore):
    """Takes its time to write."""

    seconds = 0.0

    async def acompare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        await asyncio.sleep(self.seconds)
        return self.compare_and_set(key, expected, value, ttl)


@pytest.mark.usefixtures("no_task_is_left")
@pytest.mark.parametrize("on", [["truncated"], ["timeout"]])
async def test_cancelling_while_a_try_is_given_back_cancels_the_call(on: list[str]) -> None:
    clock, witness = FakeClock(), Witness()
    store = Slow(clock)
    router = Router(policy(fallback={"on": on}, retry={"extra": 0}), clock=clock, store=store, environ={}, observers=[witness])
    for _ in range(5):
        with pytest.raises(ConnectionError):
            await adrive(router.run(Call("q", pin="small")), Host({"small": [ConnectionError()]}))
    clock.advance(30)

    class Short(Host):
        async def aanswer(self, attempt: Attempt) -> Reply:
            store.seconds = 60
            return Reply(answer="h", finish_reason="length")

    task = asyncio.create_task(adrive(router.run(Call("q")), Short({})))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    last: Outcome = witness.outcomes[-1]
    assert (last.status, [t.model for t in last.tries]) == ("cancelled", ["small"])


@pytest.mark.usefixtures("no_task_is_left")
async def test_an_async_store_is_waited_for_a_second_at_most_and_then_left_alone(recwarn: pytest.WarningsRecorder) -> None:
    asked: list[str] = []

    class Stuck(MemoryStore):
        async def aget(self, key: str) -> bytes | None:
            asked.append(key)
            await asyncio.sleep(60)
            return None

    router = Router(policy(**ONE), store=Stuck(), environ={})
    began = time.monotonic()
    for _ in range(3):
        outcome = await adrive(router.run(Call("q")), Host({"small": ["hi"]}))
        assert outcome.status == "answered"
    assert 0.9 < time.monotonic() - began < 20
    assert len(asked) == 1
    said = "the store Stuck failed with TimeoutError; circuits are this process's own until it works again"
    assert [str(warning.message) for warning in recwarn] == [said]


@pytest.mark.usefixtures("no_task_is_left")
async def test_cancelling_while_a_store_is_waited_for_cancels_the_call_and_not_the_store() -> None:
    clock = FakeClock()
    store = Slow(clock)
    witness = Witness()
    router = Router(policy(**ONE), clock=clock, store=store, environ={}, observers=[witness])
    for _ in range(5):
        with pytest.raises(ConnectionError):
            await adrive(router.run(Call("q")), Host({"small": [ConnectionError()]}))
    clock.advance(30)
    store.seconds = 60
    task = asyncio.create_task(adrive(router.run(Call("q")), Host({})))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (witness.outcomes[-1].status, witness.outcomes[-1].tries) == ("cancelled", ())
    store.seconds = 0
    # It is asked again at once: nothing was wrong with it.
    assert (await adrive(router.run(Call("q")), Host({"small": ["hi"]}))).status == "answered"
