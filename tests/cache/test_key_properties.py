"""What holds for the key of any request: it is pure, a change of what is in it changes it, and noise does not."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from taskroute.cache.key import cache_key
from taskroute.cache.noise import ALIASES, NOISE, is_noise
from taskroute.stored import Asked, Terms

TERMS = Terms("default")
TEXTS = st.text(max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON: Any = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": st.text(min_size=1)}),
    min_size=1,
    max_size=4,
)
# Those whose values have more than one form have tests of their own.
NAMES = TEXTS.filter(lambda name: not is_noise(name) and name not in ALIASES and name not in ("stop", "n", "tool_choice", "max_tokens"))
PARAMETERS = st.dictionaries(NAMES, JSON.filter(lambda value: value is not None), max_size=4)
ASKED = st.tuples(MESSAGES, JSON, PARAMETERS, TEXTS).map(lambda drawn: Asked(drawn[0], (), *drawn[1:]))


def key(asked: Asked) -> str:
    return cache_key(asked, TERMS)


def form(value: Any) -> Any:
    """Return a value so that equal ones are equal in JSON's sense: numbers by what they come to, booleans apart from them."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, int | float):
        return ("number", value)
    if isinstance(value, dict):
        return ("mapping", sorted((name, form(inner)) for name, inner in value.items()))
    return ("list", [form(inner) for inner in value])


def shuffled(value: Any, chance: random.Random) -> Any:
    """Return a copy with the entries of its mappings in another order."""
    if isinstance(value, dict):
        entries = list(value.items())
        chance.shuffle(entries)
        return {name: shuffled(inner, chance) for name, inner in entries}
    return [shuffled(inner, chance) for inner in value] if isinstance(value, list) else value


@given(ASKED, st.randoms(use_true_random=False))
def test_equal_requests_have_one_key(asked: Asked, chance: random.Random) -> None:
    again = copy.deepcopy(asked)._replace(parameters=shuffled(dict(asked.parameters), chance))
    assert key(again) == key(asked)


@given(ASKED, st.sampled_from(sorted(NOISE)), JSON)
def test_noise_changes_no_key(asked: Asked, name: str, value: Any) -> None:
    assert key(asked._replace(parameters={**asked.parameters, name: value})) == key(asked)


@given(ASKED, NAMES, JSON)
def test_a_parameter_of_any_other_name_changes_the_key(asked: Asked, name: str, value: Any) -> None:
    assume(value is not None and name not in asked.parameters)
    assume(name not in ("extra_body", "extra_query", "model_kwargs", "logit_bias", "candidate_count"))
    assert key(asked._replace(parameters={**asked.parameters, name: value})) != key(asked)


@given(JSON, JSON)
def test_two_values_have_one_key_only_where_they_are_equal(one: Any, other: Any) -> None:
    keys = [key(Asked([{"role": "user", "content": "a"}], parameters={"unknown": [value]})) for value in (one, other)]
    assert (keys[0] == keys[1]) == (form(one) == form(other))


@given(JSON)
def test_a_value_has_the_key_of_what_its_text_says(value: Any) -> None:
    read = json.loads(json.dumps(value))
    assert key(Asked([], parameters={"unknown": [value]})) == key(Asked([], parameters={"unknown": [read]}))


@given(MESSAGES, MESSAGES)
def test_two_conversations_have_one_key_only_where_they_are_equal(one: list[Any], other: list[Any]) -> None:
    assert (key(Asked(one)) == key(Asked(other))) == (one == other)


CALLS = st.lists(st.tuples(st.sampled_from("abc"), st.dictionaries(TEXTS, JSON, max_size=2)), min_size=1, max_size=4)


def conversation(calls: list[Any], ids: list[str]) -> list[Any]:
    made = [
        {"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(a)}} for i, (n, a) in zip(ids, calls, strict=True)
    ]
    return [
        {"role": "assistant", "tool_calls": made},
        *({"role": "tool", "tool_call_id": i, "content": f"to {n}"} for n, i in enumerate(ids)),
    ]


@given(CALLS, st.lists(st.text(min_size=1), min_size=4, max_size=4, unique=True))
def test_any_other_ids_of_calls_leave_the_key_as_it_is(calls: list[Any], ids: list[str]) -> None:
    plain = conversation(calls, [f"call_{n}" for n in range(len(calls))])
    assert key(Asked(conversation(calls, ids[: len(calls)]))) == key(Asked(plain))


@given(CALLS, CALLS)
def test_any_other_call_changes_the_key(one: list[Any], other: list[Any]) -> None:
    keys = [key(Asked(conversation(calls, [str(n) for n in range(len(calls))]))) for calls in (one, other)]
    assert (keys[0] == keys[1]) == (form([list(call) for call in one]) == form([list(call) for call in other]))


@given(ASKED, TEXTS, TEXTS)
def test_a_scope_is_told_from_every_other(asked: Asked, one: str, other: str) -> None:
    keys = [cache_key(asked, TERMS._replace(scope={"tenant": value})) for value in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    assert cache_key(asked, TERMS._replace(scope={"user": one})) != keys[0]
