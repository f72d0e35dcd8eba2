"""The time limits of a call that nobody can cancel, and that LiteLLM's client must therefore hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from taskroute.decision.snapshot import least
from taskroute.steps import Attempt

_PARTS: Final = ("connect", "read", "write", "pool")


def limit_of(attempt: Attempt, *, streams: bool) -> float | None:
    """Return the seconds that LiteLLM's client must hold where nobody can cancel the call."""
    if attempt.timeout_enforced != "client":
        return None
    piece = None
    if streams and attempt.first_chunk is not None and attempt.between_chunks is not None:
        piece = max(attempt.first_chunk, attempt.between_chunks)
    return least(attempt.timeout, piece)


def limits_of(
    limit: float, arguments: Mapping[str, Any], deployments: Sequence[Mapping[str, Any]], litellm_router: Any, *, streams: bool
) -> dict[str, Any]:
    """Return the time limits to call a group with: what the caller asks for, in seconds or as httpx's Timeout, and at most `limit`.

    None is given where LiteLLM's own limits are at most that, since one of the call takes the place of all of them. For a stream LiteLLM
    heeds a `stream_timeout` before any `timeout`.
    """
    found = {"timeout": _shortened(("timeout", "request_timeout"), limit, arguments, deployments, litellm_router)}
    known = [*(given.get("stream_timeout") for given in (arguments, *deployments)), getattr(litellm_router, "stream_timeout", None)]
    if streams and any(known):
        found["stream_timeout"] = _shortened(("stream_timeout",), limit, arguments, deployments, litellm_router)
    return {name: seconds for name, seconds in found.items() if seconds is not None}


def _shortened(
    names: Sequence[str], limit: float, arguments: Mapping[str, Any], deployments: Sequence[Mapping[str, Any]], litellm_router: Any
) -> Any:
    asked = next((arguments[name] for name in names if arguments.get(name)), None)
    if hasattr(asked, "read"):
        timeout: Any = import_module("httpx").Timeout
        return timeout(**{name: least(getattr(asked, name, None), limit) for name in _PARTS})
    if asked is not None:
        return least(_seconds(asked), limit)
    shared = _seconds(getattr(litellm_router, names[0], None))
    own = [next((seconds for name in names if (seconds := _seconds(deployment.get(name)))), shared) for deployment in deployments]
    return limit if not own or any(seconds is None or seconds > limit for seconds in own) else None


def _seconds(value: Any) -> float | None:
    """Return a limit as a number; None where there is none, which is also how LiteLLM takes a zero."""
    try:
        return float(value) or None
    except (TypeError, ValueError):
        return None
