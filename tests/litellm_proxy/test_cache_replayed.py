"""Requests of a proxy that a stored answer is given out for, whatever they ask of models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import litellm as real_litellm
import pytest

from taskroute_litellm.asked_deployments import team_of
from taskroute_litellm.calls import MARK
from taskroute_litellm.proxy_kept import ProxyRequest
from taskroute_litellm.proxy_replay import GROUP
from taskroute_litellm.replaying import PROVIDER
from tests.litellm_proxy.acting import Acting, chunks
from tests.litellm_proxy.test_cache_hook import HI, asks, keeping, providers_of_one_test, router_of_litellm, said
from tests.policies import snapshot

__all__ = ["providers_of_one_test"]

litellm: Any = real_litellm
ONLY_MODELS: dict[str, Any] = {
    "reasoning_effort": "low",
    "verbosity": "low",
    "reasoning": {"effort": "low"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
}
GIVEN: dict[str, dict[str, Any]] = {
    "acompletion": {"messages": HI},
    "atext_completion": {"prompt": "hi"},
    "aresponses": {"input": "hi", "store": False},
    "anthropic_messages": {"messages": HI, "max_tokens": 2000},
}
"""What a request has of each kind."""


@pytest.fixture
def callbacks() -> Iterator[list[Any]]:
    """Give LiteLLM's list of callbacks, for one test."""
    before = [*litellm.callbacks]
    yield litellm.callbacks
    litellm.callbacks[:] = before


# What LiteLLM would refuse


async def test_what_only_a_model_can_heed_is_not_sent_where_there_is_none() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting, messages=HI, **ONLY_MODELS)
    request = await acting.comes(messages=HI, **ONLY_MODELS)
    # Should it not be served, a model is asked all of it.
    assert ONLY_MODELS.items() <= request.items()
    sent = await acting.asks(request, request["model"])
    assert sent is not None
    assert ONLY_MODELS.keys().isdisjoint(sent)
    assert sent["drop_params"] is True


@pytest.mark.parametrize("tags", [["free"], ["&inside"], ["!outside"]])
async def test_a_router_that_looks_at_tags_and_knows_no_such_parameter_gives_it_out(tags: list[str]) -> None:
    groups = router_of_litellm(enable_tag_filtering=True)
    acting = Acting(keeping(), groups=groups)
    given: dict[str, Any] = {"messages": HI, "logit_bias": {"1": 1}, "web_search_options": {}}
    await asks(acting, metadata={"tags": tags}, **given)
    request = await acting.comes(metadata={"tags": tags}, **given)
    answer = await groups.acompletion(**request)
    assert answer.choices[0].message.content == "Paris."


@pytest.mark.parametrize("endpoint", ["acompletion", "atext_completion", "aresponses", "anthropic_messages"])
async def test_a_router_gives_it_out_to_requests_for_what_only_a_model_can_heed(callbacks: list[Any], endpoint: str) -> None:
    if endpoint == "anthropic_messages":
        pytest.importorskip("fastapi")
    groups = router_of_litellm()
    acting = Acting(keeping(), groups=groups)
    callbacks[:] = [acting.hook]

    def given() -> dict[str, Any]:
        bucket = "metadata" if "completion" in endpoint else "litellm_metadata"
        return {"call_type": endpoint, "messages": None, **ONLY_MODELS, **GIVEN[endpoint], bucket: {}}

    await asks(acting, **given())
    request = await acting.comes(**given())
    assert request["model"] == PROVIDER
    answer = await getattr(groups, endpoint)(**{name: value for name, value in request.items() if value is not None})
    assert "Paris." in str(answer)


# What LiteLLM writes into its logs


async def test_logs_tell_a_stored_answer_and_its_group() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting)
    request = await acting.comes()
    sent = await acting.asks(request, request["model"])
    assert sent is not None
    details: dict[str, Any] = {"litellm_params": {"metadata": sent["metadata"]}, "cache_hit": None, "standard_logging_object": {}}
    logged, _ = await acting.hook.async_logging_hook(details, None, "acompletion")
    assert logged["cache_hit"] is True
    assert logged["standard_logging_object"] == {"cache_hit": True, "model_group": "small"}


@pytest.mark.parametrize("about", [{MARK: "1"}, {MARK: "1", GROUP: "small", "model_group": "large"}, {}])
async def test_logs_of_other_answers_are_left_as_they_are(about: dict[str, Any]) -> None:
    details: dict[str, Any] = {"litellm_params": {"metadata": about}, "cache_hit": None, "standard_logging_object": {}}
    logged, _ = await Acting(keeping()).hook.async_logging_hook(details, None, "acompletion")
    assert (logged["cache_hit"], logged["standard_logging_object"]) == (None, {})


