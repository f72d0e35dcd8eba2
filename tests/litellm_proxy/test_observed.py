"""What LiteLLM tells of a call, and what observers and the account of the models are told of it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from taskroute.registry.prices import Prices
from taskroute.types import Classification, Cost
from taskroute_litellm.calls import Calls
from tests.litellm_proxy.acting import Acting, chunks, words
from tests.policies import policy
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

TWO = policy(breaker={"failures": 1, "rate": 0.1, "cooldown": "30s"})
ONE_RETRY = policy(breaker="none")


class Broken(Exception):
    """An answer with a status that is none."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status_code = status


def broken(status: int = 500) -> Exception:
    return Broken(status)


async def test_a_call_that_is_answered_is_one_attempt() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()

    await acting.asks(request, "small")
    acting.clock.advance(2)
    await acting.answers(request)

    assert acting.notes.asked == [("small", 1, 0)]
    [outcome] = acting.notes.outcomes
    assert (outcome.status, outcome.model, outcome.tries[0].seconds) == ("answered", "small", 2)
    latency = acting.router.health()["small"].latency
    assert latency is not None
    assert latency.p50 == 2
    assert len(acting.hook.calls) == 0


async def test_the_caller_gets_its_own_answer_back() -> None:
    acting = Acting(ONE_RETRY)
    request, answer = await acting.comes(), object()
    await acting.asks(request, "small")

    assert await acting.answers(request, answer) is answer


async def test_a_retry_and_a_fallback_are_told_apart() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()

    await acting.asks(request, "small")
    await acting.fails(request, broken())
    await acting.asks(request, "small", retries=1)
    await acting.fails(request, TimeoutError())
    await acting.asks(request, "large", fallbacks=1)
    await acting.answers(request)

    assert acting.notes.asked == [("small", 1, 0), ("small", 1, 1), ("large", 2, 0)]
    assert acting.notes.failures == [("Broken", "server_error"), ("TimeoutError", "timeout")]
    assert (acting.notes.attempts[-1].fallback_from, acting.notes.attempts[-1].fallback_reason) == ("small", "timeout")
    assert acting.notes.outcomes[0].model == "large"


@pytest.mark.parametrize(("limit", "state"), [({"client_side_timeout": True}, "closed"), ({}, "open")])
async def test_no_client_opens_a_circuit_with_a_time_limit_of_its_own(limit: dict[str, Any], state: str) -> None:
    acting = Acting(TWO)
    request = await acting.comes(timeout=0.001, **limit)
    await acting.asks(request, "small")
    await acting.fails(request, TimeoutError())

    assert acting.router.health()["small"].state == state


async def test_an_endpoint_that_litellm_answers_through_another_is_one_attempt() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes(call_type="anthropic_messages", litellm_metadata={})

    await acting.asks(request, "small")
    await acting.asks(request, "small")
    await acting.fails(request, broken())
    await acting.fails(request, broken())
    await acting.asks(request, "large", fallbacks=1)
    await acting.answers(request)

    assert acting.notes.asked == [("small", 1, 0), ("large", 2, 0)]
    assert len(acting.notes.failures) == 1


async def test_a_group_that_was_left_without_a_word_has_failed_with_what_is_being_handled() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")

    try:
        raise broken(503)
    except Broken:
        await acting.asks(request, "large", fallbacks=1)
    await acting.answers(request)

    assert acting.notes.failures == [("Broken", "server_error")]
    assert acting.notes.asked == [("small", 1, 0), ("large", 2, 0)]


async def test_an_answer_from_litellms_own_cache_has_no_attempt() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()

    await acting.answers(request)

    assert acting.notes.asked == []
    assert acting.notes.outcomes[0].status == "answered"
    assert acting.router.health()["small"].tries == 0


async def test_what_comes_to_nothing_has_failed_once() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.fails(request, broken())

    await acting.gives_up(request, broken())
    await acting.gives_up(request, broken())
    await acting.answers(request)

    assert [outcome.status for outcome in acting.notes.outcomes] == ["failed"]
    assert len(acting.hook.calls) == 0


