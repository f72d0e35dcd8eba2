"""Policies that many tests start from."""

from __future__ import annotations

from typing import Any

from taskroute import Router
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.policy.parse import load_policy


def policy(**changes: Any) -> dict[str, Any]:
    """Return the data of a small policy: two models that no table knows, and what `changes` say."""
    return {"models": {"small": {"model": "test:small"}, "large": {"model": "test:large"}}, "default": ["small", "large"], **changes}


def snapshot(**changes: Any) -> Snapshot:
    """Return the same, compiled."""
    return compile_policy(load_policy(policy(**changes)))


def router(**changes: Any) -> Router:
    """Return a router for the same, which reads nothing from the environment."""
    return Router(policy(**changes), environ={})


def when(**condition: Any) -> list[dict[str, Any]]:
    """Return routes of which the first, `hit`, has this condition and the model `large`."""
    return [{"name": "hit", "when": condition, "use": "large"}]
