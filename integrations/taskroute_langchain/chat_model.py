"""A chat model that is a different one for each call."""

from __future__ import annotations

import asyncio
import functools
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Self, cast

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
from langchain_core.runnables import Runnable, RunnableConfig, ensure_config
from langchain_core.runnables.config import merge_configs
from langchain_core.tools import BaseTool
from pydantic import ConfigDict

from taskroute.decision.snapshot import Snapshot
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.plan import ORIGINAL
from taskroute.execution.run import Run
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.router import Router
from taskroute.steps import Attempt
from taskroute.types import Call
from taskroute_langchain.ancestors import track_ancestors
from taskroute_langchain.asks import ChatAsking
from taskroute_langchain.binding import LateTools
from taskroute_langchain.classifier import ChatAsker
from taskroute_langchain.events import EventHost, event_stream, ready
from taskroute_langchain.generate_host import GenerateHost
from taskroute_langchain.host import ChatHost
from taskroute_langchain.ignored import refuse_ignored, warn_of_two_caches
from taskroute_langchain.otel import enclosing_run
from taskroute_langchain.passed_on import PassedOn
from taskroute_langchain.pool import ModelPool, at_most, refuse_others
from taskroute_langchain.profile import shared_profile
from taskroute_langchain.request import as_config, below, call_of, joined, named, of_latest_attempt, pinned, with_stop, without_id
from taskroute_langchain.retried import follow_retries

_WRITTEN_BY_LANGCHAIN: Final = frozenset({"lc_versions"})
"""Metadata that LangChain gives every chat model: the one that is chosen brings its own."""


