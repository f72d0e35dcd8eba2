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
from pydantic import BaseModel, Field

from taskroute.stored import StoredAnswer
from taskroute_langchain.binding import LateTools
from taskroute_langchain.replayed_chunks import chunks_of
from taskroute_langchain.stored_message import PARSED, NotServableError, message_of, refuse_others


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
        return _result(self._message(kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(self._message(kwargs))

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

    def _combine_llm_outputs(self, _llm_outputs: list[dict[str, Any] | None], /) -> dict[str, Any]:
        stored: StoredAnswer = self.stored
        counts = next((said["token_usage"] for said in _llm_outputs if said), None)
        # As packages of this kind do for every answer, even for one without counts.
        return {} if counts is None and stored.provider != "openai" else {"token_usage": counts or {}, "model_name": self.model_name}

    def _message(self, kwargs: Mapping[str, Any]) -> AIMessage:
        return with_parsed(message_of(self.stored), kwargs.get("response_format"))


def _result(message: AIMessage) -> ChatResult:
    """Return a message as packages of providers give it: what goes with it stands beside it, too."""
    about = message.response_metadata
    beside = {name: about[name] for name in ("finish_reason", "logprobs") if name in about}
    return ChatResult(
        generations=[ChatGeneration(message=message, generation_info=beside or None)],
        llm_output={"token_usage": about["token_usage"]} if "token_usage" in about else None,
    )


def with_parsed(message: AIMessage, wanted: Any) -> AIMessage:
    """Return the message with the object of the class `wanted` that its text holds, where OpenAI's package puts it for its parsers.

    For schemas that are no class of pydantic's the package puts nothing there. Raises NotServableError where the text does not fit.
    """
    if not message.text or not (isinstance(wanted, type) and issubclass(wanted, BaseModel)):
        return message
    try:
        parsed = wanted.model_validate_json(message.text)
    except ValueError as error:
        raise NotServableError(f"a stored answer does not fit {wanted.__name__}") from error
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, PARSED: parsed}})


def replayed_arguments(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call as a replay gets them: it calls no tool, and only traces read them."""
    tools = kwargs.get("tools")
    if not isinstance(tools, LateTools):
        return kwargs
    return {**tools.options, **kwargs, "tools": [dict(view) for view in tools]}