# Guardrails


class Names(litellm.integrations.custom_guardrail.CustomGuardrail):  # type: ignore[misc]
    """Puts names back into streams, as a guardrail does that has masked them in the request."""

    async def async_post_call_streaming_iterator_hook(self, user_api_key_dict: Any, response: Any, request_data: Any) -> Any:
        async for one in response:
            yield one


async def test_an_answer_is_stored_as_the_model_gave_it() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    request = await acting.comes(messages=HI)
    await acting.asks(request, "small")
    await acting.hook.async_post_call_success_deployment_hook(request, said("Hello <PERSON>."), None)
    given = await acting.hook.async_post_call_success_hook(request, None, said("Hello Anna."))
    assert given["choices"][0]["message"]["content"] == "Hello Anna."
    replayed = await acting.comes(messages=HI)
    answer = await acting.hook._groups._find().acompletion(**replayed)
    assert answer.choices[0].message.content == "Hello <PERSON>."


async def test_an_answer_that_nothing_says_how_it_came_is_not_stored() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.hook.async_post_call_success_hook(request, None, said("Hello Anna."))
    assert (await acting.comes())["model"] == "small"


@pytest.mark.parametrize(("guardrails", "then"), [(None, PROVIDER), (["names"], "small")])
async def test_a_guardrail_of_the_deployment_in_front_keeps_answers_from_being_stored(
    callbacks: list[Any], guardrails: Any, then: str
) -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    callbacks[:] = [Names(guardrail_name="names"), acting.hook]
    await asks(acting, guardrails=guardrails)
    assert (await acting.comes(guardrails=guardrails))["model"] == then


@pytest.mark.parametrize(("comes_first", "then"), [(False, PROVIDER), (True, "small")])
async def test_a_stream_is_stored_only_where_no_guardrail_has_it_first(callbacks: list[Any], comes_first: bool, then: str) -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    names = Names(guardrail_name="names")
    callbacks[:] = ["prometheus", *([names, acting.hook] if comes_first else [acting.hook, names])]
    request = await acting.comes()
    await acting.asks(request, "small")
    waiting = asyncio.create_task(acting.comes())
    await asyncio.sleep(0)
    assert [one async for one in acting.streams(request, chunks("Pa", "ris."))]
    assert (await waiting)["model"] == then


# Answers whose time is over


def late(**changes: Any) -> dict[str, Any]:
    return {**keeping(breaker="none"), "cache": {"store": "memory", "ttl": "60s", "stale_if_error": "1h"}, **changes}


async def after_an_hour() -> tuple[Acting, dict[str, Any]]:
    """Return a proxy to which a request comes whose answer is stored, and too old."""
    acting = Acting(late(), groups=router_of_litellm())
    await asks(acting, messages=HI)
    acting.clock.advance(120)
    return acting, await acting.comes(messages=HI)


async def test_an_answer_whose_time_is_over_is_the_last_resort() -> None:
    acting, request = await after_an_hour()
    assert (request["model"], request["fallbacks"]) == ("small", ["large", PROVIDER])
    await acting.asks(request, "small")
    await acting.fails(request, ConnectionError("gone"))
    await acting.asks(request, "large", fallbacks=1)
    await acting.fails(request, ConnectionError("gone"))
    sent = await acting.asks(request, PROVIDER, fallbacks=2)
    assert sent is not None
    answer = await acting.hook._groups._find().acompletion(**{**request, "model": PROVIDER, "fallbacks": []})
    assert answer.choices[0].message.content == "Paris."
    await acting.answers(request, said())
    outcome = acting.notes.outcomes[-1]
    assert outcome.cache is not None
    assert (outcome.status, outcome.model, outcome.cache.status, outcome.cache.age) == ("answered", "small", "stale", 120.0)
    assert [(one.model, one.failure) for one in outcome.tries] == [("small", "connection"), ("large", "connection")]
    headers = await acting.headers(request)
    assert headers is not None
    assert headers["x-taskroute-cache"] == "stale"


async def test_litellms_router_goes_on_to_it(callbacks: list[Any]) -> None:
    groups = router_of_litellm(mock_response="litellm.InternalServerError")
    acting = Acting(late(), groups=groups)
    callbacks[:] = [acting.hook]
    await asks(acting, messages=HI)
    acting.clock.advance(120)
    request = await acting.comes(messages=HI)
    answer = await groups.acompletion(**request)
    assert answer.choices[0].message.content == "Paris."
    await acting.answers(request, answer)
    assert [one.model for one in acting.notes.outcomes[-1].tries] == ["small", "large"]


async def test_it_is_not_served_in_the_place_of_an_error_that_is_the_calls_own() -> None:
    acting, request = await after_an_hour()
    wrong = litellm.BadRequestError("no such role", "small", "openai")
    await acting.asks(request, "small")
    await acting.fails(request, wrong)
    with pytest.raises(litellm.BadRequestError, match="no stored answer"):
        await acting.asks(request, PROVIDER, fallbacks=1)
    await acting.gives_up(request, wrong)
    assert acting.notes.outcomes[-1].status == "failed"


async def test_a_group_that_answers_replaces_it() -> None:
    acting, request = await after_an_hour()
    await acting.asks(request, "small")
    await acting.answers(request, said("Lyon."))
    assert (await acting.comes(messages=HI))["model"] == PROVIDER


# LiteLLM's own cache


@pytest.mark.parametrize(("has_one", "then"), [(True, {"ttl": 60, "no-cache": True, "no-store": True}), (False, {"ttl": 60})])
async def test_litellms_own_cache_has_no_part_in_a_call_that_ours_has_one_in(
    monkeypatch: pytest.MonkeyPatch, has_one: bool, then: dict[str, Any]
) -> None:
    monkeypatch.setattr(litellm, "cache", object() if has_one else None)
    acting = Acting(keeping(), groups=router_of_litellm())
    assert (await acting.comes(cache={"ttl": 60}))["cache"] == then
    request = await acting.comes(cache={"no-store": True})
    assert request["cache"] == {"no-store": True}


async def test_an_answer_from_litellms_own_cache_closes_no_circuit() -> None:
    acting = Acting(keeping(breaker={"failures": 1, "rate": 0.1, "cooldown": "10s"}, default="small"), groups=router_of_litellm())
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.gives_up(request, ConnectionError("gone"))
    states: list[str] = []
    for hidden in ({"cache_hit": True}, {}):
        acting.clock.advance(20)
        request = await acting.comes()
        await acting.asks(request, "small")
        await acting.answers(request, {**said(), "_hidden_params": hidden})
        states.append(acting.router.health()["small"].state)
    assert states[0] != "closed"
    assert states[1] == "closed"


# What the key is made of


async def test_what_the_proxy_notes_of_the_http_request_is_not_in_the_key() -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    await asks(acting, secret_fields={"raw_headers": {"content-length": "1"}}, proxy_server_request={"headers": {"x-a": "1"}})
    request = await acting.comes(secret_fields={"raw_headers": {"content-length": "2"}}, proxy_server_request={"headers": {"x-a": "2"}})
    assert request["model"] == PROVIDER


@pytest.mark.parametrize(
    ("endpoint", "proxys", "clients"), [("completion", "metadata", "litellm_metadata"), ("responses", "litellm_metadata", "metadata")]
)
def test_the_deployments_of_a_team_are_those_of_the_keys_team(endpoint: Any, proxys: str, clients: str) -> None:
    seen: list[str | None] = []

    def deployments(group: str, arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        seen.append(team_of(arguments))
        return [{"model": "openai/m-small", "store": False}]

    said_of_it = {clients: {"user_api_key_team_id": "forged"}, "messages": HI, "input": "hi"}
    for known in ({"user_api_key_team_id": "legal"}, {}):
        request = ProxyRequest(endpoint, {**said_of_it, proxys: known}, deployments=deployments, can_serve=lambda: True)
        assert request.asked("small", snapshot(**keeping())) is not None
    assert seen == ["legal", None]


@pytest.mark.parametrize(("said_of_it", "then"), [({}, "small"), ({"store": True}, "small"), ({"store": False}, PROVIDER)])
async def test_a_response_is_kept_where_the_provider_keeps_none(said_of_it: dict[str, Any], then: str) -> None:
    acting = Acting(keeping(), groups=router_of_litellm())
    part = {"type": "output_text", "text": "Paris.", "annotations": []}
    output = [{"type": "message", "role": "assistant", "content": [part]}]
    answer = {"object": "response", "status": "completed", "output": output, "id": "resp_1"}
    given: dict[str, Any] = {"call_type": "aresponses", "input": "hi", "litellm_metadata": {}, **said_of_it}
    await asks(acting, answer, **given)
    assert (await acting.comes(**{**given, "litellm_metadata": {}}))["model"] == then
