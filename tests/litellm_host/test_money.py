"""What a provider says of its service and of the cost, through every endpoint of a routed LiteLLM router."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest

from taskroute.types import Cost, Outcome, Reply, Usage
from tests.emulator import Emulator, Raw, Say
from tests.litellm_host.provided import Ends
from tests.litellm_host.routers import CHAT, COMPLETIONS, IDS, POLICY, WAYS, Routed, Way, call, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages

litellm: Any = pytest.importorskip("litellm")

from litellm.litellm_core_utils import core_helpers  # noqa: E402

SIGNED: Final = hasattr(core_helpers, "UPSTREAM_USAGE_COST")
"""Whether this release leaves a sign where it writes its own bill over the provider's: older ones do not."""
CHARGED: Final = Say("one two", input=11, output=3, cost=0.00435825, tier="priority")
UNPRICED: Final = {**POLICY, "models": {name: {} for name in POLICY["models"]}}
SPOKEN: Final = tuple(way for way in WAYS if way.endpoint in ("completion", "responses"))
MESSAGES: Final = tuple(way for way in WAYS if way.endpoint == "anthropic_messages")


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def unpriced(emulator: Emulator, ends: Ends) -> Iterator[Routed]:
    with routed(emulator, policy=UNPRICED, options={"observers": [ends]}) as found:
        yield found


@pytest.fixture
def priced(emulator: Emulator, ends: Ends) -> Iterator[Routed]:
    with routed(emulator, options={"observers": [ends]}) as found:
        yield found


def last(ends: Ends) -> tuple[Outcome, Reply]:
    outcome = ends.outcomes[-1]
    assert outcome.reply is not None
    return outcome, outcome.reply


def counted(way: Way) -> dict[str, Any]:
    """Return the argument that asks for the tokens of a stream."""
    return {"stream_options": {"include_usage": True}} if way.streams and way.endpoint == "completion" else {}


def is_lost(way: Way) -> bool:
    """Return whether the adapter cannot tell the provider's cost from LiteLLM's own bill."""
    return way.streams and not SIGNED and (way.endpoint == "responses" or not way.is_async)


@pytest.mark.parametrize("way", SPOKEN, ids=str)
def test_what_the_provider_says_that_it_cost_is_the_cost(way: Way, unpriced: Routed, emulator: Emulator, ends: Ends) -> None:
    emulator.on(IDS["small"], CHARGED)
    call(unpriced, way, **counted(way))
    _, reply = last(ends)
    if is_lost(way):
        assert reply.reported is None
        return
    assert reply.reported == reply.cost == Cost(Decimal("0.00435825"), "provider", "USD")


@pytest.mark.parametrize("way", SPOKEN, ids=str)
def test_the_price_of_the_user_comes_before_what_the_provider_says(way: Way, priced: Routed, emulator: Emulator, ends: Ends) -> None:
    emulator.on(IDS["small"], Say("one two", input=11, output=3, cost=0.00435825))
    call(priced, way, **counted(way))
    _, reply = last(ends)
    assert reply.cost is not None
    assert (reply.cost.amount, reply.cost.source) == (Decimal("0.000017"), "user")


@pytest.mark.parametrize("way", [way for way in WAYS if way.endpoint in ("completion", "responses")], ids=str)
def test_the_service_that_answered_is_known(way: Way, unpriced: Routed, emulator: Emulator, ends: Ends) -> None:
    emulator.on(IDS["small"], CHARGED)
    call(unpriced, way)
    assert last(ends)[1].service_tier == "priority"


@pytest.mark.parametrize("way", [way for way in WAYS if way.endpoint in CHAT], ids=str)
def test_nothing_is_reported_where_the_provider_says_nothing_though_litellm_has_a_price(
    way: Way, unpriced: Routed, emulator: Emulator, ends: Ends
) -> None:
    needs_proxys_packages(way)
    emulator.on(IDS["small"], Say("one two", input=11, output=3))
    call(unpriced, way)
    assert last(ends)[1].reported is None


