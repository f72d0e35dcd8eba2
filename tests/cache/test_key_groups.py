"""What a group of LiteLLM's router is, as far as the key of an answer tells it from another one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import litellm
import pytest

from taskroute.cache.key import cache_key, temperature_of
from taskroute.registry.models import ModelSpec, describe
from taskroute.stored import Asked, Terms
from taskroute_litellm.asked_deployments import deployments_asked
from taskroute_litellm.asking import asked_of

SMALL, LARGE = describe("small"), describe("large")
HI = [{"role": "user", "content": "hi"}]
MODEL: Mapping[str, Any] = {"model": "openai/gpt-5-mini"}


def asks(*deployments: Mapping[str, Any], spec: ModelSpec = SMALL, **arguments: Any) -> Asked | None:
    return asked_of("completion", {"messages": HI, **arguments}, spec=spec, params=deployments)


def key(*deployments: Mapping[str, Any], **more: Any) -> str:
    asked = asks(*deployments, **more)
    assert asked is not None
    return cache_key(asked, Terms("default"))


def alone(**arguments: Any) -> str:
    """Return the key of a call of one model."""
    asked = asked_of("completion", {"messages": HI, **arguments}, spec=None, params=MODEL)
    assert asked is not None
    return cache_key(asked, Terms("default"))


def at(address: str, **more: Any) -> Mapping[str, Any]:
    return {**MODEL, "api_base": address, **more}


def test_a_group_of_one_model_at_the_usual_address_is_that_model() -> None:
    assert key(MODEL) == key(at("https://api.openai.com/v1")) == key({**MODEL, "rpm": 3, "api_key": "a"}, {**MODEL, "tpm": 9}) == alone()
    assert key(MODEL, spec=LARGE) == alone()


def test_an_address_counts() -> None:
    assert len({key(MODEL), key(at("http://a")), key(at("http://b")), key(at("http://a"), at("http://b"))}) == 4
    assert key(at("http://a")) == alone(api_base="http://a")


@pytest.mark.parametrize(
    "more", [{"api_version": "2"}, {"region_name": "eu"}, {"temperature": 0.5}, {"custom_llm_provider": "azure"}], ids=str
)
def test_deployments_that_differ_are_in_as_a_whole_with_the_name_of_the_group(more: dict[str, Any]) -> None:
    other = {**MODEL, **more}
    assert key(MODEL, other) == key(other, MODEL) == key(MODEL, other, MODEL)
    assert len({key(MODEL, other), key(MODEL), key(other), key(MODEL, other, spec=LARGE)}) == 4


def test_a_pattern_is_told_by_the_name_of_the_group() -> None:
    pattern = {"model": "openai/*"}
    assert key(pattern) != key(pattern, spec=LARGE)


@pytest.mark.parametrize(
    "said", [{"api_base": "http://b"}, {"base_url": "http://b"}, {"custom_llm_provider": "azure"}, {"api_version": "2"}], ids=str
)
def test_what_a_call_says_of_the_model_is_put_over_every_deployment(said: dict[str, Any]) -> None:
    assert key(at("http://a"), **said) != key(at("http://a"))
    assert key(at("http://a"), at("http://c"), **said) != key(at("http://a"), at("http://c"))


def test_an_address_of_the_call_makes_deployments_equal_that_differ_in_nothing_else() -> None:
    assert key(at("http://a"), at("http://c"), api_base="http://b") == key(at("http://b"))


def test_none_in_the_place_of_an_address_is_the_usual_one() -> None:
    assert key(at("http://a"), api_base=None) == alone()


@pytest.mark.parametrize(
    ("deployments", "arguments", "expected"),
    [
        ([{"temperature": 0}, {"temperature": 0.9}], {}, 0.9),
        ([{"temperature": 0}, {"temperature": 0.9}], {"temperature": 0.2}, 0.2),
        ([{"temperature": "1.0"}], {}, 1.0),
        ([{"extra_body": {"temperature": 1.5}}, {"extra_body": {"temperature": 1.4}}], {}, 1.5),
        ([{"extra_body": {"temperature": 1.5}}, {"temperature": 0}], {"temperature": 0}, 1.5),
        ([{"temperature": "os.environ/NO_SUCH_VARIABLE"}, {}], {}, math.inf),
        ([{}, {"seed": 1}], {}, None),
    ],
)
def test_the_temperature_is_the_warmest(deployments: list[dict[str, Any]], arguments: dict[str, Any], expected: float | None) -> None:
    asked = asks(*[{**MODEL, **each} for each in deployments], **arguments)
    assert asked is not None
    assert temperature_of(asked) == expected
    assert cache_key(asked, Terms("default"))


def test_a_variable_of_a_deployment_counts_by_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = at("os.environ/HOST_OF_TESTS")
    keys: set[str] = set()
    for host in ("http://a", "http://b"):
        monkeypatch.setenv("HOST_OF_TESTS", host)
        keys.add(key(deployment))
    assert keys == {key(at("http://a")), key(at("http://b"))}


def test_state_of_one_deployment_leaves_the_group_without_a_key() -> None:
    assert asks(MODEL, {**MODEL, "extra_body": {"conversation": "c"}}) is None


# Which of the deployments a router may take


def routed(arguments: Mapping[str, Any], *listed: Mapping[str, Any], **settings: Any) -> str | None:
    """Return the key of a call of the group of a router."""
    made: Any = litellm
    router = made.Router(model_list=[*map(dict, listed)], num_retries=0, **settings)
    asked = asked_of("completion", {"messages": HI, **arguments}, spec=SMALL, params=deployments_asked(router, "small", arguments))
    return None if asked is None else cache_key(asked, Terms("default"))


def group(name: str = "small", *, about: Mapping[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {**MODEL, "api_key": "k", **params}, "model_info": {**(about or {})}}


def tagged(*tags: str) -> Mapping[str, Any]:
    return {"metadata": {"tags": [*tags]}}


def test_switches_that_litellm_writes_into_each_deployment_are_out() -> None:
    assert routed({}, group()) == alone()


def test_tags_count_where_the_router_looks_at_them() -> None:
    free, paid = group(tags=["free"]), group(tags=["paid"], model="openai/gpt-5")
    filtering = {routed(tagged(tag), free, paid, enable_tag_filtering=True) for tag in ("free", "paid")}
    assert len(filtering) == 2
    assert routed(tagged("a", "b"), free, paid, enable_tag_filtering=True) == routed(
        tagged("b", "a"), free, paid, enable_tag_filtering=True
    )
    assert routed(tagged("free"), free, paid) == routed(tagged("paid"), free, paid)
    assert routed(tagged("free"), group(), enable_tag_filtering=True) == routed({}, group(), enable_tag_filtering=True)


def test_a_call_may_ask_for_the_tags_to_be_looked_at() -> None:
    free, paid = group(tags=["free"]), group(tags=["paid"], model="openai/gpt-5")
    asking = {routed({**tagged(tag), "enable_tag_filtering": True}, free, paid) for tag in ("free", "paid")}
    assert len(asking) == 2


def test_patterns_of_tags_leave_a_group_without_a_key() -> None:
    pattern = group(tag_regex=["User-Agent: .*"])
    assert routed({}, pattern, group(model="openai/gpt-5"), enable_tag_filtering=True) is None
    assert routed({}, pattern, group(model="openai/gpt-5")) is not None


def test_a_team_with_deployments_of_its_own_has_keys_of_its_own() -> None:
    team = {"team_id": "red", "team_public_model_name": "small"}
    listed = [group(), group("small of red", about=team, model="openai/gpt-5")]
    red, blue = ({"metadata": {"user_api_key_team_id": name}} for name in ("red", "blue"))
    assert routed(red, *listed) != routed(blue, *listed) == routed({}, *listed)


def test_what_a_router_tells_every_deployment_is_in() -> None:
    assert routed({}, group(), default_litellm_params={"seed": 3}) == alone(seed=3)


def test_where_nobody_says_what_a_router_looks_at_tags_and_team_are_in() -> None:
    free = {**MODEL, "tags": ["free"]}
    assert key(free, **tagged("free")) != key(free, **tagged("paid"))
    red, blue = ({"metadata": {"user_api_key_team_id": name}} for name in ("red", "blue"))
    assert key(MODEL, **red) != key(MODEL, **blue)
