"""A model that says exactly what it is told to, whole or in these very pieces."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.tool import ToolCallChunk, default_tool_parser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from tests.langchain.fake_provider import FakeProvider


class Speaker(FakeProvider):
    """Answers every prompt with the same chunks, and counts how many a stream has asked for."""

    chunks: tuple[AIMessageChunk, ...]
    given: list[AIMessageChunk] = []

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        whole: Any = functools.reduce(operator.add, self.chunks)
        message: Any = message_chunk_to_message(whole)
        # Packages read whole arguments strictly, where the sum of chunks has been mended.
        parts = [{"id": part["id"], "function": {"name": part["name"], "arguments": part["args"]}} for part in whole.tool_call_chunks]
        message.tool_calls, message.invalid_tool_calls = default_tool_parser(parts)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self.chunks:
            self.given.append(chunk)
            yield ChatGenerationChunk(message=chunk.model_copy())


def saying(*contents: Any, finish: str | None = "stop", **about: Any) -> BaseChatModel:
    """Return a model that says these contents one after the other, and why it ends in the last."""
    ended = {"model_name": "speaker", **({} if finish is None else {"finish_reason": finish}), **about}
    usage: Any = {"input_tokens": 2, "output_tokens": 3, "total_tokens": 5}
    chunks = [content if isinstance(content, AIMessageChunk) else AIMessageChunk(content=content) for content in contents]
    return Speaker(chunks=(*chunks, AIMessageChunk(content="", response_metadata=ended, usage_metadata=usage)), given=[])


def calling(name: str, arguments: str, *, index: int = 0) -> AIMessageChunk:
    """Return a piece that calls a tool with these arguments, word for word."""
    call = ToolCallChunk(name=name, args=arguments, id=f"call_{index}", index=index)
    return AIMessageChunk(content="", tool_call_chunks=[call])
