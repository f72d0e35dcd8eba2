"""The names of the runs around a call. Off until a policy asks for it, because every run in the process then costs a little more."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.tracers.context import register_configure_hook

_DEPTH: Final = 64
"""How far up names are followed; a deeper chain has told its stage long before."""


class AncestorTracker(BaseCallbackHandler):
    """Remembers the name and the parent of each chain, retriever and tool run while it lasts."""

    run_inline = True

    @property
    def ignore_llm(self) -> bool:
        return True

    @property
    def ignore_chat_model(self) -> bool:
        return True

    def __init__(self) -> None:
        self._runs: dict[UUID, tuple[UUID | None, str]] = {}

    def names(self, run_id: UUID | None) -> tuple[str, ...]:
        """Return the names from the given run upwards, nearest first; a tool is `tool:<name>`."""
        found: list[str] = []
        while run_id is not None and len(found) < _DEPTH:
            entry = self._runs.get(run_id)
            if entry is None:
                break
            run_id, name = entry
            found.append(name)
        return tuple(found)

    def _start(
        self, serialized: dict[str, Any] | None, run_id: UUID, parent_run_id: UUID | None, kwargs: dict[str, Any], prefix: str = ""
    ) -> None:
        name = kwargs.get("name") or (serialized or {}).get("name") or ""
        self._runs[run_id] = parent_run_id, prefix + str(name)

    def on_chain_start(
        self, serialized: dict[str, Any], inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        self._start(serialized, run_id, parent_run_id, kwargs)

    def on_retriever_start(
        self, serialized: dict[str, Any], query: str, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        self._start(serialized, run_id, parent_run_id, kwargs)

    def on_tool_start(
        self, serialized: dict[str, Any], input_str: str, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        self._start(serialized, run_id, parent_run_id, kwargs, "tool:")

    def _end(self, *_: Any, run_id: UUID, **__: Any) -> None:
        self._runs.pop(run_id, None)

    on_chain_end = on_chain_error = on_retriever_end = on_retriever_error = on_tool_end = on_tool_error = _end


_registered: AncestorTracker | None = None
_lock = threading.Lock()


def track_ancestors() -> AncestorTracker:
    """Start following runs in this process, once, and return what follows them."""
    global _registered  # noqa: PLW0603
    with _lock:
        if _registered is None:
            _registered = AncestorTracker()
            follower: ContextVar[AncestorTracker | None] = ContextVar("taskroute_ancestor_tracker", default=_registered)
            register_configure_hook(follower, inheritable=True)
        return _registered


def ancestors_of(callbacks: object) -> tuple[str, ...]:
    """Return the names of the runs around a call, nearest first; empty when they are not followed."""
    if _registered is None or not isinstance(callbacks, BaseCallbackManager):
        return ()
    return _registered.names(callbacks.parent_run_id)