class RoutedChatModel(BaseChatModel):
    """A LangChain chat model whose calls are answered by the models of a policy.

    `models` gives chat models for the policy's names; those left out are built from the policy by `init_chat_model`. `original` is
    the model that was there before: with `mode: observe`, or TASKROUTE_DISABLED=1, it answers every call. `stage` and `task` tag
    every call; `for_stage` and `for_task` return tagged copies. `cache=False` keeps the calls of this model out of the policy's cache;
    a single call says `configurable={"taskroute_cache": "bypass"}`, or "refresh" for a new answer in the place of a stored one.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    router: Router
    models: Mapping[str, BaseChatModel] = {}
    original: BaseChatModel | None = None
    stage: str | None = None
    task: str | None = None

    # Not in `model_post_init`: pydantic would turn a ConfigurationError raised there into one of its own.
    def __init__(
        self,
        *,
        router: Router,
        models: Mapping[str, BaseChatModel] | None = None,
        original: BaseChatModel | None = None,
        stage: str | None = None,
        task: str | None = None,
        **options: Any,
    ) -> None:
        """Build what was not given. Raises ConfigurationError for what cannot be built."""
        refuse_others(models or {}, original)
        super().__init__(router=router, models=models or {}, original=original, stage=stage, task=task, **options)  # type: ignore[call-arg]
        refuse_ignored(self)
        self._make_ready()

    def _make_ready(self) -> None:
        self._pool.prepare()
        self.router.prepare()
        self.router.ask_through(self._pool.asker())
        if self.router.policy.stages.ancestors:
            track_ancestors()
        if self.router.policy.cache is not None:
            follow_retries()
        if self.router.policy.mode == "observe" and self.original is None:
            warnings.warn(
                "mode is 'observe' and no original= was given: the first model of 'default' answers every call", UserWarning, stacklevel=3
            )

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
        from taskroute_langchain.structured import RoutedStructuredOutput

        return RoutedStructuredOutput(llm=self, answer_schema=schema, include_raw=include_raw, options=kwargs)

    # One call

    # Not a private attribute of pydantic: to look one up takes as long as to match a route.
    @functools.cached_property
    def _pool(self) -> ModelPool:
        return ModelPool(self.router, self.models)

    def chosen(self, attempt: Attempt, *, streams: bool = False, exact: bool = False) -> BaseChatModel:
        """Return the chat model of an attempt; `exact` with what is left of the call's time as the limit of its client."""
        if attempt.model == ORIGINAL:
            return cast("BaseChatModel", self.original)
        given = self.models.get(attempt.model)
        if given is not None:
            return given
        snapshot = attempt.snapshot or self.router.snapshot
        # Its own client is not needed for an answer that is there.
        if attempt.cached is not None:
            return self.model_of(attempt.model, snapshot)
        settings = snapshot.settings_for(attempt.decision.route)
        limit = settings.stream_timeout if streams else settings.client_timeout
        if exact and attempt.timeout is not None:
            limit = at_most(attempt.timeout, limit)
        return self._pool.get(attempt.model, snapshot.registry.get(attempt.model), limit)

    def model_of(self, name: str, snapshot: Snapshot) -> BaseChatModel:
        """Return the chat model behind a name, for questions about it: with no limit of any call."""
        return self._pool.get(name, snapshot.registry.get(name), snapshot.settings.client_timeout)

    def asker(self, config: RunnableConfig | None = None) -> ChatAsker:
        """Return who puts a classifier's questions to the models here, below the run of this config."""
        return self._pool.asker(config)

    def config_for(self, config: RunnableConfig | None) -> RunnableConfig:
        """Return the config of a call, with the callbacks, tags and metadata that this model itself was given."""
        ready = ensure_config(config)
        if not (self.callbacks or self.tags or (self.metadata and not self.metadata.keys() <= _WRITTEN_BY_LANGCHAIN)):
            return ready
        own = RunnableConfig(callbacks=self.callbacks, tags=self.tags or [], metadata=self.metadata or {})
        return merge_configs(own, ready)

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

    def begin(self, call: Call, config: RunnableConfig, *, is_async: bool) -> Run:
        """Return a call on its way, for a driver."""
        with enclosing_run(config):
            return self.router.run(
                call,
                has_original=self.original is not None,
                held_by=self._held_async if is_async else self._held,
                client_retries=self._pool.retries,
                is_async=is_async,
            )

    def call_for(
        self, model_input: Any, config: RunnableConfig, kwargs: dict[str, Any], *, output_schema: bool = False, streams: bool = False
    ) -> tuple[Call, dict[str, Any]]:
        """Return the call as routing sees it, and the arguments that go on to the chosen model."""
        snapshot = self.router.snapshot
        if snapshot.policy.cache is not None:
            # A policy that was loaded again may have a cache that was not there before.
            follow_retries()
            warn_of_two_caches(self.models.values(), builds_some=len(self.models) < len(snapshot.registry))
        pin, rest = pinned(config, kwargs, snapshot.registry)
        call = call_of(
            model_input,
            config,
            rest,
            stage=self.stage,
            task=self.task,
            pin=pin,
            output_schema=output_schema,
            streams=streams,
            asking=lambda metadata: ChatAsking(self, snapshot, model_input, rest, metadata, as_json=output_schema),
        )
        return call._replace(cache="bypass") if self.cache is False else call, rest

    def _held(self, model: str) -> str:
        return "client" if self._pool.holds_timeout(model) else "none"

    def _held_async(self, model: str) -> str:
        return "client" if self._pool.holds_timeout(model) else "async"

    # What LangChain asks of a chat model

    @property
    def _llm_type(self) -> str:
        return "taskroute"

    def _first(self) -> BaseChatModel:
        """Return the first model of `default`, for questions that are not about one call."""
        name = self.router.policy.default[0]
        return self._pool.get(name, self.router.snapshot.registry.get(name), self.router.snapshot.settings.client_timeout)

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

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a copy with the same models behind it: clients hold connections and locks, which cannot be copied."""
        return self.model_copy()

    def __getstate__(self) -> dict[Any, Any]:
        state = dict(super().__getstate__())
        state["__dict__"] = {name: value for name, value in state["__dict__"].items() if name != "_pool"}
        return state

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self.model_post_init(None)
        self._make_ready()
