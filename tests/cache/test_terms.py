"""Who may use the cache, and on which terms: by stage, task, group, route, scope, and by what the call says itself."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute import Call
from taskroute.cache.terms import partitions, terms_of
from taskroute.decision.decide import decide
from taskroute.decision.snapshot import compile_policy
from taskroute.policy.parse import load_policy
from taskroute.stored import Terms
from taskroute.types import UNKNOWN, CacheNote, Decision, NeedSignal
from tests.decision.test_decide import Remote
from tests.policies import policy, snapshot, when


def terms(call: Call, *, pin: str | None = None, disabled: bool = False, **changes: Any) -> Terms | CacheNote | None:
    """Return what a call may have of the cache, by a policy with these changes."""
    compiled = compile_policy(load_policy(policy(**{"cache": {}, **changes})), pin=pin, disabled=disabled)
    decision = decide(compiled, call)
    assert isinstance(decision, Decision)
    return terms_of(compiled, decision, call)


def granted(call: Call, **changes: Any) -> Terms:
    found = terms(call, **changes)
    assert isinstance(found, Terms)
    return found


def note(status: Any, reason: str) -> CacheNote:
    return CacheNote(status, reason)


CALL = Call("q")


def test_a_policy_without_a_cache_has_nothing_to_say() -> None:
    assert terms(CALL, cache=None) is None


def test_a_call_has_the_terms_of_its_policy() -> None:
    cache = {
        "namespace": "prod",
        "ttl": "2h",
        "admit_after": 3,
        "window": "10m",
        "stale_if_error": "1d",
        "max_temperature": 1,
        "tool_calls": True,
        "wait": "5s",
    }
    assert granted(CALL, cache=cache) == Terms(
        namespace="prod", ttl=7200, admit_after=3, window=600, stale=86_400, max_temperature=1, tool_calls=True, wait=5
    )


def test_without_a_word_on_it_nothing_stale_is_kept_and_warm_answers_are_not() -> None:
    found = granted(CALL)
    assert (found.stale, found.max_temperature, found.tool_calls, found.admit_after, found.refresh) == (0, 0.5, False, 1, False)


# Calls that have no part in it


@pytest.mark.parametrize("disabled", [True, False])
def test_where_nothing_is_enforced_the_cache_is_off(disabled: bool) -> None:
    changes: dict[str, Any] = {"disabled": True} if disabled else {"mode": "observe"}
    assert terms(CALL, **changes) == note("off", "nothing is enforced")


def test_a_pinned_call_uses_it_even_while_observing() -> None:
    assert isinstance(terms(Call("q", pin="large"), mode="observe"), Terms)
    assert isinstance(terms(CALL, pin="large"), Terms)
    assert terms(CALL, pin="large", disabled=True) == note("off", "nothing is enforced")


def test_a_call_that_asks_for_no_cache_passes_it_by() -> None:
    assert terms(Call("q", cache="bypass")) == note("bypass", "asked for")


def test_a_call_that_asks_for_a_new_answer_gets_one_stored() -> None:
    assert granted(Call("q", cache="refresh")).refresh


@pytest.mark.parametrize("text", ["my card is 4111 1111 1111 1111", "write to jane.doe@example.com"])
def test_a_sensitive_call_passes_it_by_though_no_condition_asks_for_that(text: str) -> None:
    assert terms(Call(text)) == note("bypass", "sensitive")


def test_what_nobody_looked_at_is_not_taken_for_harmless() -> None:
    compiled = snapshot(cache={})
    decision = decide(compiled, CALL)
    assert isinstance(decision, Decision)
    for sensitive in (UNKNOWN, decision.signals.sensitive._replace(value=None)):
        unknown = decision._replace(signals=decision.signals._replace(sensitive=sensitive))
        assert terms_of(compiled, unknown, CALL) == note("bypass", "sensitive")


def test_vectors_are_not_kept() -> None:
    assert terms(Call("q", operation="embeddings")) == note("bypass", "embeddings are not kept")
    assert isinstance(terms(Call("q", operation="text_completion")), Terms)


# Whose it is


def test_without_a_scope_all_share() -> None:
    assert granted(Call("q", tenant="a", user="u", session="s")).scope == {}


@pytest.mark.parametrize(
    ("scope", "found"), [("tenant", {"tenant": "a"}), (["tenant", "user"], {"tenant": "a", "user": "u"}), ("none", {})]
)
def test_a_scope_is_what_the_call_says_of_itself(scope: Any, found: dict[str, str]) -> None:
    assert granted(Call("q", tenant="a", user="u", session="s"), cache={"scope": scope}).scope == found


@pytest.mark.parametrize("call", [Call("q"), Call("q", tenant=""), Call("q", session="s")])
def test_a_call_that_does_not_say_whose_it_is_passes_it_by(call: Call) -> None:
    assert terms(call, cache={"scope": "tenant"}) == note("bypass", "the call does not say whose it is: no tenant")


def test_all_of_a_scope_must_be_said() -> None:
    found = terms(Call("q", tenant="a"), cache={"scope": ["tenant", "session"]})
    assert found == note("bypass", "the call does not say whose it is: no session")


# Limits of their own


def test_a_route_may_keep_no_answers() -> None:
    routes = [{**when(stage="deep")[0], "cache": "none"}]
    assert terms(Call("q", stage="deep"), routes=routes) == note("off", "route 'hit' keeps no answers")
    assert isinstance(terms(Call("q", stage="other"), routes=routes), Terms)


def test_a_stage_has_its_own_limits_and_the_rest_of_all() -> None:
    cache = {"ttl": "1d", "admit_after": 2, "stages": {"generate": {"ttl": "1h", "tool_calls": True}}}
    own, other = granted(Call("q", stage="generate"), cache=cache), granted(Call("q", stage="rerank"), cache=cache)
    assert (own.ttl, own.tool_calls, own.admit_after, own.stage) == (3600, True, 2, "generate")
    assert (other.ttl, other.tool_calls, other.stage) == (86_400, False, "rerank")


def test_a_task_counts_for_more_than_its_group_and_that_for_more_than_the_stage() -> None:
    cache = {
        "stages": {"generate": {"ttl": "1m", "admit_after": 5, "max_temperature": 0.1}},
        "tasks": {"math": {"ttl": "3m"}, "reasoning": {"ttl": "2m", "admit_after": 4}},
    }
    found = granted(Call("q", stage="generate", task="math"), cache=cache)
    assert (found.ttl, found.admit_after, found.max_temperature, found.task) == (180, 4, 0.1, "math")
    assert granted(Call("q", task="data_analysis"), cache=cache).ttl == 120
    assert granted(Call("q", task="translation"), cache=cache).ttl == 86_400


@pytest.mark.parametrize(
    ("cache", "call", "what"),
    [
        ({"stages": {"generate": "none"}}, Call("q", stage="generate"), "stage generate"),
        ({"tasks": {"math": "none"}}, Call("q", task="math"), "task math"),
        ({"tasks": {"reasoning": "none"}}, Call("q", task="math"), "task reasoning"),
        ({"tasks": {"reasoning": "none", "math": {"ttl": "1m"}}}, Call("q", task="math"), "task reasoning"),
    ],
)
def test_a_stage_or_a_task_may_keep_no_answers(cache: Any, call: Call, what: str) -> None:
    assert terms(call, cache=cache) == note("off", f"{what} keeps no answers")
    assert isinstance(terms(Call("q", stage="rerank", task="translation"), cache=cache), Terms)


def test_a_task_that_a_classifier_must_tell_is_asked_for_because_of_the_cache() -> None:
    compiled = compile_policy(load_policy(policy(cache={"tasks": {"math": "none"}})), classifier=Remote())
    assert isinstance(decide(compiled, Call("what is 2 + 2")), NeedSignal)
    assert isinstance(decide(compiled, Call("what is 2 + 2", cache="bypass")), Decision)
    without = compile_policy(load_policy(policy(cache={})), classifier=Remote())
    assert isinstance(decide(without, Call("what is 2 + 2")), Decision)


def test_without_a_cache_no_signal_is_asked_for() -> None:
    decision = decide(snapshot(), Call("q", stage="generate"))
    assert isinstance(decision, Decision)
    assert {signal.source for _, signal in decision.signals.items()} == {"not_asked"}


# Room of their own


def test_a_size_of_its_own_is_a_partition() -> None:
    cache = {
        "size": "1GB",
        "stages": {"generate": {"size": "1MB"}, "rerank": {"ttl": "1h"}, "judge": "none"},
        "tasks": {"code": {"size": "2MB"}},
    }
    read = load_policy(policy(cache=cache)).cache
    assert read is not None
    assert partitions(read) == {"": 10**9, "stage generate": 10**6, "task code": 2 * 10**6}
    for call, partition in (
        (Call("q", stage="generate"), "stage generate"),
        (Call("q", stage="rerank"), ""),
        (Call("q", stage="generate", task="debugging"), "task code"),
        (Call("q"), ""),
    ):
        assert granted(call, cache=cache).partition == partition
        assert partition in partitions(read)
