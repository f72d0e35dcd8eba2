"""From what LangChain is called with to a call as routing sees it, and the forms in which LangChain passes a config on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from typing import Any, Final, Literal, cast

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForLLMRun,
    BaseCallbackManager,
    CallbackManager,
    CallbackManagerForLLMRun,
    Callbacks,
)
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.schema import StreamEvent

from taskroute.errors import ConfigurationError
from taskroute.types import Asking, Call
from taskroute_langchain.ancestors import ancestors_of
from taskroute_langchain.binding import LateTools
from taskroute_langchain.messages import json_text, to_messages
from taskroute_langchain.otel import records_metrics, writes_spans
from taskroute_langchain.record import CACHE
from taskroute_langchain.retried import is_retried

_KEPT_BACK: Final = frozenset({"ls_structured_output_format"})
"""Arguments that LangChain takes out, for its traces."""

_Wanted = Literal["use", "refresh", "bypass"]
_WANTED: Final[tuple[_Wanted, ...]] = ("use", "refresh", "bypass")
_CONVERSATIONS: Final = ("conversation_id", "thread_id", "session_id")
"""Names under which LangChain's applications say which conversation a call belongs to."""
_SAID_BY_US: Final = ("hit", "stale")
"""What the run of a served answer has there, and the runs below it inherit."""


def call_of(
    model_input: Any,
    config: RunnableConfig,
    kwargs: Mapping[str, Any],
    *,
    stage: str | None,
    task: str | None,
    pin: str | None,
    output_schema: bool,
    streams: bool = False,
    asking: Callable[[Mapping[str, Any]], Asking] | None = None,
) -> Call:
    """Return the call as routing sees it. `asking` makes what tells observers more of it, from its metadata."""
    metadata, tags = _inherited(config)
    tools: Any = kwargs.get("tools") or ()
    max_tokens = kwargs.get("max_tokens")
    configurable: Mapping[str, Any] = config.get("configurable") or {}
    session = metadata.get("session_id") or configurable.get("thread_id")
    late = isinstance(tools, LateTools)
    return Call(
        messages=to_messages(model_input),
        stage=stage,
        task=task,
        tenant=_text(metadata.get("tenant_id")),
        user=_text(metadata.get("user_id")),
        session=_text(session),
        pin=pin,
        tags=tags,
        metadata=metadata,
        ancestors=ancestors_of(config.get("callbacks")),
        tools=tools.names if late else ("tool",) * len(tools),
        parameters=_parameters(kwargs) if kwargs else (),
        output_schema=output_schema or "response_format" in kwargs,
        max_tokens=max_tokens if isinstance(max_tokens, int) else None,
        cache=_wanted_of_cache(config, metadata, tags),
        streams=streams,
        traced=writes_spans(),
        measured=records_metrics(),
        conversation=_conversation(metadata, configurable),
        asking=None if asking is None else asking(metadata),
    )


def _conversation(metadata: Mapping[str, Any], configurable: Mapping[str, Any]) -> str | None:
    """Return the id of the conversation that the application has given; that of a thread before that of a session, which may have many."""
    for name in _CONVERSATIONS:
        found = metadata.get(name) or configurable.get(name)
        if found:
            return str(found)
    return None


def _wanted_of_cache(config: RunnableConfig, metadata: Mapping[str, Any], tags: Sequence[str]) -> _Wanted:
    """Return what a call wants of the cache: where it does not say so, a new answer for a call that is made again.

    Raises ConfigurationError for a word that is not known.
    """
    configurable: Mapping[str, Any] = config.get("configurable") or {}
    word = configurable.get(CACHE)
    if word is None and metadata:
        word = metadata.get(CACHE)
    if word is None or word in _SAID_BY_US:
        return "refresh" if is_retried(config.get("callbacks"), tags, configurable) else "use"
    for known in _WANTED:
        if word == known:
            return known
    raise ConfigurationError(f"{CACHE} is {word!r}, which is not known; write 'use', 'refresh' or 'bypass', or leave it out")


