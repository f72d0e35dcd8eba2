"""Limits of time, live: who holds them, and that another model answers when they pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from langchain_openai import ChatOpenAI

from taskroute import AllModelsFailedError, Router, StreamInterruptedError
from taskroute.steps import Attempt
from taskroute_langchain import RoutedChatModel
from tests.emulator import Emulator, Fault, Hang, Say, Stall
from tests.langchain.speaking import saying
from tests.langchain.waiting import unreachable
from tests.langchain.ways import STREAMS, WAYS, Outcomes, ask, pieces
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

ASYNC: Final = ("ainvoke", "astream", "aevents")
SYNC: Final = ("invoke", "stream", "events")
SHORT: Final = "1500ms"
PIECES: Final = {"first_chunk": SHORT, "between_chunks": SHORT}
SOON: Final = 30.0
"""Seconds within which an answer must be there, on a machine that is shared; what hangs takes far longer."""
LONG: Final = 60.0


class Attempts(Outcomes):
    """Keeps every attempt too."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[Attempt] = []

    def begin(self, call: Any, at: float) -> Attempts:
        return self

    def step(self, step: Any, at: float) -> None:
        if isinstance(step, Attempt):
            self.attempts.append(step)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


def routed(url: str, *, given: bool = False, second: str | None = None, **policy: Any) -> tuple[RoutedChatModel, Attempts]:
    """Return a model that may take long, with one behind it that answers at once unless `second` says where it is."""
    first = {"model": "openai:slow", "base_url": url}
    then = {} if second is None else {"model": "openai:next", "base_url": second}
    seen = Attempts()
    policy = {"models": {"slow": {} if given else first, "next": then}, "default": ["slow", "next"], "retry": {"extra": 0}, **policy}
    models: dict[str, Any] = {} if second is not None else {"next": saying("in", " time")}
    if given:
        models["slow"] = ChatOpenAI(model="slow", base_url=url, api_key="none", max_retries=0)  # type: ignore[arg-type]
    return RoutedChatModel(router=Router(policy, observers=[seen], environ={}), models=models), seen


def at_once(ways: Sequence[str], one: Callable[[str], object]) -> None:
    """Try all ways at the same time, so that their waits do not add up."""
    with ThreadPoolExecutor(len(ways)) as pool:
        for _ in pool.map(one, ways):
            pass


def answered_in_time(way: str, llm: RoutedChatModel) -> None:
    began = time.monotonic()
    assert ask(way, llm).text == "in time", way
    assert time.monotonic() - began < SOON, way


@pytest.mark.parametrize("fault", [Hang(LONG), Stall(0, LONG)], ids=["no byte", "no event"])
def test_a_model_that_was_built_and_is_silent_gives_way_to_the_next(fault: Any, live: Emulator) -> None:
    live.reset()
    live.then(*[fault] * len(WAYS))

    def one(way: str) -> None:
        llm, seen = routed(f"{live.url}/v1", timeout={"attempt": SHORT})
        answered_in_time(way, llm)
        assert seen.tries == [("slow", 0, "timeout"), ("next", 0, None)]
        assert seen.attempts[0].timeout_enforced == "client"

    at_once(WAYS, one)
    # Nobody asked twice. Where the machine is busy, a client may run out of time before it has asked at all.
    assert len(live.requests) <= len(WAYS)


def test_so_does_a_given_one_where_the_call_is_async(live: Emulator) -> None:
    live.reset()
    live.then(*[Hang(LONG)] * len(ASYNC))

    def one(way: str) -> None:
        llm, seen = routed(f"{live.url}/v1", given=True, timeout={"attempt": SHORT})
        answered_in_time(way, llm)
        assert seen.tries == [("slow", 0, "timeout"), ("next", 0, None)]
        assert seen.attempts[0].timeout_enforced == "async"

    at_once(ASYNC, one)


@pytest.mark.parametrize("way", SYNC)
def test_a_given_model_that_is_called_sync_is_reported_as_held_by_nobody(way: str) -> None:
    seen = Attempts()
    router = Router({"models": {"m": {}}, "default": "m", "timeout": {"attempt": "1s"}}, observers=[seen], environ={})
    ask(way, RoutedChatModel(router=router, models={"m": saying("hi")}))
    assert [attempt.timeout_enforced for attempt in seen.attempts] == ["none"]


def test_a_given_model_that_is_called_sync_gives_way_where_threads_are_allowed(live: Emulator) -> None:
    live.reset()
    live.then(*[Hang(2.5)] * len(SYNC))

    def one(way: str) -> None:
        llm, seen = routed(f"{live.url}/v1", given=True, timeout={"attempt": SHORT, "threads": True})
        answered_in_time(way, llm)
        assert seen.tries == [("slow", 0, "timeout"), ("next", 0, None)]
        assert seen.attempts[0].timeout_enforced == "thread"

    at_once(SYNC, one)


