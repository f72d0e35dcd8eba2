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


def shortened(limit: float, arguments: Mapping[str, Any], deployments: Sequence[Mapping[str, Any]], litellm_router: Any) -> Any:
    """Return the `timeout` to call a group with: what the caller asks for, in seconds or as httpx's Timeout, and at most `limit`.

    None where LiteLLM's own limits are at most that, since a timeout of the call would take their place.
    """
    asked = arguments.get("timeout")
    if asked is None:
        asked = arguments.get("request_timeout")
    if hasattr(asked, "read"):
        timeout: Any = import_module("httpx").Timeout
        return timeout(**{name: least(getattr(asked, name, None), limit) for name in _PARTS})
    if asked is not None:
        return least(_seconds(asked), limit)
    shared = _seconds(getattr(litellm_router, "timeout", None))
    own = [shared if (seconds := _seconds(deployment.get("timeout"))) is None else seconds for deployment in deployments]
    return limit if not own or any(seconds is None or seconds > limit for seconds in own) else None


def _seconds(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
