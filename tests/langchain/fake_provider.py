"""A provider that calls tools, streams, stops and counts tokens, without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field


class FakeProvider(BaseChatModel):
    """Answers every prompt, with a tool call where it has tools and the last message is not a tool's."""

    model_name: str = "fake"
    answer: str = "Good day to you, dear caller"
    asked: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    """The arguments of every request, oldest first."""

    @property
    def _llm_type(self) -> str:
        return "fake-provider"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(ls_provider="fakery", ls_model_name=kwargs.get("model", self.model_name), ls_model_type="chat")

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)  # type: ignore[return-value]

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        text, call = self._reply(messages, stop, kwargs)
        message = AIMessage(
            content=text,
            tool_calls=[] if call is None else [{**call, "type": "tool_call"}],
            usage_metadata=_usage(messages, text),
            response_metadata=self._about(kwargs),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        text, call = self._reply(messages, stop, kwargs)
        for piece in re.findall(r"\S+\s*", text):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        if call is not None:
            part = ToolCallChunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=0)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[part]))
        end = AIMessageChunk(content="", usage_metadata=_usage(messages, text), response_metadata=self._about(kwargs))
        yield ChatGenerationChunk(message=end)

    def _reply(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        self.asked.append({**kwargs, "stop": stop})
        tools, choice = kwargs.get("tools") or [], kwargs.get("tool_choice")
        if tools and (choice or isinstance(messages[-1], HumanMessage)):
            named = [tool for tool in tools if tool["function"]["name"] == choice]
            return "", _call_of((named or tools)[0]["function"], str(messages[-1].content))
        text = self.answer
        for mark in stop or ():
            text = text.split(mark)[0]
        return text, None

    def _about(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {"model_name": kwargs.get("model", self.model_name), "finish_reason": "stop", "model_provider": "fakery"}


def _call_of(function: dict[str, Any], prompt: str) -> dict[str, Any]:
    properties: dict[str, Any] = function.get("parameters", {}).get("properties", {})
    return {"name": function["name"], "args": {name: _value(about, prompt) for name, about in properties.items()}, "id": "call_1"}


def _value(about: dict[str, Any], prompt: str) -> Any:
    if about.get("type") == "integer":
        number = re.search(r"\d+", prompt)
        return int(number[0]) if number else 1
    if about.get("type") == "array":
        return [0]
    quoted = re.search(r"'([^']+)'", prompt)
    return quoted[1] if quoted else "as you wish"


def _usage(messages: list[BaseMessage], text: str) -> UsageMetadata:
    read = sum(len(str(message.content).split()) for message in messages) or 1
    written = len(text.split()) or 1
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
