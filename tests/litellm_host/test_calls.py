"""Calls of a routed LiteLLM router: every endpoint reaches the group that the policy names."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from tests.emulator import Emulator, Fault, ToolCall
from tests.emulator import Say as Says
from tests.litellm_host.routers import (
    ANSWER,
    COMPLETIONS,
    IDS,
    MESSAGES,
    POLICY,
    QUESTION,
    WAYS,
    WHOLE,
    Way,
    call,
    decided,
    deployment,
    routed,
    told,
)

litellm: Any = pytest.importorskip("litellm")

HAS_FASTAPI = importlib.util.find_spec("fastapi") is not None
STREAMED_MESSAGES = Way("anthropic_messages", is_async=True, streams=True)
PATHS = {
    "completion": "/v1/chat/completions",
    # LiteLLM asks for text where the model only chats.
    "text_completion": "/v1/chat/completions",
    "embedding": "/v1/embeddings",
    "responses": "/v1/responses",
    # LiteLLM translates them for OpenAI.
    "anthropic_messages": "/v1/responses",
}
SAID = {"stage": "generate", "llm_stage": "generate", "tags": ["stage:generate", "mine"]}


def needs_proxys_packages(way: Way) -> None:
    if way == STREAMED_MESSAGES and not HAS_FASTAPI:
        pytest.skip("LiteLLM streams messages only where its proxy's packages are installed")


def text_of(way: Way, answer: Any) -> str:
    """Return all that was said, wherever the endpoint's format has it."""
    return str([chunk.decode() if isinstance(chunk, bytes) else chunk for chunk in answer] if way.streams else answer)


def record_of(answer: Any) -> dict[str, Any]:
    hidden = answer["_hidden_params"] if isinstance(answer, dict) else answer._hidden_params
    return dict(hidden["taskroute"])


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_endpoint_reaches_the_group_of_its_route(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    stage, group = ("index", "fine-vectors") if way.endpoint == "embedding" else ("generate", "large")
    with routed(emulator) as found:
        decisions, answer = decided(found, way, **told(found, way, stage=stage))
    assert [decision.model for decision in decisions] == found.asked == [group]
    assert [request.path for request in emulator.requests] == [PATHS[way.endpoint]]
    if way.endpoint != "embedding":
        assert all(word in text_of(way, answer) for word in ANSWER.split())


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_without_a_stage_the_default_answers(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    with routed(emulator, policy={**POLICY, "default": "vectors"} if way.endpoint == "embedding" else None) as found:
        decisions, _ = decided(found, way)
    assert decisions[0].route is None
    assert found.asked == ["vectors" if way.endpoint == "embedding" else "small"]


@pytest.mark.parametrize("way", [way for way in WAYS if not way.streams], ids=str)
def test_an_answer_bears_the_record_of_its_routing(emulator: Emulator, way: Way) -> None:
    stage = "index" if way.endpoint == "embedding" else "generate"
    with routed(emulator) as found:
        decisions, answer = decided(found, way, **told(found, way, stage=stage))
    record = record_of(answer)
    assert record["decision_id"] == decisions[0].id
    assert (record["model"], record["route"], record["stage"]) == (decisions[0].model, decisions[0].route, stage)
    assert (record["attempts"], record["fallback_from"]) == (1, None)
    assert record["cost"] > 0


@pytest.mark.parametrize("streams", [False, True])
def test_messages_reach_a_group_of_anthropics_in_their_own_format(emulator: Emulator, streams: bool) -> None:
    way = Way("anthropic_messages", is_async=True, streams=streams)
    needs_proxys_packages(way)
    with routed(emulator) as found:
        answer = call(found, way, **told(found, way, stage="grade"))
    assert found.asked == ["claude"]
    assert [request.path for request in emulator.requests] == ["/v1/messages"]
    assert all(word in text_of(way, answer) for word in ANSWER.split())


async def test_messages_have_a_second_name(emulator: Emulator) -> None:
    with routed(emulator) as found:
        answer = await found.litellm.anthropic_messages(model="auto", messages=MESSAGES, max_tokens=50, litellm_metadata={"stage": "grade"})
    assert (found.asked, record_of(answer)["route"]) == (["claude"], "grades")


# Arguments


def test_arguments_may_be_given_by_position(emulator: Emulator) -> None:
    said = {"metadata": {"stage": "generate"}}
    with routed(emulator) as found:
        found.litellm.completion("auto", MESSAGES, **said)
        found.litellm.text_completion("auto", QUESTION, **said)
        found.litellm.embedding("auto", QUESTION, metadata={"stage": "embed"})
    assert found.asked == ["large", "large", "vectors"]


async def test_async_arguments_may_be_given_by_position(emulator: Emulator) -> None:
    said = {"metadata": {"stage": "generate"}}
    with routed(emulator) as found:
        await found.litellm.acompletion("auto", MESSAGES, **said)
        stream = await found.litellm.acompletion("auto", MESSAGES, True, **said)
        assert [chunk async for chunk in stream]
        await found.litellm.atext_completion("auto", QUESTION, **said)
        await found.litellm.aembedding("auto", QUESTION, metadata={"stage": "embed"})
    assert found.asked == ["large", "large", "large", "vectors"]


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        pytest.param(("auto", MESSAGES), {"model": "auto"}, id="a model twice"),
        pytest.param(("auto", MESSAGES), {"messages": MESSAGES}, id="messages twice"),
        pytest.param(("auto", MESSAGES, True, 1, 2, 3), {}, id="too many"),
        pytest.param((), {"messages": MESSAGES}, id="no model"),
    ],
)
def test_what_litellm_refuses_it_refuses_as_before(emulator: Emulator, args: Any, kwargs: Any) -> None:
    with routed(emulator) as found, pytest.raises(TypeError) as ours:
        found.litellm.completion(*args, **kwargs)
    with pytest.raises(TypeError) as theirs:
        found.litellm.completion(*args, **kwargs)
    assert str(ours.value) == str(theirs.value)
    assert found.asked == []


