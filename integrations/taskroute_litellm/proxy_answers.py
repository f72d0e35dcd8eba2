"""What the clients of a LiteLLM proxy are told of a decision: in headers, and in the error of a call that no model may answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final
from urllib.parse import quote

from taskroute.errors import NoEligibleModelError
from taskroute.types import CacheNote, Decision

MODEL: Final = "x-taskroute-model"
ROUTE: Final = "x-taskroute-route"
DECISION_ID: Final = "x-taskroute-decision-id"
MODE: Final = "x-taskroute-mode"
CACHE: Final = "x-taskroute-cache"
CACHE_AGE: Final = "x-taskroute-cache-age"
_DEFAULT: Final = "default"
"""Stands for the route where none matched, as it does in the names of spans."""
_LONGEST: Final = 200


def headers_of(decision: Decision, model: str | None, cache: CacheNote | None = None) -> dict[str, str]:
    """Return the headers of an answer. `model` is the one that answered, or that is being asked; the mode is left out while enforcing.

    The age of a stored answer is in seconds.
    """
    age = None if cache is None else cache.age
    told = {
        MODEL: model,
        ROUTE: decision.route or _DEFAULT,
        DECISION_ID: decision.id,
        MODE: None if decision.mode == "enforce" else decision.mode,
        CACHE: None if cache is None else cache.status,
        CACHE_AGE: None if age is None else f"{age:.0f}",
    }
    return {name: _safe(value) for name, value in told.items() if value}


def _safe(value: str) -> str:
    """Return a value that any server and client takes in a header: what is no visible ASCII is percent-encoded."""
    return quote(value, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~")[:_LONGEST].strip()


def refusal(error: NoEligibleModelError, decision: Decision | None) -> Exception:
    """Return the HTTP error for a call that no model may answer: 503 where waiting helps, else 403, with the reason for each model."""
    headers: Mapping[str, str] = {} if decision is None else headers_of(decision, None)
    if error.retry_after is None:
        return http_error(403, str(error), headers)
    return http_error(503, str(error), {**headers, "retry-after": str(max(1, math.ceil(error.retry_after)))})


def http_error(status: int, text: str, headers: Mapping[str, str] | None = None) -> Exception:
    """Return an exception that LiteLLM's proxy answers with this status."""
    # Only the proxy has it.
    kind: Callable[..., Exception] = import_module("fastapi").HTTPException
    return kind(status_code=status, detail={"error": f"taskroute: {text}"}, headers=dict(headers or {}))