def _parameters(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the text of every argument that goes on to the chosen model."""
    found: list[str] = []
    for name, value in kwargs.items():
        if isinstance(value, LateTools):
            found.extend(value.texts)
        elif name == "max_tokens" and isinstance(value, int):
            continue
        elif name not in _KEPT_BACK and not (value is None or isinstance(value, bool)) and value not in ((), []):
            found.append(f"{name}: {json_text(value)}")
    return tuple(found)


def pinned(config: RunnableConfig, kwargs: dict[str, Any], names: Container[str]) -> tuple[str | None, dict[str, Any]]:
    """Return the pinned model. A name that the policy does not know goes on to the chosen model, as any other argument."""
    named = kwargs.get("model")
    if isinstance(named, str) and named in names:
        return named, {key: value for key, value in kwargs.items() if key != "model"}
    pin = (config.get("configurable") or {}).get("model")
    return (pin if isinstance(pin, str) else None), kwargs


def _inherited(config: RunnableConfig) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return metadata and tags with those that only the callback manager holds: LangChain's own components pass either, not both."""
    metadata: Mapping[str, Any] = config.get("metadata") or {}
    tags: Sequence[str] = config.get("tags") or ()
    manager = config.get("callbacks")
    if isinstance(manager, BaseCallbackManager):
        if manager.metadata:
            metadata = {**manager.metadata, **metadata}
        if manager.tags:
            tags = tuple(dict.fromkeys((*manager.tags, *tags)))
    return metadata, tuple(tags)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def with_stop(kwargs: dict[str, Any], stop: list[str] | None) -> dict[str, Any]:
    return kwargs if stop is None else {**kwargs, "stop": stop}


def as_config(
    callbacks: Callbacks, tags: list[str] | None, metadata: dict[str, Any] | None, run_name: str | None, run_id: Any
) -> RunnableConfig:
    config: dict[str, Any] = {"callbacks": callbacks, "tags": tags or [], "metadata": metadata or {}, "run_name": run_name}
    return cast("RunnableConfig", config if run_id is None else {**config, "run_id": run_id})


def without_id(config: RunnableConfig) -> RunnableConfig:
    return cast("RunnableConfig", {key: value for key, value in config.items() if key != "run_id"})


def joined(results: list[LLMResult]) -> LLMResult:
    """Join the results of several models; their `llm_output` stays apart, because it belongs to one model each."""
    if len(results) == 1:
        return results[0]
    return LLMResult(
        generations=[result.generations[0] for result in results],
        llm_output={"taskroute": [result.llm_output for result in results]},
        run=[run for result in results for run in result.run or ()] or None,
    )


def below(run_manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun) -> BaseCallbackManager:
    """Return the callbacks for what is called below a run; a run of a model has no `get_child` of its own."""
    manager = AsyncCallbackManager if isinstance(run_manager, AsyncCallbackManagerForLLMRun) else CallbackManager
    return manager(
        handlers=run_manager.inheritable_handlers,
        inheritable_handlers=run_manager.inheritable_handlers,
        parent_run_id=run_manager.run_id,
        inheritable_tags=run_manager.inheritable_tags,
        tags=run_manager.inheritable_tags,
        inheritable_metadata=run_manager.inheritable_metadata,
        metadata=run_manager.inheritable_metadata,
    )


async def of_latest_attempt(events: AsyncIterator[StreamEvent]) -> AsyncIterator[StreamEvent]:
    """Yield the events without those that LangChain repeats: it also reports the tokens of a fallback as those of the failed run."""
    latest: str | None = None
    async for event in events:
        if not event.get("parent_ids"):
            if event["event"] == "on_chat_model_start":
                latest = event["run_id"]
            elif event["event"] == "on_chat_model_stream" and event["run_id"] != latest:
                continue
        yield event


def named(value: object, what: str) -> str:
    """Return the name of a stage or a task. Raises ConfigurationError for what is none."""
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"for_{what}({value!r}): give the name of a {what}, such as {'generate' if what == 'stage' else 'code_generation'!r}"
        )
    return value
