"""A key never stands in a policy, and the refusal does not repeat it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from taskroute import Policy, PolicyError, load_policy

KEY = "Tr0ub4dor-and-3"
FORMED = "sk-not-a-real-key-0123456789"


def with_model(**entry: Any) -> dict[str, Any]:
    return {"models": {"large": {"model": "openai:x", **entry}}, "default": "large"}


def refusal(**entry: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        load_policy(with_model(**entry))
    [problem] = caught.value.problems
    return problem.removeprefix("<mapping>: ")


@pytest.mark.parametrize(
    "name",
    ["api_key", "API_KEY", "openai_api_key", "apiKey", "x-api-key", "Authorization", "access_token", "secret", "client_secret", "password",
     "aws_secret_access_key", "aws_session_token", "azure_ad_token", "token", "Ocp-Apim-Subscription-Key"],
)  # fmt: skip
def test_a_value_under_the_name_of_a_key_is_refused_at_any_depth_without_being_repeated(name: str) -> None:
    for params, path in (
        ({name: KEY}, name),
        ({"default_headers": {name: KEY}}, f"default_headers.{name}"),
        ({"a": [{"b": {name: [KEY]}}]}, f"a[0].b.{name}[0]"),
        ({name: 12345678}, name),
    ):
        told = refusal(params=params)
        assert told.startswith(f"models.large.params.{path}: a key must not stand in a policy;")
        assert "'api_key_env'" in told
        assert "${VARIABLE}" in told
        assert KEY not in told
        assert "12345678" not in told


@pytest.mark.parametrize(
    "value",
    [
        FORMED,
        "sk-abc123",
        f"Bearer {KEY}",
        f"use {FORMED} for it",
        "AKIA" + "A1B2" * 4,
        "AIza" + "Ab1-" * 9,
        "ghp_" + "Ab12" * 9,
        "eyJhbGciOiJI.eyJzdWIiOiIx.abc",
        "-----BEGIN PRIVATE KEY-----",
        FORMED + "${MORE}",
    ],
)
def test_a_text_that_looks_like_a_key_is_refused_under_any_name(value: str) -> None:
    told = refusal(params={"model_kwargs": {"note": [value]}})
    assert told.startswith("models.large.params.model_kwargs.note[0]: this looks like a key")
    assert value not in told


@pytest.mark.parametrize(
    "address",
    [
        f"https://me:{KEY}@llm.example.org/v1",
        f"https://${{WHO}}:{KEY}@llm.example.org",
        f"https://llm.example.org/v1?key={KEY}",
        f"https://llm.example.org/v1?version=2&api_key={KEY}",
        f"https://llm.example.org/v1?api-key={KEY}",
    ],
)
def test_an_address_that_holds_a_key_is_refused(address: str) -> None:
    for entry, path in (({"base_url": address}, "base_url"), ({"params": {"proxy": address}}, "params.proxy")):
        told = refusal(**entry)
        assert told.startswith(f"models.large.{path}: this address holds a key or a password")
        assert KEY not in told


@pytest.mark.parametrize(
    "entry",
    [
        {"params": {"max_tokens": 4000, "max_completion_tokens": 9, "stop_token_ids": [1], "logit_bias": {"50256": -100}}},
        {"params": {"api_key": "${OPENAI_KEY}", "default_headers": {"Authorization": "Bearer ${TOKEN}"}, "password": None, "token": True}},
        {"params": {"response_format": {"properties": {"password": {"type": "string"}, "api_key": {"description": "its key"}}}}},
        {"params": {"stop": ["task-1", "sk-SK"], "keep_alive": "5m", "key_size": 3, "prompt_cache_key": "answers"}},
        {"base_url": "https://llm.example.org:8443/v1?version=2&tokens=9"},
        {"base_url": "https://${USER}:${PASSWORD}@llm.example.org/v1?key=${KEY}"},
        {"base_url": "https://llm.example.org/@team:v1"},
    ],
)
def test_what_is_no_key_or_comes_from_the_environment_is_taken(entry: dict[str, Any]) -> None:
    assert load_policy(with_model(**entry)).default == ("large",)


@pytest.mark.parametrize("entry", [{"params": FORMED}, {"model": FORMED}, {"price": FORMED}, {"api_key": FORMED}, {"api_key_env": FORMED}])
def test_a_key_in_a_wrong_place_is_not_repeated_either(entry: dict[str, Any]) -> None:
    assert FORMED not in refusal(**entry)


def test_a_refused_policy_does_not_show_its_content_when_it_was_built_without_a_file() -> None:
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(with_model(params={"api_key": KEY}))
    assert KEY not in str(caught.value)
    assert KEY not in json.dumps(caught.value.errors(include_input=False), default=str)
