"""What is known of a model: the shipped snapshot, and what the user writes over it."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec, Registry, describe
from taskroute.registry.user_price import UserPrice
from taskroute.taxonomy import NEEDS


def test_a_known_model_brings_its_window_and_capabilities_and_says_where_from() -> None:
    spec = describe("small", model="openai:gpt-4o")
    assert (spec.provider, spec.model_id) == ("openai", "gpt-4o")
    assert (spec.context_window, spec.max_output_tokens) == (128_000, 16_384)
    assert spec.capabilities["tools"] is True
    assert spec.capabilities["vision"] is True
    assert spec.source.startswith("known_models@20")


def test_a_capability_that_the_table_denies_is_false_and_one_it_does_not_mention_is_absent() -> None:
    assert describe("a", model="openai:gpt-5.5").capabilities["audio"] is False
    assert "audio" not in describe("b", model="anthropic:claude-opus-4-7").capabilities


def test_what_the_user_gives_wins_and_the_rest_is_filled_in() -> None:
    spec = describe("a", model="openai:gpt-4o", context_window=9000, capabilities={"vision": False})
    assert spec.context_window == 9000
    assert spec.max_output_tokens == 16_384
    assert spec.capabilities["vision"] is False
    assert spec.capabilities["tools"] is True


def test_the_source_is_the_user_when_nothing_came_from_the_snapshot() -> None:
    everything = dict.fromkeys(NEEDS, True)
    given_all = describe("a", model="openai:gpt-4o", context_window=1, max_output_tokens=1, capabilities=everything)
    assert given_all.source == "user"
    assert describe("b", model="ollama:my-own", context_window=32_000).source == "user"


@pytest.mark.parametrize(
    "model", ["openai:gpt-99-nobody-knows", "nobody:gpt-4o", "my-finetune", "ollama:llama3.3", ":", "", "a:b:c", "openai:", None]
)
def test_a_model_that_is_not_in_the_snapshot_is_unknown_and_no_error(model: str | None) -> None:
    spec = describe("a", model=model)
    assert (spec.context_window, spec.max_output_tokens, dict(spec.capabilities), spec.source) == (None, None, {}, "unknown")


@pytest.mark.parametrize(
    ("model", "provider", "model_id"),
    [
        ("google_genai:gemini-2.5-pro", "google_genai", "gemini-2.5-pro"),
        ("google_vertexai:gemini-2.5-pro", "google_vertexai", "gemini-2.5-pro"),
        ("azure_openai:gpt-4o", "azure_openai", "gpt-4o"),
        (
            "bedrock_converse:us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "bedrock_converse",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("mistralai:mistral-large-latest", "mistralai", "mistral-large-latest"),
        ("xai:grok-4.20", "xai", "grok-4.20"),
        ("together:meta-llama/Llama-3.3-70B-Instruct-Turbo", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("groq:openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
        ("azure/gpt-4o", "azure", "gpt-4o"),
        ("vertex_ai/claude-sonnet-4-5", "vertex_ai", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5", None, "claude-sonnet-4-5"),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", None, "anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ],
)
def test_providers_may_be_spelt_as_any_host_spells_them(model: str, provider: str | None, model_id: str) -> None:
    spec = describe("a", model=model)
    assert (spec.model, spec.provider, spec.model_id) == (model, provider, model_id)
    assert spec.context_window is not None


@pytest.mark.parametrize("model", ["llama3.2:3b", "mistralai/Mixtral-8x7B-Instruct-v0.1", "org/model:free", "anthropic.claude-v9:1"])
def test_a_bare_id_with_a_colon_or_a_slash_is_not_cut(model: str) -> None:
    spec = describe("a", model=model)
    assert (spec.provider, spec.model_id) == (None, model)


@pytest.mark.parametrize(
    ("dated", "alias"),
    [
        ("openai:gpt-5.5-20991231", "openai:gpt-5.5"),
        ("openai:gpt-5.5-2099-12-31", "openai:gpt-5.5"),
        ("anthropic:claude-opus-4-7-20991231", "anthropic:claude-opus-4-7"),
        ("vertex:claude-opus-4-7@20991231", "vertex:claude-opus-4-7"),
        ("openai:ft:gpt-4o-2024-08-06:org::id", "openai:gpt-4o-2024-08-06"),
        ("google_genai:models/gemini-2.5-pro", "google_genai:gemini-2.5-pro"),
    ],
)
def test_a_dated_id_falls_back_to_its_undated_alias(dated: str, alias: str) -> None:
    one, other = describe("a", model=dated), describe("a", model=alias)
    assert one.context_window == other.context_window is not None
    assert one.capabilities == other.capabilities


def test_an_exact_dated_id_wins_over_the_alias() -> None:
    old, alias = describe("a", model="openai:gpt-4o-2024-05-13"), describe("a", model="openai:gpt-4o")
    assert (old.max_output_tokens, alias.max_output_tokens) == (4096, 16_384)


@given(st.text(max_size=40))
def test_a_look_up_is_never_fuzzy_and_never_fails(tail: str) -> None:
    spec = describe("a", model="openai:gpt-4o-unlisted" + tail)
    assert spec.model_id == "gpt-4o-unlisted" + tail
    assert spec.context_window is None


def test_an_unknown_capability_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"models\.a\.capabilities: no capability named 'telepathy'; known: tools, vision"):
        describe("a", capabilities={"telepathy": True})


def test_a_registry_is_read_by_name_in_the_order_written() -> None:
    specs = [describe("small", model="openai:gpt-4o"), describe("own")]
    registry = Registry(specs)
    assert list(registry) == ["small", "own"]
    assert registry["small"] is specs[0]
    assert registry.get("nobody") is None
    assert "own" in registry
    assert "nobody" not in registry
    assert len(registry) == 2


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two models are named 'a'"):
        Registry([ModelSpec("a"), ModelSpec("a")])


def test_a_registry_survives_pickling() -> None:
    price = UserPrice.of(input="0.1", output=2)
    registry = Registry([describe("a", model="openai:gpt-4o", labels=["eu"], params={"temperature": 0}, price=price), ModelSpec("b")])
    assert pickle.loads(pickle.dumps(registry)) == registry


def test_what_only_the_user_knows_stays_beside_what_is_looked_up() -> None:
    spec = describe("a", model="openai:gpt-4o", latency=2.5, finish_reason=False)
    assert (spec.latency, spec.finish_reason) == (2.5, False)
    assert spec.context_window is not None
    assert (describe("b").latency, describe("b").finish_reason) == (None, True)


def test_changing_what_was_given_does_not_change_the_spec() -> None:
    params, capabilities = {"temperature": 0}, {"tools": True}
    spec = describe("a", params=params, capabilities=capabilities)
    params["temperature"] = 1
    capabilities["tools"] = False
    assert (dict(spec.params), dict(spec.capabilities)) == ({"temperature": 0}, {"tools": True})