def test_other_doors_of_the_router_are_routed_too(emulator: Emulator) -> None:
    with routed(emulator) as found:
        found.litellm.chat.completions.create(model="auto", messages=MESSAGES, metadata={"stage": "generate"})
    assert found.asked == ["large"]


async def test_a_batch_is_routed_call_by_call(emulator: Emulator) -> None:
    with routed(emulator) as found:
        answers = await found.litellm.abatch_completion(models=["auto", "other"], messages=MESSAGES, metadata={"stage": "generate"})
    assert sorted(found.asked) == ["large", "other"]
    assert [answer.choices[0].message.content for answer in answers] == [ANSWER, ANSWER]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_what_the_caller_gave_reaches_the_model(emulator: Emulator, way: Way) -> None:
    tools = [
        {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
    ]
    emulator.on(IDS["large"], Says(tools=(ToolCall("look_up", {"city": "Paris"}),)))
    with routed(emulator) as found:
        answer = call(found, way, tools=tools, max_tokens=77, metadata={"stage": "generate"})
    (request,) = emulator.requests
    assert request.body["tools"] == tools
    assert 77 in (request.body.get("max_tokens"), request.body.get("max_completion_tokens"))
    assert "look_up" in text_of(way, answer)


# Where stage and task are said


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        pytest.param({"metadata": {"stage": "generate"}}, "metadata", id="metadata.stage"),
        pytest.param({"metadata": {"llm_stage": "generate"}}, "metadata", id="metadata.llm_stage"),
        pytest.param({"metadata": {"tags": ["stage:generate"]}}, "tag", id="metadata.tags"),
        pytest.param({"metadata": {"tags": "stage:generate"}}, "tag", id="one tag"),
        pytest.param({"tags": ["stage:generate"]}, "tag", id="tags"),
        pytest.param({"litellm_metadata": {"stage": "generate"}}, "metadata", id="litellm_metadata"),
        pytest.param({"extra_headers": {"x-taskroute-stage": "generate"}}, "header", id="extra_headers"),
        pytest.param({"metadata": {"headers": {"X-Taskroute-Stage": "generate"}}}, "header", id="metadata.headers"),
        pytest.param({"metadata": {"task": "translation"}}, "metadata", id="metadata.task"),
        pytest.param({"metadata": {"tags": ["task:translation"]}}, "tag", id="task in tags"),
        pytest.param({"extra_headers": {"x-taskroute-task": "translation"}}, "header", id="task in a header"),
    ],
)
@pytest.mark.parametrize("way", WHOLE, ids=str)
def test_stage_and_task_are_found_wherever_they_are_said(emulator: Emulator, way: Way, arguments: dict[str, Any], source: str) -> None:
    with routed(emulator) as found:
        (decision,), _ = decided(found, way, **arguments)
    signal = decision.signals.task if "task" in str(arguments).replace("taskroute", "") else decision.signals.stage
    assert (found.asked, signal.source) == (["large"], source)


