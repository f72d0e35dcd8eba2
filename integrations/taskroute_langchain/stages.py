"""Tags for a part of a pipeline: every model call below it belongs to a stage, or is of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, overload

from langchain_core.runnables import Runnable, RunnableConfig, ensure_config
from langchain_core.runnables.base import RunnableBindingBase, coerce_to_runnable
from langchain_core.runnables.utils import Input, Output

from taskroute.errors import ConfigurationError
from taskroute_langchain.chat_model import RoutedChatModel

_EXAMPLES: Final = {"stage": "rerank", "task": "code_generation"}
_BUILDERS: Final = frozenset({"bind_tools", "with_structured_output"})
"""Methods of a chat model that make another runnable, which must keep the tag."""


class TaggedRunnable(RunnableBindingBase[Input, Output]):
    """A runnable whose tag stands in the metadata of everything that it calls; a tag further in wins.

    The tag travels as LangChain's metadata does: into sub-chains, retrievers that hand on their callbacks, tools, threads of
    LangChain's own and `asyncio.to_thread`. It does not reach a model that is called from a bare thread pool
    (`loop.run_in_executor(None, f)`) or from a retriever that hands nothing on: tag that model itself, with `for_stage`.
    """

    @classmethod
    def is_lc_serializable(cls) -> bool:
        return False

    def _merge_configs(self, *configs: RunnableConfig | None) -> RunnableConfig:
        # LangChain lets the caller's metadata win over what is bound, which would let the outer tag win over the inner.
        merged = super()._merge_configs(*configs)
        around: dict[str, Any] = {}
        for config in configs or (None,):
            around.update(ensure_config(config).get("metadata") or {})
        merged["metadata"] = {**around, **(merged.get("metadata") or {}), **(self.config.get("metadata") or {})}
        return merged

    def __getattr__(self, name: str) -> Any:
        if "bound" not in self.__dict__:
            raise AttributeError(name)
        attribute = getattr(self.bound, name)
        if name not in _BUILDERS:
            return attribute

        def tagged(*args: Any, **kwargs: Any) -> Runnable[Any, Any]:
            return type(self)(bound=attribute(*args, **kwargs), config=self.config)

        return tagged


@overload
def stage(step: RoutedChatModel, name: str) -> RoutedChatModel: ...  # type: ignore[overload-overlap]
@overload
def stage(step: Runnable[Input, Output], name: str) -> Runnable[Input, Output]: ...
@overload
def stage(step: Callable[..., Any] | Mapping[str, Any], name: str) -> Runnable[Any, Any]: ...
def stage(step: Any, name: str) -> Any:
    """Return the step with every model call below it belonging to a stage; a stage further in wins.

    Anything that fits in a chain can be tagged: functions and mappings become runnables. A `RoutedChatModel` stays one.
    """
    named = _named("stage", name)
    return step.for_stage(named) if isinstance(step, RoutedChatModel) else _tagged(step, "llm_stage", named)


@overload
def task(step: RoutedChatModel, name: str) -> RoutedChatModel: ...  # type: ignore[overload-overlap]
@overload
def task(step: Runnable[Input, Output], name: str) -> Runnable[Input, Output]: ...
@overload
def task(step: Callable[..., Any] | Mapping[str, Any], name: str) -> Runnable[Any, Any]: ...
def task(step: Any, name: str) -> Any:
    """Return the step with every model call below it being of a task, so that no classifier is asked; a task further in wins."""
    named = _named("task", name)
    return step.for_task(named) if isinstance(step, RoutedChatModel) else _tagged(step, "llm_task", named)


def _tagged(step: Any, key: str, name: str) -> Runnable[Any, Any]:
    return TaggedRunnable(bound=coerce_to_runnable(step), config={"metadata": {key: name}})


def _named(what: str, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ConfigurationError(f"{what}(step, {name!r}): give the name of a {what}, such as {_EXAMPLES[what]!r}")
    return name