@pytest.mark.parametrize("is_async", [False, True])
def test_litellm_loses_the_cost_of_vectors(is_async: bool, unpriced: Routed, emulator: Emulator, ends: Ends) -> None:
    emulator.on(IDS["vectors"], Say(cost=0.0000002))
    call(unpriced, Way("embedding", is_async), **told(unpriced, Way("embedding"), stage="embed"))
    assert last(ends)[1].reported is None


CACHED: Final = Say("one two", input=40, output=3, cache_write=30, cache_write_1h=20, tier="priority")
WRITTEN: Final = Usage(40, 3, 0, 30, cache_write_1h=20)


@pytest.mark.parametrize("way", [*MESSAGES, *COMPLETIONS], ids=str)
@pytest.mark.parametrize("short", [False, True], ids=["counts at the end", "output alone at the end"])
def test_a_cache_of_an_hour_is_counted(way: Way, short: bool, unpriced: Routed, emulator: Emulator, ends: Ends) -> None:
    needs_proxys_packages(way)
    emulator.on(IDS["claude"], CACHED._replace(short_delta=short))
    call(unpriced, way, **told(unpriced, way, stage="grade"))
    _, reply = last(ends)
    assert reply.usage is not None
    # The beginning of a stream says it, which LiteLLM's router keeps to itself in a sync one.
    assert reply.service_tier == (None if way == Way("completion", streams=True) else "priority")
    if way.endpoint == "anthropic_messages" or not (way.streams and short):
        assert reply.usage._replace(cache_read=0) == WRITTEN
    else:
        # Older releases lose what only the beginning of a stream says: all of it, or all but this.
        assert reply.usage in (WRITTEN, Usage(None, 3), Usage(None, 3, None, 30, cache_write_1h=20))


def test_what_a_stored_answer_once_cost_is_not_reported_again(emulator: Emulator, ends: Ends) -> None:
    policy = {**UNPRICED, "cache": {"store": "memory", "ttl": "1h", "scope": []}}
    with routed(emulator, policy=policy, options={"observers": [ends]}) as given:
        emulator.on(IDS["small"], CHARGED)
        for _ in range(2):
            call(given, Way("completion"))
    first, again = ends.outcomes
    assert first.reply is not None
    assert again.reply is not None
    assert (first.reply.reported is None, again.reply.reported, again.reply.service_tier) == (False, None, None)


def test_calls_at_once_keep_what_each_was_told(unpriced: Routed, emulator: Emulator, ends: Ends) -> None:
    costs = [round(0.001 * number, 3) for number in range(1, 9)]
    emulator.on(IDS["small"], *(Say("one two", cost=cost) for cost in costs))

    async def many() -> None:
        await asyncio.gather(*(unpriced.litellm.acompletion(model="auto", messages=[{"role": "user", "content": "hi"}]) for _ in costs))

    asyncio.run(many())
    found = [outcome.reply.reported.amount for outcome in ends.outcomes if outcome.reply is not None and outcome.reply.reported is not None]
    assert sorted(found) == [Decimal(str(cost)) for cost in costs]


FAILED: Final = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "output": [],
    "status": "failed",
    "usage": None,
    "error": {"code": "server_error", "message": "no"},
    "parallel_tool_calls": False,
    "tool_choice": "auto",
    "tools": [],
}


@pytest.mark.parametrize("way", [way for way in WAYS if way.endpoint == "responses" and not way.streams], ids=str)
def test_a_response_that_failed_without_a_count_was_not_paid_for(way: Way, priced: Routed, emulator: Emulator, ends: Ends) -> None:
    emulator.on(IDS["small"], Raw(json.dumps(FAILED).encode()))
    emulator.on(IDS["large"], Say("one two", input=11, output=3))
    call(priced, way)
    outcome, reply = last(ends)
    assert [one.paid for one in outcome.tries] == [False, True]
    assert outcome.cost == reply.cost
    assert reply.cost is not None
