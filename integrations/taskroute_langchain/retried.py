"""Is a call made again because what was made of its first answer was no good? Then a stored answer would fail in the same way."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.tracers.context import register_configure_hook

_SECOND: Final = re.compile(r"retry:attempt:(?:[2-9]|\d{2,})")
"""The tag that `with_retry` gives the run that it repeats, and only that."""
_RUNTIME: Final = "__pregel_runtime"
"""Where LangGraph says how often it has tried a node."""


class RetryFollower(BaseCallbackHandler):
    """Knows the runs that are under way inside of a run that is made again. All others it forgets at once."""

    run_inline = True

    @property
    def ignore_llm(self) -> bool:
        return True

    @property
    def ignore_chat_model(self) -> bool:
        return True

    @property
    def ignore_custom_event(self) -> bool:
        return True

    def __init__(self) -> None:
        self._again: set[UUID] = set()

    def is_again(self, run_id: UUID | None) -> bool:
        """Return whether a run is made again, or is inside of one that is."""
        return run_id in self._again

    def _start(self, run_id: UUID, parent_run_id: UUID | None, tags: list[str] | None) -> None:
        if parent_run_id in self._again or (tags and is_tagged(tags)):
            self._again.add(run_id)

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self._start(run_id, parent_run_id, tags)

    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self._start(run_id, parent_run_id, tags)

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self._start(run_id, parent_run_id, tags)

    def _end(self, *_: Any, run_id: UUID, **__: Any) -> None:
        self._again.discard(run_id)

    on_chain_end = on_chain_error = on_retriever_end = on_retriever_error = on_tool_end = on_tool_error = _end


_registered: RetryFollower | None = None
_lock = threading.Lock()


def follow_retries() -> RetryFollower:
    """Start following what `with_retry` repeats in this process, once, and return what follows it."""
    global _registered  # noqa: PLW0603
    if _registered is not None:
        return _registered
    with _lock:
        if _registered is None:
            _registered = RetryFollower()
            follower: ContextVar[RetryFollower | None] = ContextVar("taskroute_retry_follower", default=_registered)
            register_configure_hook(follower, inheritable=True)
        return _registered


def is_tagged(tags: Iterable[str]) -> bool:
    """Return whether tags say that a run is made again."""
    return any(_SECOND.fullmatch(tag) for tag in tags)


def is_retried(callbacks: object, tags: Iterable[str], configurable: Mapping[str, Any]) -> bool:
    """Return whether a call is made again by `with_retry`, on itself or around it, or by LangGraph's policy for the node it is in."""
    if is_tagged(tags):
        return True
    if _registered is not None and isinstance(callbacks, BaseCallbackManager) and _registered.is_again(callbacks.parent_run_id):
        return True
    attempt = getattr(getattr(configurable.get(_RUNTIME), "execution_info", None), "node_attempt", 1)
    return isinstance(attempt, int) and attempt > 1
