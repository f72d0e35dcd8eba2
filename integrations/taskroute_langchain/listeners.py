"""Would anybody hear of a run of a chat model? LangChain's own answer is a manager of callbacks, which takes longer than the message."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, Final, cast

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager, Callbacks
from langchain_core.globals import get_debug
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers import context
from langchain_core.utils.env import env_var_is_set
from langsmith.utils import tracing_is_enabled  # pyright: ignore[reportUnknownVariableType]

_Hook = tuple[ContextVar[BaseCallbackHandler | None], bool, type[BaseCallbackHandler] | None, str | None]

# What `register_configure_hook` fills has no public name. Without it every call counts as heard, which costs time and nothing else.
_HOOKS: Final = cast("list[_Hook] | None", getattr(context, "_configure_hooks", None))
_REFUSED: Final = ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")
"""Variables that ask for a way of tracing that LangChain refuses: it is the run that says so."""


def is_heard(config: RunnableConfig, chosen: BaseChatModel) -> bool:
    """Return whether a run of the chosen model may be heard of: by handlers of the call, of the model, or that are on everywhere.

    The latter are those of verbose and debugging, of tracers, of variables of the environment and of context managers.
    """
    if _HOOKS is None or chosen.verbose or get_debug():
        return True
    if any(map(_hears, _handlers(config.get("callbacks")))) or any(map(_hears, _handlers(chosen.callbacks))):
        return True
    if context.tracing_v2_callback_var.get() is not None or tracing_is_enabled() or any(map(env_var_is_set, _REFUSED)):
        return True
    return any(map(_adds_listener, _HOOKS))


def _handlers(callbacks: Callbacks) -> Sequence[BaseCallbackHandler]:
    return callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks or ()


def _hears(handler: Any) -> bool:
    return not (handler.ignore_chat_model and handler.ignore_llm)


def _adds_listener(hook: _Hook) -> bool:
    variable, _, kind, name = hook
    handler = variable.get()
    if handler is not None:
        return _hears(handler)
    return kind is not None and name is not None and env_var_is_set(name)