def test_a_connection_that_never_comes_about_gives_way_to_the_next() -> None:
    def one(way: str) -> None:
        llm, seen = routed(url, timeout={"attempt": SHORT})
        answered_in_time(way, llm)
        assert seen.tries[0][2] in ("timeout", "connection")

    with unreachable() as url:
        at_once(WAYS, one)


@pytest.mark.parametrize("on", [["timeout"], ["timeout", "truncated"]], ids=["as it comes", "held back"])
def test_a_stream_that_stalls_before_its_first_piece_is_held_to_the_limit_for_that(on: list[str], live: Emulator) -> None:
    live.reset()
    # OpenAI's first event has the role alone.
    live.then(*[Stall(1, LONG)] * len(STREAMS))

    def one(way: str) -> None:
        llm, seen = routed(f"{live.url}/v1", timeout=PIECES, fallback={"on": on})
        answered_in_time(way, llm)
        assert seen.tries == [("slow", 0, "timeout"), ("next", 0, None)]

    at_once(STREAMS, one)


def test_a_stream_that_stalls_later_ends_with_an_error_that_says_how_much_was_given_out(live: Emulator) -> None:
    live.reset()
    live.then(*[Stall(3, LONG)] * len(STREAMS))

    def one(way: str) -> None:
        llm, seen = routed(f"{live.url}/v1", timeout={"first_chunk": "3s", "between_chunks": SHORT})
        began, got = time.monotonic(), list[Any]()
        with pytest.raises(StreamInterruptedError, match="chunks were given out") as raised:
            for piece in pieces(way, llm):
                got.append(piece)
        assert time.monotonic() - began < SOON, way
        assert raised.value.delivered == len(got) > 0, way
        assert seen.tries == [("slow", 0, "timeout")], way

    at_once(STREAMS, one)


def test_a_stream_that_is_held_back_gives_way_even_when_it_stalls_late(live: Emulator) -> None:
    live.reset()
    live.then(*[Stall(4, LONG)] * len(STREAMS))

    def one(way: str) -> None:
        llm, seen = routed(f"{live.url}/v1", timeout=PIECES, fallback={"on": ["timeout", "truncated"]})
        answered_in_time(way, llm)
        assert seen.tries == [("slow", 0, "timeout"), ("next", 0, None)]

    at_once(STREAMS, one)


def test_the_limits_of_a_given_model_s_stream_hold_in_async_code(live: Emulator) -> None:
    live.reset()
    live.then(*[Stall(1, LONG)] * 2)
    at_once(
        ("astream", "aevents"), lambda way: answered_in_time(way, routed(f"{live.url}/v1", given=True, timeout={"first_chunk": SHORT})[0])
    )


def test_the_limit_of_the_call_is_shared_by_its_tries(live: Emulator) -> None:
    live.reset()
    live.on("slow", *[Fault("server_error")] * len(WAYS)).on("next", *[Hang(LONG)] * len(WAYS))

    def one(way: str) -> None:
        llm, seen = routed(f"{live.url}/v1", second=f"{live.url}/v1", timeout={"call": "8s"})
        began = time.monotonic()
        with pytest.raises(AllModelsFailedError):
            ask(way, llm)
        assert time.monotonic() - began < SOON, way
        assert [failure for _, _, failure in seen.tries] == ["server_error", "timeout"], way

    at_once(WAYS, one)


def test_a_sync_second_try_gets_a_client_with_what_is_left() -> None:
    llm, _ = routed("http://127.0.0.1:1/v1", second="http://127.0.0.1:1/v1", timeout={"call": "10s"})
    snapshot = llm.router.snapshot
    decision: Any = llm.router.decide(llm.call_for("hi", {}, {})[0])

    def limit(left: float, *, exact: bool = True, streams: bool = False) -> float:
        attempt = Attempt("next", 2, 0, left, decision, snapshot=snapshot)
        model: Any = llm.chosen(attempt, exact=exact, streams=streams)
        return float(model.request_timeout)

    assert limit(10.0) == 10.0
    assert limit(9.6) == 10.0
    for left in (8.0, 3.0, 1.0, 0.2):
        assert 0.62 * left <= limit(left) <= left
        assert limit(left, streams=True) <= left
    assert limit(3.0, exact=False) == 10.0
    assert 0 < limit(-1.0) <= 0.06


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_is_in_time_is_not_touched_by_any_limit(way: str, live: Emulator) -> None:
    live.reset()
    live.then(Say("in time"))
    limits = {"attempt": "30s", "call": "40s", "first_chunk": "20s", "between_chunks": "20s"}
    llm, seen = routed(f"{live.url}/v1", timeout=limits)
    answered_in_time(way, llm)
    assert seen.tries == [("slow", 0, None)]