@pytest.mark.parametrize("endpoint", ["responses", "anthropic_messages"])
@pytest.mark.parametrize("name", ["metadata", "litellm_metadata"])
def test_responses_and_messages_say_it_in_either_metadata(emulator: Emulator, endpoint: str, name: str) -> None:
    said: dict[str, Any] = {name: {"stage": "generate"}}
    with routed(emulator) as found:
        call(found, Way(endpoint, is_async=True), **said)
    assert found.asked == ["large"]


def test_ids_are_signals(emulator: Emulator) -> None:
    route = {"name": "mine", "when": {"metadata": {"user_id": "u1", "tenant_id": "acme"}}, "use": "large"}
    with routed(emulator, policy={**POLICY, "routes": [route]}) as found:
        call(found, Way("completion"), metadata={"user_id": "u1", "tenant_id": "acme"})
        call(found, Way("completion"), metadata={"user_id": "u2", "tenant_id": "acme"})
    assert found.asked == ["large", "small"]


# Calls that are not routed


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_another_group_is_litellms_own_with_its_fallbacks(emulator: Emulator, way: Way) -> None:
    emulator.on(IDS["other"], Fault("server_error"))
    with routed(emulator) as found:
        decisions, _ = decided(found, way, "other", fallbacks=["claude"], metadata={"stage": "generate"})
    assert (decisions, found.asked) == ([], ["other", "claude"])


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_model_by_its_own_name_is_a_pin_without_fallback(emulator: Emulator, way: Way) -> None:
    emulator.on(IDS["small"], Fault("server_error"))
    with routed(emulator) as found, pytest.raises(litellm.InternalServerError):
        call(found, way, "small", metadata={"stage": "generate"})
    assert found.asked == ["small"]


def test_a_pin_does_not_reach_what_the_policy_rules_out(emulator: Emulator) -> None:
    from taskroute.errors import NoEligibleModelError

    policy = {**POLICY, "require": [{"when": {"sensitive": True}, "labels": ["private"]}]}
    with routed(emulator, policy=policy) as found, pytest.raises(NoEligibleModelError, match="private"):
        found.litellm.completion("small", [{"role": "user", "content": "My card is 4111 1111 1111 1111"}])
    assert found.asked == []


@pytest.mark.parametrize("alias", ["small", {"model": "small", "hidden": True}], ids=["listed", "hidden"])
def test_an_alias_of_a_model_is_no_way_around_the_policy(emulator: Emulator, alias: Any) -> None:
    from taskroute.errors import NoEligibleModelError

    policy = {**POLICY, "require": [{"when": {"sensitive": True}, "labels": ["private"]}]}
    aliases = {"auto": "small", "best": alias, "elsewhere": "other"}
    with routed(emulator, policy=policy, model_group_alias=aliases) as found:
        with pytest.raises(NoEligibleModelError, match="private"):
            found.litellm.completion("best", [{"role": "user", "content": "My card is 4111 1111 1111 1111"}])
        found.litellm.completion("best", MESSAGES)
        found.litellm.completion("elsewhere", MESSAGES)
    assert found.asked == ["small", "other"]


def test_an_unknown_model_is_litellms_to_refuse(emulator: Emulator) -> None:
    with routed(emulator) as found, pytest.raises(litellm.BadRequestError) as ours:
        found.litellm.completion("nobody", MESSAGES)
    with pytest.raises(litellm.BadRequestError) as theirs:
        found.litellm.completion("nobody", MESSAGES)
    assert str(ours.value) == str(theirs.value)


def test_a_router_of_one_group_needs_no_other(emulator: Emulator) -> None:
    policy = {"models": {"small": {}}, "default": "small"}
    with routed(emulator, policy=policy, groups=[deployment(emulator, "small")]) as found:
        assert call(found, Way("completion")).choices[0].message.content == ANSWER
