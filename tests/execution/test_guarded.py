"""A model's circuit, through the drivers: when it is left alone, who shows that it is well again, and that no store can fail a call."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from taskroute import Call, NoEligibleModelError, Router, StreamInterruptedError
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.ports import Store
from taskroute.steps import Attempt
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute.types import Reply
from tests.execution.test_drivers import Host, Way, Witness, ask, make, read, read_async, ways
from tests.policies import policy

ONE: dict[str, Any] = {"default": ["small"], "retry": {"extra": 0}}
BECAUSE = "circuit open: 5 of 5 tries failed within 60s, the last with connection (ConnectionError); next try in 30s"


class BadRequestError(Exception):
    pass


class ContentPolicyViolationError(Exception):
    pass


class ContextOverflowError(Exception):
    pass


def fail(way: Way, router: Router, times: int = 1, error: type[Exception] = ConnectionError) -> None:
    for _ in range(times):
        with pytest.raises(error):
            way(router, Host({"small": [error("refused")]}))


def refused(way: Way, router: Router) -> NoEligibleModelError:
    """Return the error of a call that no model is asked for."""
    host = Host({})
    with pytest.raises(NoEligibleModelError) as caught:
        way(router, host)
    assert host.attempts == []
    return caught.value


def shared(store: Store | None, clock: FakeClock, **changes: Any) -> Router:
    return Router(policy(**changes), clock=clock, store=store, environ={}, chance=lambda: 1.0)


def resting(way: Way = ask, *, store: bool = False) -> tuple[Router, FakeClock]:
    """Return a router of one model whose cooldown has just passed."""
    clock = FakeClock()
    router = shared(MemoryStore(clock) if store else None, clock, **ONE)
    fail(way, router, 5)
    clock.advance(30)
    return router, clock


stores = pytest.mark.parametrize("store", [False, True], ids=["alone", "shared"])


# Opening


@ways
def test_a_model_that_fails_five_calls_is_left_alone_until_the_cooldown_is_over(way: Way) -> None:
    router, clock = make(**ONE)
    fail(way, router, 5)
    error = refused(way, router)
    assert (error.rejected, error.retry_after) == ({"small": BECAUSE}, 30.0)
    clock.advance(29.5)
    assert refused(way, router).retry_after == 0.5
    clock.advance(0.5)
    assert way(router, Host({"small": ["hi"]})) == "hi"
    assert way(router, Host({"small": ["hi"]})) == "hi"


@ways
def test_the_try_after_the_cooldown_that_fails_begins_another(way: Way) -> None:
    router, clock = resting(way)
    fail(way, router)
    assert refused(way, router).rejected["small"].startswith("circuit open: the try after the cooldown failed with connection")
    clock.advance(30)
    assert way(router, Host({"small": ["hi"]})) == "hi"


@ways
def test_other_models_answer_meanwhile_and_the_decision_says_why(way: Way) -> None:
    router, _ = make(retry={"extra": 0})
    for _ in range(5):
        way(router, Host({"small": [ConnectionError()], "large": ["hi"]}))
    host = Host({"large": ["hi"]})
    assert way(router, host) == "hi"
    assert host.attempts[0].decision.rejected == {"small": BECAUSE}
    assert router.decide(Call("q")).candidates == ("large",)


@ways
def test_a_circuit_that_opens_in_the_middle_of_a_call_stops_its_retries(way: Way) -> None:
    router, clock = make(retry={"extra": 5, "max_wait": "60s"}, breaker={"failures": 2})
    host = Host({"small": [ConnectionError(), ConnectionError()], "large": ["hi"]})
    assert way(router, host) == "hi"
    assert [(attempt.model, attempt.retry) for attempt in host.attempts] == [("small", 0), ("small", 1), ("large", 0)]
    assert clock.slept == [0.5]


@pytest.mark.parametrize("error", [BadRequestError, ContentPolicyViolationError, ContextOverflowError, KeyError])
@ways
def test_what_tells_of_the_call_and_not_of_the_model_opens_no_circuit(way: Way, error: type[Exception]) -> None:
    router, _ = make(**ONE)
    fail(way, router, 12, error)
    assert way(router, Host({"small": ["hi"]})) == "hi"
    assert router.health()["small"].state == "closed"


def test_answers_that_were_not_good_enough_open_no_circuit() -> None:
    class Short(Host):
        def answer(self, attempt: Attempt) -> Reply:
            return super().answer(attempt)._replace(finish_reason="length" if attempt.model == "small" else "stop")

    router, _ = make(fallback={"on": ["truncated", "refusal"]})
    for _ in range(12):
        assert ask(router, Short({"small": ["h"], "large": ["hi"]})) == "hi"
    assert (router.health()["small"].state, router.health()["small"].error_rate) == ("closed", 0.0)


def test_a_try_that_had_little_of_its_usual_time_is_not_held_against_the_model() -> None:
    router, clock = make(default=["large", "small"], retry={"extra": 0}, timeout={"call": "10s"})

    class Late(Host):
        def answer(self, attempt: Attempt) -> Reply:
            clock.advance(6)
            return super().answer(attempt)

    for _ in range(4):
        with pytest.raises(Exception, match="limit of the call"):
            ask(router, Late({"large": [TimeoutError()], "small": [TimeoutError()]}))
    assert {name: health.tries for name, health in router.health().items()} == {"small": 0, "large": 4}


@ways
def test_without_a_breaker_every_call_is_made(way: Way) -> None:
    router, _ = make(**ONE, breaker="none")
    fail(way, router, 12)
    assert way(router, Host({"small": ["hi"]})) == "hi"


def test_observing_never_refuses_the_model_that_was_there() -> None:
    witness = Witness()
    router, _ = make(witness, mode="observe", **ONE)
    for _ in range(12):
        with pytest.raises(ConnectionError):
            drive(router.run(Call("q"), has_original=True), Host({"(original)": [ConnectionError()]}))
    assert drive(router.run(Call("q"), has_original=True), Host({"(original)": ["hi"]})).status == "answered"
    assert "Acquire" not in witness.told


# One call shows whether it is well again

CALLERS = 12


@stores
@pytest.mark.parametrize("default", [["small"], ["small", "large"]])
def test_of_many_threads_one_asks_and_the_others_go_elsewhere(default: list[str], store: bool) -> None:
    router, _ = resting(store=store)
    router.reload(policy(default=default, retry={"extra": 0}))
    gone, asked, ended = threading.Semaphore(0), list[str](), list[str | None]()

    class Slow(Host):
        def answer(self, attempt: Attempt) -> Reply:
            asked.append(attempt.model)
            if attempt.model == "small":
                for _ in range(CALLERS - 1):
                    assert gone.acquire(timeout=20)
            return Reply(answer="hi")

    def work() -> None:
        try:
            ended.append(drive(router.run(Call("q")), Slow({})).model)
        except NoEligibleModelError as error:
            assert error.rejected["small"].startswith("circuit half open: a try is under way")
            assert error.retry_after == 30.0
            ended.append(None)
        gone.release()

    threads = [threading.Thread(target=work) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked.count("small") == 1
    assert ended.count("large" if "large" in default else None) == CALLERS - 1
    assert router.health()["small"].state == "closed"


@stores
@pytest.mark.usefixtures("no_task_is_left")
@pytest.mark.parametrize("default", [["small"], ["small", "large"]])
async def test_of_many_tasks_one_asks_and_the_others_go_elsewhere(default: list[str], store: bool) -> None:
    router, _ = resting(store=store)
    router.reload(policy(default=default, retry={"extra": 0}))
    gone, everybody, asked = itertools.count(1), asyncio.Event(), list[str]()

    class Slow(Host):
        async def aanswer(self, attempt: Attempt) -> Reply:
            asked.append(attempt.model)
            await (everybody.wait() if attempt.model == "small" else asyncio.sleep(0))
            return Reply(answer="hi")

    async def work() -> str | None:
        try:
            return (await adrive(router.run(Call("q")), Slow({}))).model
        except NoEligibleModelError:
            return None
        finally:
            if next(gone) == CALLERS - 1:
                everybody.set()

    ended = await asyncio.gather(*(work() for _ in range(CALLERS)))
    assert asked.count("small") == 1
    assert ended.count("large" if "large" in default else None) == CALLERS - 1
    assert router.health()["small"].state == "closed"


@stores
@ways
def test_a_try_that_says_nothing_lets_the_next_call_take_its_place(way: Way, store: bool) -> None:
    router, _ = resting(way, store=store)
    fail(way, router, 3, KeyError)
    assert way(router, Host({"small": ["hi"]})) == "hi"
    assert router.health()["small"].state == "closed"


def interrupted(router: Router) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(router, Host({"small": [KeyboardInterrupt()]}))


def interrupted_in_a_stream(router: Router) -> None:
    with pytest.raises(KeyboardInterrupt):
        read(router, Host({"small": [["a", KeyboardInterrupt()]]}))


def closed(router: Router) -> None:
    chunks = drive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]}))
    assert next(chunks) == "a"
    chunks.close()


def thrown_into(router: Router) -> None:
    chunks = drive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]}))
    assert next(chunks) == "a"
    with pytest.raises(KeyError):
        chunks.throw(KeyError())


def forgotten(router: Router) -> None:
    for _ in drive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]})):
        break
    gc.collect()


async def cancelled(router: Router) -> None:
    task = asyncio.create_task(adrive(router.run(Call("q")), Host({"small": ["hi"]}, slow=60)))
    await asyncio.sleep(0.01)
    assert router.health()["small"].state == "half_open"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def cancelled_in_a_stream(router: Router) -> None:
    async def read_all() -> list[Any]:
        return [chunk async for chunk in adrive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]}, slow=60))]

    task = asyncio.create_task(read_all())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def closed_async(router: Router) -> None:
    chunks = adrive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]}))
    assert await anext(chunks) == "a"
    await chunks.aclose()


async def timed_out_by_the_caller(router: Router) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await adrive(router.run(Call("q")), Host({"small": ["hi"]}, slow=60))


@stores
@pytest.mark.parametrize("end", [interrupted, interrupted_in_a_stream, closed, thrown_into, forgotten])
def test_a_cancelled_try_frees_its_place_at_once(end: Callable[[Router], None], store: bool) -> None:
    router, _ = resting(store=store)
    end(router)
    end(router)
    assert ask(router, Host({"small": ["hi"]})) == "hi"
    assert router.health()["small"].state == "closed"


@stores
@pytest.mark.usefixtures("no_task_is_left")
@pytest.mark.parametrize("end", [cancelled, cancelled_in_a_stream, closed_async, timed_out_by_the_caller])
async def test_a_cancelled_async_try_frees_its_place_at_once(end: Callable[[Router], Any], store: bool) -> None:
    router, _ = resting(store=store)
    await end(router)
    await end(router)
    assert (await adrive(router.run(Call("q")), Host({"small": ["hi"]}))).status == "answered"
    assert router.health()["small"].state == "closed"


@stores
@pytest.mark.parametrize("end", [closed, thrown_into, forgotten])
def test_a_stream_that_begins_to_answer_shows_that_the_model_is_well_before_its_reader_stops(
    end: Callable[[Router], None], store: bool
) -> None:
    router, _ = resting(store=store)
    end(router)
    assert router.health()["small"].state == "closed"


@stores
def test_while_a_stream_that_has_begun_is_read_others_may_call_the_model(store: bool) -> None:
    router, _ = resting(store=store)
    chunks = drive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]}))
    assert next(chunks) == "a"
    assert ask(router, Host({"small": ["hi"]})) == "hi"
    assert list(chunks) == ["b"]
    # Its whole answer was told with its first chunk.
    assert router.health()["small"].tries == 7


@stores
@pytest.mark.parametrize("way", [read, read_async])
def test_a_stream_that_breaks_after_it_has_begun_counts_as_a_failure_of_a_model_that_is_well(way: Way, store: bool) -> None:
    router, _ = resting(way, store=store)
    with pytest.raises(StreamInterruptedError):
        way(router, Host({"small": [["a", ConnectionError("cut")]]}))
    small = router.health()["small"]
    assert (small.state, small.tries, small.error_rate) == ("closed", 7, 6 / 7)


class Interrupts(MemoryStore):
    """A store that is interrupted when it is written to next."""

    armed = False

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt
        return super().compare_and_set(key, expected, value, ttl)


class Arms(Host):
    """Arms the store as its stream gives the first chunk."""

    def __init__(self, store: Interrupts) -> None:
        super().__init__({"small": [["a", "b"]]})
        self.store = store

    def _parts(self, line: list[Any]) -> Iterator[str]:
        self.store.armed = True
        yield from super()._parts(line)

    async def _aparts(self, line: list[Any]) -> AsyncIterator[str]:
        self.store.armed = True
        async for part in super()._aparts(line):
            yield part


@pytest.mark.parametrize("way", [read, read_async])
def test_an_interrupt_as_a_stream_begins_ends_the_call_and_closes_the_stream_that_nobody_was_given(way: Way) -> None:
    clock, witness = FakeClock(), Witness()
    store = Interrupts(clock)
    router = Router(policy(**ONE), clock=clock, store=store, environ={}, observers=[witness])
    fail(way, router, 5)
    clock.advance(30)
    host = Arms(store)
    with pytest.raises(KeyboardInterrupt):
        way(router, host)
    assert (witness.outcomes[-1].status, host.closed) == ("cancelled", 1)
    assert "Deliver" not in witness.told


class CannotClose:
    """A stream that fails, and fails again when it is closed."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.left: list[Any] = ["a"]

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self.left:
            raise ConnectionError("cut")
        return self.left.pop()

    def close(self) -> None:
        raise self.error

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return self.__next__()

    async def aclose(self) -> None:
        raise self.error


