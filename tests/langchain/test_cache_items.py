"""Kept answers of OpenAI's Responses and of other providers that know the parts of an answer by ids: none of them is sent back twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

from taskroute import Router
from taskroute_langchain import RoutedChatModel, TaskrouteCache
from taskroute_langchain.stored_message import message_of, stored_of
from tests.emulator import Emulator
from tests.langchain.ways import WAYS, ask

_ABOUT: Any = {"model_name": "gpt", "status": "completed", "object": "response", "model_provider": "openai"}
_TEXT: Any = {"type": "text", "text": "yes", "annotations": [], "id": "msg_1"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator().running() as running:
        yield running


def responses(emulator: Emulator, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="gpt-5-mini", base_url=f"{emulator.url}/v1", api_key="k", use_responses_api=True, max_retries=0, **options)  # type: ignore[arg-type]


def routed(model: ChatOpenAI) -> RoutedChatModel:
    policy = {"models": {"m": {}}, "default": "m", "cache": {"store": "memory", "tool_calls": True}}
    return RoutedChatModel(router=Router(policy), models={"m": model})


def sent(emulator: Emulator) -> list[dict[str, Any]]:
    """Return the items of the last request."""
    items: list[dict[str, Any]] = emulator.requests[-1].body["input"]
    return items


def look(city: str) -> str:
    """Return the weather in a city."""
    return city


@pytest.mark.parametrize("version", [None, "responses/v1", "v1", "v0"])
@pytest.mark.parametrize("way", WAYS)
def test_two_served_answers_of_one_history_are_two_messages_of_the_next_request(emulator: Emulator, way: str, version: str | None) -> None:
    llm = routed(responses(emulator, output_version=version))
    ask(way, llm, "why?")
    first, second = ask(way, llm, "why?"), ask(way, llm, "why?")
    assert len(emulator.requests) == 1

    llm.invoke([HumanMessage("why?"), first, HumanMessage("why?"), second, HumanMessage("compare")])

    assert [item["role"] for item in sent(emulator)] == ["user", "assistant", "user", "assistant", "user"]
    said = [[part["text"] for part in item["content"]] for item in sent(emulator) if item["role"] == "assistant"]
    assert said == [[first.text], [first.text]]
    assert not any("id" in item for item in sent(emulator))


@pytest.mark.parametrize("version", [None, "responses/v1", "v1", "v0"])
@pytest.mark.parametrize("way", WAYS)
def test_two_served_calls_of_one_history_are_two_calls_of_the_next_request(emulator: Emulator, way: str, version: str | None) -> None:
    bound = routed(responses(emulator, output_version=version)).bind_tools([look])
    prompt = "What is the weather in 'Rome'?"
    ask(way, bound, prompt)
    served = [ask(way, bound, prompt) for _ in range(2)]
    assert len(emulator.requests) == 1

    history: list[BaseMessage] = []
    for message in served:
        history += [HumanMessage(prompt), message, ToolMessage("sunny", tool_call_id=message.tool_calls[0]["id"])]
    bound.invoke([*history, HumanMessage("sum up")])

    calls = [item for item in sent(emulator) if item["type"] == "function_call"]
    results = [item["call_id"] for item in sent(emulator) if item["type"] == "function_call_output"]
    assert [call["call_id"] for call in calls] == results == [message.tool_calls[0]["id"] for message in served]
    assert len(set(results)) == 2
    assert not any("id" in call for call in calls)


def test_langchains_own_cache_over_our_store_leaves_the_ids_out_too(emulator: Emulator) -> None:
    before, model = get_llm_cache(), responses(emulator)
    set_llm_cache(TaskrouteCache())
    try:
        given, first, second = (model.invoke("why?") for _ in range(3))
    finally:
        set_llm_cache(before)
    model.invoke([HumanMessage("why?"), first, HumanMessage("why?"), second, HumanMessage("compare")])

    assert given.text == first.text
    assert not any("id" in item for item in sent(emulator))
    assert [item["role"] for item in sent(emulator)] == ["user", "assistant", "user", "assistant", "user"]


@pytest.mark.parametrize(
    "reasoning",
    [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x", "status": None, "index": 0},
        {"type": "reasoning", "id": "rs_1", "reasoning": "", "extras": {"encrypted_content": "x"}},
        {"type": "non_standard", "value": {"type": "reasoning", "id": "rs_1", "summary": []}},
    ],
    ids=["empty", "encrypted", "blocks of LangChain's", "unknown to LangChain"],
)
def test_reasoning_that_its_provider_alone_can_read_is_left_out(reasoning: Any) -> None:
    stored = stored_of(AIMessage([reasoning, _TEXT], response_metadata=_ABOUT))

    assert stored is not None
    assert message_of(stored).content == [{"type": "text", "text": "yes", "annotations": []}]


@pytest.mark.parametrize(
    "message",
    [
        AIMessage([{"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}, _TEXT]),
        AIMessage([{"type": "reasoning", "id": "rs_1", "reasoning": "hm"}, _TEXT]),
        AIMessage([{"type": "web_search_call", "id": "ws_1", "status": "completed"}, _TEXT]),
        AIMessage([{"type": "image_generation_call", "id": "ig_1", "result": "x"}]),
        AIMessage("yes", additional_kwargs={"reasoning": {"id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}}),
        AIMessage("yes", additional_kwargs={"tool_outputs": [{"type": "web_search_call", "id": "ws_1"}]}),
        AIMessage("", additional_kwargs={"audio": {"id": "audio_1", "data": "x", "expires_at": 1}}),
    ],
    ids=["summary", "summary of LangChain's", "search", "image", "summary beside", "search beside", "audio"],
)
def test_what_a_later_request_can_name_but_not_say_is_not_kept(message: AIMessage) -> None:
    message.response_metadata = dict(_ABOUT)

    assert stored_of(message) is None


def test_ids_beside_a_message_go_the_way_of_those_in_it() -> None:
    more = {"__openai_function_call_ids__": {"call_1": "fc_1"}, "reasoning": {"id": "rs_1", "summary": []}, "refusal": None}
    message = AIMessage("yes", additional_kwargs=more, tool_calls=[{"name": "look", "args": {}, "id": "call_1"}], response_metadata=_ABOUT)

    stored = stored_of(message)

    assert stored is not None
    assert message_of(stored).additional_kwargs == {"refusal": None}


def test_calls_of_a_providers_own_tools_and_their_results_get_new_ids_together() -> None:
    content: Any = [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "text", "text": "found"},
        {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}},
    ]
    calls: Any = [{"name": "look", "args": {}, "id": "toolu_2"}]
    stored = stored_of(AIMessage(content, tool_calls=calls, response_metadata={"model_provider": "anthropic", "stop_reason": "tool_use"}))
    assert stored is not None

    first, second = message_of(stored), message_of(stored)

    ids = []
    for message in (first, second):
        used, result, _, called = (dict(block) for block in message.content if isinstance(block, dict))
        assert used["id"] == result["tool_use_id"]
        assert used["id"].startswith("srvtoolu_")
        assert called["id"] == message.tool_calls[0]["id"]
        ids += [used["id"], called["id"]]
    assert len({"srvtoolu_1", "toolu_2", *ids}) == 6
