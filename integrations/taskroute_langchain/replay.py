"""A chat model that gives a stored answer, so that whatever can be done with a model can be done with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Self, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.load.serializable import SerializedNotImplemented
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import Field

from taskroute.execution.asked import schema_asked
from taskroute.reading import json_object
from taskroute.stored import StoredAnswer
from taskroute_langchain.binding import LateTools
from taskroute_langchain.replayed_chunks import chunks_of
from taskroute_langchain.stored_message import PARSED, message_of, refuse_others


class ReplayModel(BaseChatModel):
    """Gives one stored answer, whatever it is asked, at once and for nothing: whole, in chunks or as events.

    Tools and schemas may be bound to it in any form. Each answer has new ids. Raises NotServableError when it is built with an answer
    that LangChain cannot give back whole.
    """

    stored: Any = Field(repr=False)
    """The `StoredAnswer`."""
    model_name: str | None = None
    """What the model that once answered calls itself: LangChain asks for it to know what the model can do."""
    provider: str | None = None

    @classmethod
    def of(cls, stored: StoredAnswer, chosen: BaseChatModel) -> Self:
        """Return a model that takes the place of the chosen one, with the callbacks, tags and metadata that it was given."""
        refuse_others(stored)
        about: Mapping[str, Any] = cast("Any", chosen)._get_ls_params()
        names = (getattr(chosen, name, None) for name in ("model_name", "model", "model_id"))
        return cls(
            stored=stored,
            model_name=next((name for name in names if isinstance(name, str)), None),
            provider=about.get("ls_provider"),
            name=chosen.get_name(),
            profile=chosen.profile,
            output_version="v1" if chosen.output_version == "v1" else None,
            # What LangChain's own cache has for this model is another answer.
            cache=False,
            callbacks=chosen.callbacks,
            tags=chosen.tags,
            metadata=chosen.metadata,
        )

    @property
    def _llm_type(self) -> str:
        return "taskroute-replay"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        stored: StoredAnswer = self.stored
        return LangSmithParams(
            ls_provider=stored.provider or self.provider or "taskroute",
            ls_model_name=stored.model or self.model_name or "unknown",
            ls_model_type="chat",
        )

    def to_json(self) -> SerializedNotImplemented:
        # A traced run has this, and to describe every field takes longer than to give the answer.
        return SerializedNotImplemented(lc=1, type="not_implemented", id=self.lc_id(), repr=None, name=self.get_name())

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return a binding; what is bound changes nothing."""
        options = kwargs if tool_choice is None else {**kwargs, "tool_choice": tool_choice}
        return cast("Runnable[LanguageModelInput, AIMessage]", self.bind(tools=list(tools), **options))

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(kwargs))])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in chunks_of(self._message(kwargs)):
            yield ChatGenerationChunk(message=chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in chunks_of(self._message(kwargs)):
            yield ChatGenerationChunk(message=chunk)

    def _message(self, kwargs: Mapping[str, Any]) -> AIMessage:
        message = message_of(self.stored)
        return with_parsed(message) if schema_asked(kwargs.get("response_format")) else message


def with_parsed(message: AIMessage) -> AIMessage:
    """Return the message with the object that its text holds in JSON, where OpenAI's package puts it and its parsers look for it."""
    found = json_object(message.text) if message.text else None
    if found is None:
        return message
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, PARSED: dict(found)}})


def replayed_arguments(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call as a replay gets them: it calls no tool, and only traces read them."""
    tools = kwargs.get("tools")
    if not isinstance(tools, LateTools):
        return kwargs
    return {**tools.options, **kwargs, "tools": [dict(view) for view in tools]}