class BadlyClosed(Host):
    def __init__(self, error: BaseException) -> None:
        super().__init__({})
        self.error = error

    def open(self, attempt: Attempt) -> Any:
        return CannotClose(self.error), super().open(attempt._replace(model="other"))[1]

    aopen = open

    def _next(self, attempt: Attempt) -> list[Any]:
        return []


@pytest.mark.filterwarnings("ignore:a model's stream could not be closed")
async def test_a_stream_that_cannot_be_closed_frees_its_place_and_ends_its_call() -> None:
    witness = Witness()
    router, clock = make(witness, **ONE)
    fail(ask, router, 5)
    clock.advance(30)
    for error in (OSError("no"), RuntimeError("already running")):
        chunks = drive_stream(router.run(Call("q")), BadlyClosed(error))
        assert next(chunks) == "a"
        chunks.close()
        achunks = adrive_stream(router.run(Call("q")), BadlyClosed(error))
        assert await anext(achunks) == "a"
        await achunks.aclose()
    assert [outcome.status for outcome in witness.outcomes[5:]] == ["cancelled"] * 4
    assert router.health()["small"].state == "closed"


async def test_an_interrupt_while_a_stream_is_closed_is_told_and_passes() -> None:
    witness = Witness()
    router, _ = make(witness, **ONE)
    with pytest.raises(KeyboardInterrupt):
        list(drive_stream(router.run(Call("q")), BadlyClosed(KeyboardInterrupt())))
    with pytest.raises(asyncio.CancelledError):
        [chunk async for chunk in adrive_stream(router.run(Call("q")), BadlyClosed(asyncio.CancelledError()))]
    assert [outcome.status for outcome in witness.outcomes] == ["cancelled", "cancelled"]


def test_a_forgotten_stream_that_is_closed_while_an_account_is_written_does_not_lock_up() -> None:
    class Collecting(FakeClock):
        """Closes a stream where the garbage collector might: in the middle of anything."""

        forgotten: list[Any] = []

        def time(self) -> float:
            while self.forgotten:
                self.forgotten.pop().close()
            return super().time()

    clock = Collecting()
    router = Router(policy(**ONE), clock=clock, environ={})

    class Forgets(Host):
        def answer(self, attempt: Attempt) -> Reply:
            chunks = drive_stream(router.run(Call("q")), Host({"small": [["a", "b"]]}))
            next(chunks)
            clock.forgotten.append(chunks)
            return super().answer(attempt)

    def work() -> None:
        with pytest.raises(ConnectionError):
            ask(router, Forgets({"small": [ConnectionError()]}))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert clock.forgotten == []