async def test_a_client_that_went_away_has_cancelled() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")

    await acting.gives_up(request, broken(499))

    assert acting.notes.outcomes[0].status == "cancelled"
    assert acting.router.health()["small"].tries == 0


# Circuits


async def test_a_group_that_failed_is_passed_over_by_the_next_call() -> None:
    acting = Acting(TWO)
    first = await acting.comes()
    await acting.asks(first, "small")
    await acting.fails(first, broken())
    await acting.gives_up(first, broken())

    second = await acting.comes()

    assert acting.router.health()["small"].state == "open"
    assert (second["model"], second["fallbacks"]) == ("large", [])


async def test_a_bad_request_is_no_fault_of_the_group() -> None:
    acting = Acting(TWO)
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.fails(request, broken(400))

    assert acting.router.health()["small"].state == "closed"


async def opened() -> Acting:
    """Return a proxy whose small group may be tried again by one call."""
    acting = Acting(TWO)
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.fails(request, broken())
    await acting.gives_up(request, broken())
    acting.clock.advance(31)
    return acting


async def test_one_call_at_a_time_sees_whether_a_group_is_well_again() -> None:
    acting = await opened()

    probe, other = await acting.comes(), await acting.comes()
    await acting.asks(probe, "small")
    await acting.answers(probe)

    assert (probe["model"], other["model"]) == ("small", "large")
    assert acting.router.health()["small"].state == "closed"


async def test_a_probe_that_is_never_sent_is_given_back() -> None:
    acting = await opened()
    probe = await acting.comes()
    await acting.gives_up(probe, broken())

    assert (await acting.comes())["model"] == "small"


async def test_the_first_chunk_of_a_probe_is_enough() -> None:
    acting = await opened()
    probe = await acting.comes()
    await acting.asks(probe, "small")

    stream = acting.streams(probe, chunks("one", "two"))
    await anext(stream)

    assert acting.router.health()["small"].state == "closed"
    tries = acting.router.health()["small"].tries
    assert words([one async for one in stream]) == "two"
    assert acting.router.health()["small"].tries == tries


# Streams


async def test_a_stream_goes_through_as_it_is() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")

    given = [one async for one in acting.streams(request, chunks("one ", "two"))]

    assert words(given) == "one two"
    assert acting.notes.events == ["Opened", "Ended"]
    assert acting.notes.outcomes[0].reply is not None
    assert acting.notes.outcomes[0].reply.text == "one two"


async def test_a_stream_that_breaks_raises_its_own_error() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")

    with pytest.raises(Broken):
        _ = [one async for one in acting.streams(request, chunks("one", then=broken()))]
    await acting.gives_up(request, broken())

    assert [outcome.status for outcome in acting.notes.outcomes] == ["failed"]


async def test_a_stream_that_is_closed_early_is_cancelled() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")
    stream = acting.streams(request, chunks("one", "two"))

    await anext(stream)
    await stream.aclose()

    assert [outcome.status for outcome in acting.notes.outcomes] == ["cancelled"]


@pytest.mark.parametrize("breaks", [False, True])
async def test_what_came_of_a_stream_that_did_not_end_has_an_estimate_of_its_cost(breaks: bool) -> None:
    acting = Acting(policy(models={"small": {"model": "test:small", "price": {"input": 1, "output": 1}}}, default="small", breaker="none"))
    request = await acting.comes()
    await acting.asks(request, "small")
    stream = acting.streams(request, chunks("one two three", then=broken() if breaks else None))

    await anext(stream)
    if breaks:
        with pytest.raises(Broken):
            await anext(stream)
    else:
        await stream.aclose()

    cost = acting.notes.outcomes[0].tries[0].cost
    assert cost is not None
    assert (cost.amount > 0, cost.source) == (True, "user, estimated")


