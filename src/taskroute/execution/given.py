"""What a router is given beside its policy: are the user's checks and store what they must be, and will they be used?"""

from __future__ import annotations

import importlib.util
import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Final

from taskroute.decision.snapshot import Snapshot
from taskroute.errors import ConfigurationError
from taskroute.execution.validate import Check
from taskroute.policy.consistent import suggestion
from taskroute.policy.schema import Policy

_OURS: Final = (__name__, "taskroute.router")
"""Modules between here and the line that builds a router."""


def by_route(check: Check | Mapping[str, Check] | None, policy: Policy) -> Mapping[str | None, Check]:
    """Return the user's checks by route, None for every other route. Raises ConfigurationError for what is no check, or no route."""
    if check is None:
        return {}
    if callable(check):
        return {None: check}
    if not isinstance(check, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"check= must be a function from an answer to a score, not a {type(check).__name__}")
    names = [*(route.name for route in policy.routes), "default"]
    given: dict[str | None, Check] = {}
    for route, one in check.items():
        if route not in names:
            raise ConfigurationError(f"check={{{route!r}: …}} names no route; {suggestion(route, names)}")
        if not callable(one):
            raise ConfigurationError(f"check={{{route!r}: …}} must be a function from an answer to a score, not a {type(one).__name__}")
        # A route of that name is its own.
        given[None if route == "default" and names.count("default") == 1 else route] = one
    return given


def say_what_is_idle(snapshot: Snapshot, checks: Mapping[str | None, Check], *, has_cache_store: bool = False) -> None:
    """Warn of answers that nobody will look at or keep, though the policy or the caller seems to think so."""
    settings = [snapshot.settings, *snapshot.by_route.values()]
    scored = any("low_confidence" in each.checks for each in settings)
    if scored and not checks:
        _warn("'fallback.on' has low_confidence, but no check= was given: no answer is scored")
    if checks and not scored:
        _warn("check= was given, but 'fallback.on' has no low_confidence: it is never asked")
    if has_cache_store and snapshot.policy.cache is None:
        _warn("cache= was given, but the policy has no 'cache': no answer is kept; write 'cache: {}' for its defaults")
    if any("invalid_output" in each.checks for each in settings) and importlib.util.find_spec("jsonschema") is None:
        cure = "pip install 'taskroute[validate]'"
        _warn(f"'fallback.on' has invalid_output, but answers are not checked against their schema: {cure}")


def _warn(text: str) -> None:
    """Warn at the line that builds the router, also where `from_file` does."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__") in _OURS:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, UserWarning, stacklevel=level)


def refuse_no_store(store: object, given_as: str, needed: Sequence[str]) -> None:
    """Raise ConfigurationError for what lacks a method of a store's that is needed, or the async twin of one."""
    lacking = [name for name in (*needed, *(f"a{name}" for name in needed)) if not callable(getattr(store, name, None))]
    if lacking:
        raise ConfigurationError(
            f"{given_as}= is of type {type(store).__name__}, which has no {', '.join(lacking)}; give a Store, such as MemoryStore()"
        )
