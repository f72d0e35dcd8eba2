"""A chat model that is a different one for each call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Self, cast

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
    Callbacks,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_model_stream import ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatResult, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool

from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Run
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute_langchain.binding import LateTools
from taskroute_langchain.events import EventHost, event_stream, ready
from taskroute_langchain.generate_host import GenerateHost
from taskroute_langchain.host import ChatHost
from taskroute_langchain.passed_on import PassedOn
from taskroute_langchain.profile import shared_profile
from taskroute_langchain.request import as_config, below, joined, named, of_latest_attempt, with_stop, without_id
from taskroute_langchain.routed import Routed
from taskroute_langchain.structured import RoutedStructuredOutput


class RoutedChatModel(Routed):
    """A LangChain chat model whose calls are answered by the models of a policy.

    `models` gives chat models for the policy's names; those left out are built from the policy by `init_chat_model`. `original` is
    the model that was there before: with `mode: observe`, or TASKROUTE_DISABLED=1, it answers every call. `stage` and `task` tag
    every call; `for_stage` and `for_task` return tagged copies. `cache=False` keeps the calls of this model out of the policy's cache;
    a single call says `configurable={"taskroute_cache": "bypass"}`, or "refresh" for a new answer in the place of a stored one.
    """

    # Tagging

    def for_stage(self, stage: str) -> Self:
        """Return a copy whose calls belong to this stage. It is still a chat model, so tools and schemas can be bound to it."""
        return self.model_copy(update={"stage": named(stage, "stage")})

    def for_task(self, task: str) -> Self:
        """Return a copy whose calls are of this task."""
        return self.model_copy(update={"task": named(task, "task")})

    # Calling

    def invoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, *, stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        run, host = self._begin(ChatHost, input, self.config_for(config), with_stop(kwargs, stop))
        reply = drive(run, host).reply
        return cast("AIMessage", reply.answer if reply is not None else None)

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, *, stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        run, host = self._begin(ChatHost, input, self.config_for(config), with_stop(kwargs, stop), is_async=True)
        reply = (await adrive(run, host)).reply
        return cast("AIMessage", reply.answer if reply is not None else None)

    def stream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, *, stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        run, host = self._begin(ChatHost, input, self.config_for(config), with_stop(kwargs, stop), streams=True)
        yield from drive_stream(run, host)

    def astream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, *, stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        def begin() -> AsyncIterator[AIMessageChunk]:
            run, host = self._begin(ChatHost, input, self.config_for(config), with_stop(kwargs, stop), is_async=True, streams=True)
            return adrive_stream(run, host)

        return PassedOn(begin)

    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: Any = None,
        **kwargs: Any,
    ) -> LLMResult:
        config = self.config_for(as_config(callbacks, tags, metadata, run_name, run_id))
        results: list[LLMResult] = []
        for index, one in enumerate(messages):
            run, host = self._begin(GenerateHost, one, config if index == 0 else without_id(config), with_stop(kwargs, stop))
            reply = drive(run, host).reply
            results.append(cast("LLMResult", reply.answer if reply is not None else None))
        return joined(results)

    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: Any = None,
        **kwargs: Any,
    ) -> LLMResult:
        config = self.config_for(as_config(callbacks, tags, metadata, run_name, run_id))

        async def one(index: int, thread: list[BaseMessage]) -> LLMResult:
            run, host = self._begin(
                GenerateHost, thread, config if index == 0 else without_id(config), with_stop(kwargs, stop), is_async=True
            )
            reply = (await adrive(run, host)).reply
            return cast("LLMResult", reply.answer if reply is not None else None)

        results = await asyncio.gather(*[one(index, thread) for index, thread in enumerate(messages)], return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return joined(cast("list[LLMResult]", results))

    def stream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: Any = "v2",
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        if version != "v3":
            return cast("Any", super()).stream_events(input, config, version=version, **with_stop(kwargs, stop))
        host, begin = self._prepare(EventHost, input, self.config_for(config), with_stop(kwargs, stop))
        stream: ChatModelStream = event_stream(begin, host)
        return stream

    def astream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: Any = "v2",
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        if version != "v3":
            return of_latest_attempt(cast("Any", super()).astream_events(input, config, version=version, **with_stop(kwargs, stop)))
        host, begin = self._prepare(EventHost, input, self.config_for(config), with_stop(kwargs, stop), is_async=True)
        return ready(begin, host)

    # Binding

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return a binding that gives these tools to whichever model is chosen, in that model's own format."""
        options = kwargs if tool_choice is None else {**kwargs, "tool_choice": tool_choice}
        return cast("Runnable[LanguageModelInput, AIMessage]", self.bind(tools=LateTools(tools, options)))

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a runnable whose answers fit `schema`, by whichever way the chosen model's provider has for it."""
        return RoutedStructuredOutput(llm=self, answer_schema=schema, include_raw=include_raw, options=kwargs)

    # One call

    def _begin(
        self,
        host_type: type[ChatHost],
        model_input: Any,
        config: RunnableConfig,
        kwargs: dict[str, Any],
        *,
        is_async: bool = False,
        streams: bool = False,
    ) -> tuple[Run, ChatHost]:
        call, kwargs = self.call_for(model_input, config, kwargs, streams=streams)
        host = host_type(self, model_input, config, kwargs)
        return self.begin(call, config, is_async=is_async), host

    def _prepare(
        self, host_type: type[Any], model_input: Any, config: RunnableConfig, kwargs: dict[str, Any], *, is_async: bool = False
    ) -> tuple[Any, Callable[[], Run]]:
        call, kwargs = self.call_for(model_input, config, kwargs, streams=True)
        return host_type(self, model_input, config, kwargs), lambda: self.begin(call, config, is_async=is_async)

    # What LangChain asks of a chat model

    @property
    def _llm_type(self) -> str:
        return "taskroute"

    def _first(self) -> BaseChatModel:
        """Return the first model of `default`, for questions that are not about one call."""
        snapshot = self.router.snapshot
        return self.model_of(snapshot.policy.default[0], snapshot)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        named = kwargs.get("model")
        if isinstance(named, str) and named not in self.router.snapshot.registry:
            return LangSmithParams(ls_provider="taskroute", ls_model_name=named, ls_model_type="chat")
        return LangSmithParams(ls_provider="taskroute", ls_model_name=named or self.router.policy.default[0], ls_model_type="chat")

    def _resolve_model_profile(self) -> Any:
        return shared_profile(self.router.snapshot.registry, self.models)

    def get_token_ids(self, text: str) -> list[int]:
        return self._first().get_token_ids(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None, **kwargs: Any) -> int:
        return self._first().get_num_tokens_from_messages(messages, tools, **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        """For callers of the private method: a routed call below the given run."""
        child = None if run_manager is None else below(run_manager)
        result = self.generate([messages], stop, child, **kwargs)
        return ChatResult(generations=cast("Any", result.generations[0]), llm_output=result.llm_output)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        child = None if run_manager is None else below(run_manager)
        result = await self.agenerate([messages], stop, child, **kwargs)
        return ChatResult(generations=cast("Any", result.generations[0]), llm_output=result.llm_output)
