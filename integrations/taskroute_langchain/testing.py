"""Chat models that play a script, for testing chains without a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from taskroute.testing import ScriptedModel


def chat_models(script: ScriptedModel) -> dict[str, BaseChatModel]:
    """Return one chat model for each name of the script, for `RoutedChatModel(models=…)`."""
    return {name: ScriptedChatModel(script=script, model_name=name) for name in script.names}


class ScriptedChatModel(BaseChatModel):
    """Answers with the next line of a script: a string, a message, or an exception to raise.

    A stream gives out a string word by word. A tuple gives its parts, and raises one that is an exception: `("Hel", ConnectionError())`.
    Usage is one token a word.
    """

    script: Any
    model_name: str

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(ls_provider="scripted", ls_model_name=self.model_name, ls_model_type="chat")

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        bound = {**kwargs, "tools": [convert_to_openai_tool(tool) for tool in tools]}
        return self.bind(**bound if tool_choice is None else {**bound, "tool_choice": tool_choice})

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        line = self._line(messages)
        if isinstance(line, AIMessage):
            return ChatResult(generations=[ChatGeneration(message=line)])
        text = "".join(_parts(line))
        message = AIMessage(
            content=text, usage_metadata=_usage(messages, text), response_metadata={"model_name": self.model_name, "finish_reason": "stop"}
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        line = self._line(messages)
        if isinstance(line, AIMessage):
            yield ChatGenerationChunk(message=_chunk_of(line))
            return
        given: list[str] = []
        for part in _parts(line):
            given.append(part)
            yield ChatGenerationChunk(message=AIMessageChunk(content=part))
        usage = _usage(messages, "".join(given))
        about = {"model_name": self.model_name, "finish_reason": "stop"}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage, response_metadata=about))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, None, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages, stop, None, **kwargs):
            yield chunk

    def _line(self, messages: list[BaseMessage]) -> Any:
        line = self.script.next_line(self.model_name, messages)
        if isinstance(line, BaseException):
            raise line
        return line


def _chunk_of(line: AIMessage) -> AIMessageChunk:
    return AIMessageChunk(
        content=line.content,
        additional_kwargs=line.additional_kwargs,
        response_metadata=line.response_metadata,
        tool_calls=line.tool_calls,
        usage_metadata=line.usage_metadata,
        id=line.id,
    )


def _parts(line: str | tuple[Any, ...]) -> Iterator[str]:
    """Yield the pieces of a line: the words of a string, or the parts of a tuple, raising those that are exceptions."""
    if isinstance(line, str):
        words = line.split(" ")
        yield from (word if index == 0 else f" {word}" for index, word in enumerate(words))
        return
    for part in line:
        if isinstance(part, BaseException):
            raise part
        yield part


def _usage(messages: list[BaseMessage], text: str) -> UsageMetadata:
    read = sum(len(str(message.content).split()) for message in messages)
    written = len(text.split())
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
