"""Prices from LiteLLM's table: only where the application has loaded it, and only what it gives for each token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

TABLE: dict[str, dict[str, Any]] = {
    "openai-like/one": {
        "litellm_provider": "openai-like",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "cache_read_input_token_cost": 1e-07,
        "cache_creation_input_token_cost": 1.25e-06,
        "cache_creation_input_token_cost_above_1hr": 2e-06,
        "output_cost_per_reasoning_token": 4e-06,
        "input_cost_per_audio_token": 3e-05,
        "output_cost_per_audio_token": 6e-05,
        "input_cost_per_request": 0.01,
        "input_cost_per_token_above_200k_tokens": 2e-06,
        "output_cost_per_token_above_200k_tokens": 3e-06,
        "input_cost_per_token_flex": 5e-07,
        "output_cost_per_token_flex": 1e-06,
        "input_cost_per_token_above_200k_tokens_flex": 1e-06,
        "output_cost_per_token_above_200k_tokens_flex": 1.5e-06,
        "input_cost_per_token_priority": 2e-06,
        "output_cost_per_token_priority": 4e-06,
        "input_cost_per_token_batches": 5e-07,
    },
    "my-gemini": {"litellm_provider": "vertex_ai-language-models", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    "vectors": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-08, "output_cost_per_token": 0.0},
    "free": {"litellm_provider": "ollama", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "ranges": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "tiered_pricing": []},
    "pictures": {"litellm_provider": "openai", "output_cost_per_image": 0.04},
    "odd": {"litellm_provider": "openai", "input_cost_per_token": True, "output_cost_per_token": "cheap"},
    "no entry": None,  # type: ignore[dict-item]
}
"""As LiteLLM writes it; its own table changes with each release."""

LOCAL = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
"""LiteLLM reads the table of its own package, and asks no server for a newer one."""

ASK = """
import json, sys, types, warnings
from taskroute.registry.models import describe
from taskroute.registry.prices import Prices
from taskroute.types import Usage
prices = Prices()
def cost(provider, model, usage=(1_000_000, 0), tier=None):
    found = prices.cost(None, Usage(*usage), provider=provider, model=model, service_tier=tier)
    return None if found is None else [str(found.amount.normalize()), found.source.partition("@")[0]]
def load(table):
    sys.modules["litellm"] = types.ModuleType("litellm")
    sys.modules["litellm"].model_cost = table
"""


def run(code: str, *options: str) -> Any:
    done = subprocess.run(
        [sys.executable, *options, "-c", ASK + code], check=True, capture_output=True, text=True, env={**os.environ, **LOCAL}
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def asked(*questions: tuple[Any, ...]) -> list[Any]:
    return run(f"load({TABLE!r}); print(json.dumps([cost(*question) for question in {list(questions)!r}]))")


def test_litellm_is_never_imported_for_a_price() -> None:
    assert run("print(json.dumps([cost('openai-like', 'one'), 'litellm' in sys.modules]))") == [None, False]


def test_each_part_has_the_price_that_litellm_gives_it() -> None:
    # 300 x 0.1 + 60 x 1.25 + 40 x 2 + 10 x 30 + 590 x 1 = 1075; 50 x 4 + 20 x 60 + 130 x 2 = 1660; and a fee of 0.01.
    usage = (1000, 200, 300, 100, 50, 40, 10, 20)
    assert asked(("openai-like", "one", usage)) == [["0.012735", "litellm"]]


def test_a_large_input_puts_every_token_in_the_next_tier() -> None:
    assert asked(("openai-like", "one", (200_000, 0)), ("openai-like", "one", (200_001, 1))) == [
        ["0.21", "litellm"],
        ["0.410005", "litellm"],
    ]


def test_a_class_of_service_has_its_own_price_or_none() -> None:
    found = asked(
        ("openai-like", "one", (100, 100), "flex"),
        ("openai-like", "one", (300_000, 0), "flex"),
        # Priced without its sizes, without its output, and not at all.
        ("openai-like", "one", (100, 100), "priority"),
        ("openai-like", "one", (100, 100), "batch"),
        ("openai-like", "one", (100, 100), "scale"),
        ("openai-like", "one", (100, 100), "standard"),
    )
    assert found == [["0.01015", "litellm"], ["0.31", "litellm"], None, None, None, ["0.0103", "litellm"]]


def test_a_model_is_priced_as_its_own_provider_sells_it() -> None:
    found = asked(
        ("google_vertexai", "my-gemini"),
        ("vertex_ai", "models/my-gemini"),
        (None, "my-gemini"),
        ("google_genai", "my-gemini"),
        ("azure", "my-gemini"),
        ("openai", "one"),
    )
    assert found == [["1", "litellm"], ["1", "litellm"], ["1", "litellm"], None, None, None]


def test_vectors_cost_what_their_input_costs() -> None:
    assert asked(("openai", "vectors", (1_000_000, 0))) == [["0.02", "litellm"]]


@pytest.mark.parametrize("model", ["ranges", "pictures", "odd", "no entry", "unlisted"])
def test_what_has_no_price_for_each_token_has_none_here(model: str) -> None:
    assert asked(("openai", model)) == [None]


def test_zeros_are_no_price() -> None:
    assert asked(("ollama", "free")) == [None]


def test_the_price_table_comes_before_it_and_a_source_of_the_users_own_takes_its_place() -> None:
    pytest.importorskip("genai_prices", reason="the price table is an extra: prices")
    code = """
load({"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 1.0, "output_cost_per_token": 1.0},
      "unheard-of": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 0}})
class Nothing:
    def cost(self, provider, model, usage):
        return None
mine = Prices(library=Nothing()).cost(describe("m", model="openai:unheard-of"), Usage(1, 1))
print(json.dumps([cost("openai", "gpt-4o")[1], cost("openai", "unheard-of")[1], mine]))
"""
    assert run(code) == ["genai-prices", "litellm", None]


def test_no_decision_depends_on_whether_it_is_loaded() -> None:
    code = f"load({TABLE!r}); print(json.dumps([cost('openai-like', 'one') is not None, prices.rates(describe('m', model='openai-like:one'))]))"
    assert run(code) == [True, None]


def test_prices_that_the_application_adds_later_count() -> None:
    code = """
load({})
before = cost("openai", "late")
sys.modules["litellm"].model_cost["late"] = {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06}
print(json.dumps([before, cost("openai", "late")[0]]))
"""
    assert run(code) == [None, "1"]


def test_a_table_that_is_none_costs_one_warning_and_no_call() -> None:
    code = """
load(7)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    found = [cost("openai", "a"), cost("openai", "b")]
print(json.dumps([found, [str(one.message).partition(";")[0] for one in said]]))
"""
    assert run(code) == [[None, None], ["LiteLLMPrices failed with AttributeError"]]


def test_the_table_of_the_installed_litellm_is_read() -> None:
    pytest.importorskip("litellm", reason="LiteLLM is an extra: litellm")
    code = """
from taskroute.registry.litellm_prices import LiteLLMPrices
import litellm, importlib.metadata
table = LiteLLMPrices()
usage = Usage(1000, 100)
known = 0
for key, entry in litellm.model_cost.items():
    found = table.cost(None, key, usage)
    known += found is not None
found = table.cost("anthropic", "claude-sonnet-4-5", usage)
print(json.dumps([known > 1000, str(found.amount.normalize()), found.source == "litellm@" + importlib.metadata.version("litellm")]))
"""
    assert run(code, "-W", "ignore") == [True, "0.0045", True]
