"""Calls of LiteLLM's that are answered by what is stored, whichever function the caller used. Imports LiteLLM when used.

They are calls of its functions and never of a router: no deployment is asked, so that none may be counted, billed, limited or cooled down
for it. Callbacks hear of them as of any call, at no cost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, Final

from taskroute_litellm.cache_use import NOT_LITELLMS
from taskroute_litellm.call import Endpoint
from taskroute_litellm.replaying import FREE, PROVIDER, Replayed, note_stored, serving
from taskroute_litellm.usage import field

_FUNCTIONS: Final[Mapping[Endpoint, tuple[str, str]]] = {
    "completion": ("completion", "acompletion"),
    "text_completion": ("text_completion", "atext_completion"),
    "responses": ("responses", "aresponses"),
    "messages": ("anthropic_messages", "anthropic_messages"),
}
_REQUEST: Final = (
    *("messages", "prompt", "input", "system", "instructions", "tools", "tool_choice", "user", "stream_options"),
    *("temperature", "top_p", "max_tokens", "max_output_tokens", "parallel_tool_calls"),
)
"""What is logged of a request, or repeated in its answer. Nothing else says what the answer looks like."""
_ABOUT: Final = (
    *("litellm_call_id", "litellm_trace_id", "litellm_session_id", "turn_off_message_logging", "no-log", "logger_fn"),
    *("callbacks", "success_callback", "failure_callback", "litellm_disabled_callbacks"),
)
"""What says who hears of a call, and how much."""
_COUNTED: Final = ("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens")
_DETAILS: Final = ("prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details")
_COUNTS: Final = re.compile(rb'"(input_tokens|output_tokens)": ?\d+')


def send_stored(
    endpoint: Endpoint, arguments: Mapping[str, Any], replayed: Replayed, more: Mapping[str, Any], *, streams: bool, is_async: bool
) -> Any:
    """Make the call; an async one returns what is to be awaited. `more` are arguments that go in before the caller's."""
    from taskroute_litellm.replay import provide

    provide()
    given = {name: arguments[name] for name in (*_REQUEST, *_ABOUT, *_of_loggers()) if arguments.get(name) is not None}
    if not streams:
        given.pop("stream_options", None)
    # LiteLLM's own cache would take one stored answer for another.
    own = {"drop_params": True, "num_retries": 0, "max_retries": 0, "cache": {**NOT_LITELLMS}, **FREE}
    given.update({**own, **more, "model": f"{PROVIDER}/{replayed.model}", **({"stream": True} if streams else {})})
    function: Callable[..., Any] = getattr(import_module("litellm"), _FUNCTIONS[endpoint][is_async])
    if is_async:
        return _awaited(function, given, replayed)
    with serving(replayed):
        return function(**given)


def _of_loggers() -> Iterable[str]:
    """Return the names of what LiteLLM takes for what a call is logged to, such as `langfuse_public_key`."""
    known: Any = getattr(import_module("litellm.types.utils"), "StandardCallbackDynamicParams", None)
    return getattr(known, "__annotations__", ())


async def _awaited(function: Callable[..., Any], given: Mapping[str, Any], replayed: Replayed) -> Any:
    with serving(replayed):
        return await function(**given)


def unpaid(said: Any) -> Any:
    """Return a piece of an answer that says that it cost nothing, and whose counts are 0.

    Older versions of LiteLLM count the tokens of streams themselves.
    """
    if isinstance(said, bytes):
        return _COUNTS.sub(rb'"\1": 0', said) if b"message_delta" in said or b"message_start" in said else said
    whole: Any = field(said, "response") or said
    note_stored(whole)
    usage: Any = field(whole, "usage")
    for name in (*_COUNTED, *_DETAILS) if usage is not None else ():
        value = 0 if name in _COUNTED else None
        if field(usage, name):
            _set(usage, name, value)
    return said


def _set(usage: Any, name: str, value: int | None) -> None:
    if isinstance(usage, dict):
        usage[name] = value
    else:
        setattr(usage, name, value)