async def test_a_task_that_is_cancelled_in_a_stream_stays_cancelled() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")
    begun = asyncio.Event()

    async def never() -> AsyncIterator[Any]:
        yield {"choices": []}
        begun.set()
        await asyncio.Event().wait()

    async def read() -> None:
        async for _ in acting.streams(request, never()):
            pass

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading
    assert [outcome.status for outcome in acting.notes.outcomes] == ["cancelled"]


async def test_a_stream_that_nobody_reads_is_cancelled() -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")

    stream = acting.streams(request, chunks("one"))
    del stream
    gc.collect()
    await asyncio.sleep(0)

    assert [outcome.status for outcome in acting.notes.outcomes] == ["cancelled"]
    assert len(acting.hook.calls) == 0


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), ConnectionError()])
async def test_a_stream_that_ends_early_is_let_go_of_even_while_its_error_holds_it(error: BaseException) -> None:
    acting = Acting(ONE_RETRY)
    request = await acting.comes()
    await acting.asks(request, "small")
    stream = acting.streams(request, chunks("one", "two"))
    await anext(stream)

    with pytest.raises(type(error)):
        await stream.athrow(error)

    assert len(acting.hook.calls) == 0
    assert await acting.headers(request) is not None


async def test_a_stream_of_nobodys_goes_through() -> None:
    acting = Acting(ONE_RETRY)

    assert words([one async for one in acting.streams({"model": "other"}, chunks("one"))]) == "one"
    assert acting.notes.outcomes == []


# What never ends


async def test_what_never_ends_does_not_fill_the_memory() -> None:
    acting = Acting(ONE_RETRY)
    acting.hook.calls = Calls(most=2)

    for _ in range(5):
        await acting.comes()

    assert len(acting.hook.calls) == 2
    assert [outcome.status for outcome in acting.notes.outcomes] == ["cancelled"] * 3


class NoPrices(Prices):
    """A price table that has broken since it was loaded."""

    def cost(self, *args: Any, **kwargs: Any) -> Any:
        raise OSError("the table is gone")


async def test_what_goes_wrong_with_following_a_call_costs_a_warning_and_no_answer() -> None:
    acting = Acting(ONE_RETRY, prices=NoPrices())
    request = await acting.comes()
    await acting.asks(request, "small")
    answer = {
        "object": "chat.completion",
        "choices": [{"message": {"content": "ho"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    }

    with pytest.warns(RuntimeWarning, match="could not be followed"):
        assert await acting.answers(request, answer) is answer

    assert [outcome.status for outcome in acting.notes.outcomes] == ["answered"]
    assert len(acting.hook.calls) == 0


class Paid:
    """A classifier that asks a model, and says what that cost."""

    name, local, labels = "paid", False, ()

    def classify(self, text: str, tasks: Any) -> Classification:
        return Classification({"debugging": 0.9}, cost=Cost(Decimal("0.001"), "user"))

    async def aclassify(self, text: str, tasks: Any) -> Classification:
        return self.classify(text, tasks)


async def test_what_the_classifier_cost_and_the_baseline_are_in_the_outcome() -> None:
    models = {name: {"model": f"test:{name}", "price": {"input": price, "output": price}} for name, price in (("small", 1), ("large", 5))}
    routes = [{"name": "code", "when": {"task": "code"}, "use": "large"}]
    given = policy(models=models, default=["small", "large"], routes=routes, breaker="none", telemetry={"baseline": "large"})
    acting = Acting(given, classifier=Paid())
    request = await acting.comes()
    await acting.asks(request, "small")
    usage = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}
    await acting.answers(request, {"object": "chat.completion", "choices": [{"message": {"content": "hi"}}], "usage": usage})

    [outcome] = acting.notes.outcomes
    assert outcome.aside == (Cost(Decimal("0.001"), "user"),)
    assert outcome.cost is not None
    assert outcome.cost.amount == Decimal("0.002")
    assert outcome.baseline is not None
    assert (outcome.baseline.amount, outcome.baseline.source) == (Decimal("0.005"), "user, estimated")
