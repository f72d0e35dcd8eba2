"""The models of a policy in LiteLLM's words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec, describe
from taskroute_litellm.naming import PROVIDER_NAMES, as_reference, litellm_model, litellm_params, variables_of


def spec(model: str | None = "openai:gpt-x", **more: Any) -> ModelSpec:
    return describe("m", model=model, **more)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("openai:gpt-x", "openai/gpt-x"),
        ("anthropic:claude-x", "anthropic/claude-x"),
        ("google_genai:gemini-x", "gemini/gemini-x"),
        ("google_vertexai:gemini-x", "vertex_ai/gemini-x"),
        ("google_anthropic_vertex:claude-x", "vertex_ai/claude-x"),
        ("azure_openai:mine", "azure/mine"),
        ("azure_ai:mine", "azure_ai/mine"),
        ("bedrock:a.b-v1:0", "bedrock/a.b-v1:0"),
        ("bedrock_converse:a.b-v1:0", "bedrock/a.b-v1:0"),
        ("anthropic_bedrock:a.b", "bedrock/a.b"),
        ("mistralai:mistral-x", "mistral/mistral-x"),
        ("ollama:llama3.3:70b", "ollama_chat/llama3.3:70b"),
        ("together:a/b", "together_ai/a/b"),
        ("fireworks:accounts/a/models/b", "fireworks_ai/accounts/a/models/b"),
        ("nvidia:a/b", "nvidia_nim/a/b"),
        ("ibm:granite", "watsonx/granite"),
        ("moonshotai:kimi", "moonshot/kimi"),
        ("xai:grok", "xai/grok"),
        ("OpenAI:gpt-x", "openai/gpt-x"),
        ("litellm:groq/llama", "groq/llama"),
    ],
)
def test_a_provider_is_called_what_litellm_calls_it(written: str, named: str) -> None:
    assert litellm_model(spec(written)) == named


@pytest.mark.parametrize("written", ["openai/gpt-x", "ollama/llama3.3", "hosted_vllm/mine", "openrouter/a/b:free", "gpt-x", "llama3.2:3b"])
def test_a_model_in_litellms_own_words_and_a_bare_id_stay_as_they_are(written: str) -> None:
    assert litellm_model(spec(written)) == written


def test_an_entry_that_names_no_model_is_refused_with_the_cure() -> None:
    with pytest.raises(ConfigurationError, match=r"does not say what 'm' is; add 'model: provider:name' under models\.m"):
        litellm_model(spec(None))


def test_litellm_knows_every_provider_that_is_named() -> None:
    litellm: Any = pytest.importorskip("litellm")
    known = {str(getattr(provider, "value", provider)) for provider in litellm.provider_list}
    assert known >= PROVIDER_NAMES


def test_a_call_is_given_the_parameters_the_address_and_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "h")
    monkeypatch.setenv("KEY", "k")
    params = {"temperature": 0, "extra_headers": {"x-a": "${HOST}"}, "stop": ["${HOST}", "b"]}
    assert litellm_params(spec(params=params, base_url="http://${HOST}/v1", api_key_env="KEY")) == {
        "model": "openai/gpt-x",
        "temperature": 0,
        "extra_headers": {"x-a": "h"},
        "stop": ["h", "b"],
        "api_base": "http://h/v1",
        "api_key": "k",
    }


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"api_key_env": "NOT_SET"}, "api_key_env"),
        ({"base_url": "http://${NOT_SET}"}, "base_url"),
        ({"params": {"a": {"b": ["${NOT_SET}"]}}}, "params.a"),
    ],
)
def test_a_variable_that_is_not_set_is_named_with_its_place(more: Any, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(ConfigurationError, match=rf"^models\.m\.{where}: the environment variable 'NOT_SET' is not set"):
        litellm_params(spec(**more))


def test_a_variable_that_is_not_closed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^models\.m\.base_url: a '\$\{' is not closed"):
        litellm_params(spec(base_url="http://${HOST"))


def test_a_configuration_names_variables_and_does_not_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "secret")
    entry = spec(base_url="${ADDRESS}", api_key_env="KEY", params={"organization": "${ORG}"})
    assert litellm_params(entry, as_reference) == {
        "model": "openai/gpt-x",
        "organization": "os.environ/ORG",
        "api_base": "os.environ/ADDRESS",
        "api_key": "os.environ/KEY",
    }
    assert variables_of(entry) == ("ORG", "ADDRESS", "KEY")


def test_a_configuration_cannot_hold_a_variable_inside_a_text() -> None:
    with pytest.raises(ConfigurationError, match=r"^models\.m\.base_url: .* put all of it into one"):
        litellm_params(spec(base_url="http://${HOST}/v1"), as_reference)


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1).filter(lambda text: "${" not in text))
def test_whatever_is_written_litellm_is_given_one_name_and_the_id_is_kept(written: str) -> None:
    entry = spec(written)
    named = litellm_model(entry)
    assert named.endswith(entry.model_id or written)
    assert litellm_model(spec(named)) == named


def test_naming_does_not_import_litellm() -> None:
    code = "import sys, taskroute_litellm.naming, taskroute_litellm.config, taskroute_litellm.provider; sys.exit('litellm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
