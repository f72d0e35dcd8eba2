"""`ChatLiteLLMRouter` of langchain-litellm over a LiteLLM router with a policy in front of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk

from tests.emulator import Emulator, Fault, ToolCall
from tests.emulator import Say as Says
from tests.litellm_host.routers import ANSWER, IDS, QUESTION, Routed, routed

pytest.importorskip("litellm")
chat: Any = pytest.importorskip("langchain_litellm")

# It asks a router for its settings in a way that LiteLLM is about to drop.
pytestmark = pytest.mark.filterwarnings(r"ignore:Router\.\w+ is deprecated:DeprecationWarning")

# `metadata` and `tags` of a call, or of LangChain's config, stay with LangChain: these are what it hands on.
SAID: list[Any] = [
    pytest.param({"litellm_metadata": {"stage": "generate"}}, id="stage"),
    pytest.param({"litellm_metadata": {"llm_stage": "generate"}}, id="llm_stage"),
    pytest.param({"litellm_metadata": {"tags": ["stage:generate"]}}, id="tags"),
    pytest.param({"extra_headers": {"x-taskroute-stage": "generate"}}, id="header"),
    pytest.param({"litellm_metadata": {"task": "translation"}}, id="task"),
]


@contextlib.contextmanager
def chatting(emulator: Emulator, **options: Any) -> Iterator[tuple[Any, Routed]]:
    with routed(emulator) as found:
        yield chat.ChatLiteLLMRouter(router=found.litellm, model="auto", max_retries=0, **options), found


@pytest.mark.parametrize("said", SAID)
def test_invoke_is_routed_by_what_is_bound(emulator: Emulator, said: dict[str, Any]) -> None:
    with chatting(emulator) as (llm, found):
        plain = llm.invoke(QUESTION)
        answer = llm.bind(**said).invoke(QUESTION)
    assert (plain.content, answer.content) == (ANSWER, ANSWER)
    assert found.asked == ["small", "large"]


@pytest.mark.parametrize("said", SAID)
async def test_ainvoke_is_routed_by_what_is_bound(emulator: Emulator, said: dict[str, Any]) -> None:
    with chatting(emulator) as (llm, found):
        answer = await llm.bind(**said).ainvoke(QUESTION)
    assert (answer.content, found.asked) == (ANSWER, ["large"])


@pytest.mark.parametrize("said", SAID)
def test_stream_is_routed_by_what_is_bound(emulator: Emulator, said: dict[str, Any]) -> None:
    with chatting(emulator) as (llm, found):
        chunks = list(llm.bind(**said).stream(QUESTION))
    whole = _sum(chunks)
    assert (whole.content, found.asked) == (ANSWER, ["large"])
    assert len(chunks) > 2
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["input_tokens"] > 0


@pytest.mark.parametrize("said", SAID)
async def test_astream_is_routed_by_what_is_bound(emulator: Emulator, said: dict[str, Any]) -> None:
    with chatting(emulator) as (llm, found):
        chunks = [chunk async for chunk in llm.bind(**said).astream(QUESTION)]
    assert (_sum(chunks).content, found.asked) == (ANSWER, ["large"])


def test_a_stage_may_be_the_models_own(emulator: Emulator) -> None:
    with chatting(emulator, model_kwargs={"metadata": {"stage": "generate"}}) as (llm, found):
        llm.invoke(QUESTION)
    assert found.asked == ["large"]


async def test_the_next_model_answers_where_one_fails(emulator: Emulator) -> None:
    emulator.on(IDS["large"], *[Fault("server_error")] * 4)
    with chatting(emulator, model_kwargs={"metadata": {"stage": "generate"}}) as (llm, found):
        assert llm.invoke(QUESTION).content == ANSWER
        assert (await llm.ainvoke(QUESTION)).content == ANSWER
        assert _sum(list(llm.stream(QUESTION))).content == ANSWER
        assert _sum([chunk async for chunk in llm.astream(QUESTION)]).content == ANSWER
    assert found.asked == ["large", "small"] * 4


async def test_tools_are_offered_and_called(emulator: Emulator) -> None:
    def look_up(city: str) -> str:
        """Look up what is known of a city."""
        return city

    emulator.on(IDS["large"], *[Says(tools=(ToolCall("look_up", {"city": "Paris"}),))] * 3)
    with chatting(emulator, model_kwargs={"metadata": {"stage": "generate"}}) as (llm, found):
        bound = llm.bind_tools([look_up])
        answers = [bound.invoke(QUESTION), await bound.ainvoke(QUESTION), _sum(list(bound.stream(QUESTION)))]
    assert [[(call["name"], call["args"]) for call in answer.tool_calls] for answer in answers] == [[("look_up", {"city": "Paris"})]] * 3
    assert found.asked == ["large"] * 3
    assert all(request.body["tools"][0]["function"]["name"] == "look_up" for request in emulator.requests)


def test_a_model_by_its_own_name_is_a_pin(emulator: Emulator) -> None:
    with routed(emulator) as found, found.router.capture_decisions() as decisions:
        llm = chat.ChatLiteLLMRouter(router=found.litellm, model="large", max_retries=0)
        llm.invoke(QUESTION)
    assert [decision.pinned for decision in decisions] == [True]
    assert found.asked == ["large"]


def _sum(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole
