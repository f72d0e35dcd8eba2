"""What is remembered of conversations: who answered, and what its provider holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.execution.warm import HELD, MOST, Conversations, Turns
from taskroute.registry.models import describe
from taskroute.testing import FakeClock
from taskroute.types import NO_STATE, NOTHING, CacheNote, Decision, Outcome, Reply, Usage
from tests.router.test_cost import Host

TALK = Call("and then?", conversation="c1")
REGISTRY = {name: describe(name, model=f"test:{name}") for name in ("small", "large")}


def conversations(clock: FakeClock | None = None, *, most: int = MOST) -> Conversations:
    return Conversations(Turns(clock or FakeClock(), most=most), REGISTRY)


def answered(model: str, usage: Usage | None = None, **changes: Any) -> Outcome:
    decision = Decision(candidates=(model,), route=None, reason="")
    return Outcome(decision=decision, tries=(), status="answered", reply=Reply("fine", usage), answered_by=model)._replace(**changes)


def test_who_answered_and_what_its_provider_cached_is_remembered_for_five_minutes() -> None:
    clock = FakeClock()
    known = conversations(clock)
    assert known.seen(TALK, NO_STATE) is NO_STATE
    known.note(TALK, answered("large", Usage(1000, 10, cache_read=700, cache_write=200)))
    seen = known.seen(TALK, NO_STATE)
    assert (seen.last, seen.warm) == ("large", {"large": 900})
    clock.advance(HELD)
    seen = known.seen(TALK, NO_STATE)
    assert (seen.last, seen.warm) == ("large", NOTHING)


def test_what_another_model_cached_is_not_forgotten_and_the_last_answer_of_a_model_counts() -> None:
    known = conversations()
    known.note(TALK, answered("large", Usage(1000, 10, cache_write=900)))
    known.note(TALK, answered("small", Usage(1000, 10)))
    assert known.seen(TALK, NO_STATE)[-2:] == ("small", {"large": 900})
    known.note(TALK, answered("large", Usage(1000, 10, cache_read=0)))
    assert known.seen(TALK, NO_STATE)[-2:] == ("large", NOTHING)


def test_conversations_of_different_tenants_are_apart_and_a_call_of_none_leaves_nothing() -> None:
    known = conversations()
    known.note(TALK, answered("large"))
    known.note(Call("alone"), answered("large"))
    assert known.seen(TALK._replace(tenant="other"), NO_STATE) is NO_STATE
    assert known.seen(Call("alone"), NO_STATE) is NO_STATE
    assert known.seen(Call("by session", session="c1"), NO_STATE).last == "large"


def test_what_failed_or_came_from_our_cache_says_nothing() -> None:
    known = conversations()
    known.note(TALK, answered("large", status="failed", answered_by=None))
    known.note(TALK, answered("large", cache=CacheNote("hit")))
    assert known.seen(TALK, NO_STATE) is NO_STATE


def test_only_so_many_are_remembered_and_those_that_were_silent_for_longest_are_forgotten() -> None:
    known = conversations(most=2)
    for name in ("a", "b", "a", "c"):
        known.note(Call("q", conversation=name), answered("large"))
    assert [known.seen(Call("q", conversation=name), NO_STATE).last for name in "abc"] == ["large", None, "large"]


def test_the_model_that_holds_the_conversation_is_the_cheapest_for_its_next_call() -> None:
    models = {
        "cached": {"model": "test:a", "price": {"input": 2, "output": 2, "cache_read": 0.2}},
        "cheap": {"model": "test:b", "price": {"input": 1, "output": 2}},
    }
    route = {"name": "all", "choose": {"among": ["cached", "cheap"], "objective": "cheapest"}}
    router = Router({"models": models, "default": "cached", "routes": [route]}, environ={}, clock=FakeClock())
    call = TALK._replace(tokens=10_000, max_tokens=100)
    assert router.decide(call).model == "cheap"
    usage = Usage(10_000, 100, cache_read=0, cache_write=9_900)
    drive(router.run(call._replace(pin="cached")), Host(router, Reply("fine", usage, text="fine")))
    decision = router.decide(call)
    assert decision.model == "cached"
    assert decision.expected["cached"].cost == Decimal("0.00238")
    assert router.decide(call._replace(conversation="another")).model == "cheap"
