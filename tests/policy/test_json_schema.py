"""The published JSON schema takes what the loader takes, and refuses what it refuses for its shape."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from taskroute import PolicyError, load_policy
from taskroute.policy.schema import policy_json_schema
from tests.policies import policy, when

SHORT_AND_LONG: list[dict[str, Any]] = [
    {"models": {"small": "openai:x", "large": {"model": "openai:y"}}},
    {"default": "small"},
    {"routes": [{"name": "a", "use": "small", "timeout": "20s", "fallback": "none"}]},
    {"routes": [{"name": "a", "use": ["small"], "timeout": {"attempt": "20s", "call": "1m"}, "fallback": {"on": ["timeout"]}}]},
    {"routes": when(stage="a", metadata={"plan": "pro", "n": [1, 2], "x": None, "beta": True, "z": {"not": ["a"], "exists": True}})},
    {
        "routes": when(
            sensitive=["email"], tokens={"over": 10}, prompt={"contains": "x"}, any=[{"task": "code"}], **{"not": {"urgency": "batch"}}
        )
    },
    {"require": [{"when": {"sensitive": True}, "labels": "private"}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "cheapest"}}]},
    {"routes": [{"name": "a", "use": None, "choose": {"among": ["small", "large"], "objective": "fastest", "max_error_rate": 0.2}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "cheapest", "min_quality": "80%", "within": 0.03, "margin": 0}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "best", "max_cost": 0.01, "max_latency": "4s"}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "utility", "cost_weight": 5, "latency_weight": 0.01}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "balanced"}}]},
    {"tasks": {"refunds": {"examples": ["I want my money back"], "keywords": "refund", "description": "Money back.", "group": "chat"}}},
    {"tasks": {"refunds": {"examples": "I want my money back, " * 181}}},
    {"classifier": {"kind": "model", "model": "small", "timeout": "2s"}},
    {"quality": {"file": "quality.json", "min_labels": 20, "confidence": 0.8, "prompts": False}, "feedback": {"store": "memory"}},
    {"models": {"small": {"model": "x", "latency": "3s", "finish_reason": False}, "large": "y"}},
    {"models": {"small": {"model": "x", "price": {"input": 0.1, "output": 1}, "capabilities": {"tools": False}}, "large": "y"}},
]
WRONG: list[dict[str, Any]] = [
    {"mode": "shadow"},
    {"rotes": []},
    {"timeout": {"attempt": 60}},
    {"routes": when(complexity="hard")},
    {"routes": [{"name": "a"}]},
    {"routes": [{"name": "a", "use": None}]},
    {"routes": [{"name": "a", "use": "small", "choose": {"among": "small", "objective": "cheapest"}}]},
    {"routes": [{"name": "a", "choose": {"among": [], "objective": "cheapest"}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "smartest"}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "cheapest", "min_quality": 90}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "cheapest", "within": "three"}}]},
    {"routes": [{"name": "a", "choose": {"among": "small", "objective": "utility", "cost_weight": -1}}]},
    {"tasks": {"refunds": {"examples": ["I want my money back, " * 182]}}},
    {"tasks": {"refunds": {"examples": [""]}}},
    {"classifier": {"kind": "neural"}},
    {"quality": {"confidence": 1}},
    {"feedback": {"keep": 90}},
    {"models": {"small": 7, "large": "y"}},
    {"default": []},
    {"routes": when(any=[])},
    {"routes": when(all=[])},
    {"routes": when(metadata={})},
    {"routes": when(language="EN")},
    {"routes": [{"name": "a", "use": "small", "fallback": "never"}]},
]


@pytest.mark.parametrize("changes", SHORT_AND_LONG)
def test_takes_what_the_loader_takes(changes: dict[str, Any]) -> None:
    load_policy(policy(**changes))
    jsonschema.validate(policy(**changes), policy_json_schema())


@pytest.mark.parametrize("changes", WRONG)
def test_refuses_what_the_loader_refuses(changes: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        load_policy(policy(**changes))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(policy(**changes), policy_json_schema())
