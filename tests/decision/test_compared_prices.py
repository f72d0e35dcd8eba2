"""Prices are asked only where a policy compares them, and what breaks there costs one warning."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.decision.snapshot import compile_policy
from taskroute.policy.parse import load_policy
from taskroute.registry.models import ModelSpec
from taskroute.registry.prices import Prices
from taskroute.registry.rates import Priced
from taskroute.types import Cost, Usage
from tests.policies import policy


class Asked:
    """Tells no price and notes which models it was asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, spec: ModelSpec) -> Priced | None:
        self.names.append(spec.name)
        return None


CHEAPEST = {"name": "q", "choose": {"among": ["small"], "objective": "cheapest"}}


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, []),
        ({"routes": [{"name": "q", "choose": {"among": ["small", "large"], "objective": "fastest", "max_error_rate": 0.5}}]}, []),
        ({"routes": [CHEAPEST]}, ["small"]),
        ({"routes": [{"name": "q", "choose": {"among": ["small"], "objective": "fastest", "min_quality": 0.5}}]}, ["small"]),
        ({"routes": [{"name": "q", "choose": {"among": ["large"], "objective": "best"}}]}, ["large"]),
        ({"fallback": {"on": ["timeout", "refusal"]}}, ["small", "large"]),
        ({"routes": [{"name": "q", "use": "small", "fallback": {"on": ["invalid_output"]}}]}, ["small", "large"]),
        ({"routes": [{"name": "q", "use": "small", "fallback": "none"}]}, []),
    ],
)
def test_a_price_is_asked_only_for_models_that_are_compared_by_price(changes: dict[str, Any], asked: list[str]) -> None:
    rates = Asked()
    compile_policy(load_policy(policy(**changes)), rates=rates)
    assert rates.names == asked


@pytest.mark.parametrize(("objective", "loaded"), [("fastest", "False"), ("cheapest", "True")])
def test_the_price_table_is_loaded_only_by_a_policy_that_compares_prices(objective: str, loaded: str) -> None:
    pytest.importorskip("genai_prices", reason="the price table is an extra: prices")
    code = f"""
import sys
from taskroute import Call, Router
choose = {{"among": ["a", "b"], "objective": {objective!r}}}
models = {{"a": "openai:gpt-4o", "b": "openai:gpt-4o-mini"}}
router = Router({{"models": models, "default": "a", "routes": [{{"name": "q", "choose": choose}}]}}, environ={{}})
print("genai_prices" in sys.modules, router.decide(Call("q")).model)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == [loaded, "b" if objective == "cheapest" else "a"]


def test_a_price_table_that_breaks_costs_one_warning_and_leaves_the_written_order() -> None:
    class Broken:
        def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
            raise OSError("no page")

    data = policy(routes=[{"name": "q", "choose": {"among": ["large", "small"], "objective": "cheapest"}}])
    with pytest.warns(RuntimeWarning, match="Broken failed") as warned:
        router = Router(data, environ={}, prices=Prices(library=Broken()))
    assert len(warned) == 1
    assert router.decide(Call("q")).candidates == ("large", "small")
