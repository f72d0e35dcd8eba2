"""A decision in LiteLLM's own words: its `routing_decision`, which its spans, spend logs and dashboards are filled from."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, cast

from taskroute.telemetry.attributes import UNNAMED_ROUTE
from taskroute.telemetry.describe import classifier_of
from taskroute.types import Decision

if TYPE_CHECKING:
    from taskroute_litellm.stamper import Stamper

STAMP: Final = "routing_decision"
"""Key of a stamp: LiteLLM's own, and the one under which it is carried in what the metadata of an attempt says of the decision."""
_LISTS: Final = (
    "input_callback",
    "callbacks",
    "success_callback",
    "failure_callback",
    "_async_success_callback",
    "_async_failure_callback",
)

_lock: Final = threading.Lock()
_users = 0
_stamper: Stamper | None = None


def routing_decision(decision: Decision, model: str, virtual: str) -> dict[str, Any]:
    """Return the stamp of an attempt: `model` is the group that it goes to, `virtual` the name that was asked for.

    Only keys that LiteLLM knows, with values that say nothing of the prompt.
    """
    task = decision.signals.task
    classifier = classifier_of(decision.signals)
    stamp = {
        "router_model_name": virtual,
        "router_type": "taskroute",
        "router_config_fingerprint": decision.policy_version or None,
        "routed_model": model,
        "cause": _cause(decision),
        "tier": decision.route or UNNAMED_ROUTE,
        "request_type": task.value,
        "classifier_model": classifier,
        "classifier_confidence": task.confidence if task.value is not None and task.source == classifier else None,
    }
    return {key: value for key, value in stamp.items() if value is not None}


def _cause(decision: Decision) -> str:
    if decision.pinned:
        return "pinned"
    return "default" if decision.route is None else "route"


def is_used() -> bool:
    """Return whether a policy is installed on a router of this process."""
    return _users > 0


def register() -> None:
    """Have LiteLLM stamp the attempts of this process, until `unregister` was called as often. Imports LiteLLM."""
    import litellm

    from taskroute_litellm.stamper import Stamper

    global _users, _stamper  # noqa: PLW0603 - LiteLLM's callbacks are the process's
    with _lock:
        _users += 1
        stamper = _stamper = _stamper or Stamper()
        # Not `callbacks`, which users set anew: what stands there is asked much more, too, for every call.
        if not any(callback is stamper for callback in cast("Iterable[object]", litellm.input_callback)):
            litellm.input_callback.append(stamper)


def unregister() -> None:
    """Take one `register` back; the last one removes what it added. One too many does nothing."""
    import litellm

    global _users, _stamper  # noqa: PLW0603 - as above
    with _lock:
        _users = max(0, _users - 1)
        if _users or _stamper is None:
            return
        gone, _stamper = _stamper, None
        for name in _LISTS:
            callbacks: Any = getattr(litellm, name, None)
            if isinstance(callbacks, list):
                callbacks[:] = [callback for callback in cast("list[object]", callbacks) if callback is not gone]
