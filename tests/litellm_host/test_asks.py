"""What observers are told that a model is asked for, through every door of the LiteLLM host."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import pytest
from pydantic import BaseModel

from taskroute import Router
from taskroute.types import NOTHING_SENT, Sent
from taskroute_litellm import register, unregister
from taskroute_litellm.asked_kinds import asked_for, model_of
from taskroute_litellm.asks import Asks
from tests.emulator import Emulator
from tests.litellm_host.hearing import Hears, words
from tests.litellm_host.routers import ANSWER, MESSAGES, POLICY, QUESTION, WAYS, Way, call, deployment, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages

litellm: Any = pytest.importorskip("litellm")
KEY = "sk-a-secret-of-this-test"


class City(BaseModel):
    name: str


def sent(endpoint: Any = "completion", own: Mapping[str, Any] | None = None, **arguments: Any) -> Sent:
    return asked_for(arguments, [{"model": "openai/gpt-5-mini", **(own or {})}], endpoint)


# Through the doors


def groups(emulator: Emulator) -> list[dict[str, Any]]:
    """Return groups that take a temperature, which not every model does."""
    return [deployment(emulator, name, model="gpt-4o" if name == "large" else None) for name in POLICY["models"]]


LIMIT = {"responses": "max_output_tokens"}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_endpoint_tells_what_its_model_is_asked_for(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    hears = Hears()
    is_vectors = way.endpoint == "embedding"
    given: dict[str, Any] = {"dimensions": 64} if is_vectors else {"temperature": 0.25, LIMIT.get(way.endpoint, "max_tokens"): 40}
    with routed(emulator, groups=groups(emulator), options={"observers": [hears]}) as found:
        call(found, way, **given, **told(found, way, stage="embed" if is_vectors else "generate", session_id="thread-1"))
    [asked], [said] = hears.sent, hears.calls
    assert (said.streams, said.conversation) == (way.streams, "thread-1")
    assert (asked.provider, asked.model) == ("openai", "text-embedding-3-small" if is_vectors else "gpt-4o")
    assert (asked.server_address, asked.server_port) == ("127.0.0.1", int(emulator.url.rsplit(":", 1)[1]))
    assert (asked.temperature, asked.max_tokens, asked.dimensions) == ((None, None, 64) if is_vectors else (0.25, 40, None))
    [(messages, instructions, tools)] = hears.asked
    assert (messages, instructions, tools) == ([words(QUESTION)], [], [])


def test_a_fallback_is_asked_for_by_its_own_name(emulator: Emulator) -> None:
    from tests.emulator import Fault

    emulator.on("gpt-5", Fault("server_error"))
    hears = Hears()
    with routed(emulator, options={"observers": [hears]}) as found:
        found.litellm.completion("auto", MESSAGES, metadata={"stage": "generate"})
    assert [asked.model for asked in hears.sent] == ["gpt-5", "gpt-5-mini"]


def test_of_a_group_only_that_is_told_in_which_its_deployments_agree(emulator: Emulator) -> None:
    hears = Hears()
    several = [
        deployment(emulator, "small", temperature=0.5, top_p=0.9, model="gpt-4o"),
        deployment(emulator, "small", temperature=0.7, top_p=0.9, model="gpt-4o-mini"),
    ]
    with routed(emulator, groups=[*several, *groups(emulator)[1:]], options={"observers": [hears]}) as found:
        found.litellm.completion("auto", MESSAGES)
        found.litellm.completion("auto", MESSAGES, temperature=0.1)
    assert [(asked.temperature, asked.top_p, asked.provider, asked.model) for asked in hears.sent] == [
        (None, 0.9, "openai", None),
        (0.1, 0.9, "openai", None),
    ]


def test_what_the_router_gives_every_deployment_is_told(emulator: Emulator) -> None:
    hears = Hears()
    with routed(emulator, options={"observers": [hears]}, default_litellm_params={"seed": 7}) as found:
        found.litellm.completion("auto", MESSAGES)
    assert hears.sent[0].seed == 7


@pytest.fixture
def hears(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hears]:
    """Puts a policy behind plain `litellm.completion`, and hears of its calls."""
    monkeypatch.setenv("KEY", KEY)
    found = Hears()
    common = {"base_url": f"{emulator.url}/v1", "api_key_env": "KEY"}
    models = {"small": {"model": "openai:gpt-4o-mini", "params": {"temperature": 0.9, "max_tokens": 50}, **common}}
    register(Router({**POLICY, "models": models, "default": "small", "routes": []}, observers=[found]))
    yield found
    unregister()


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_the_provider_tells_what_its_model_is_asked_for(hears: Hears, streams: bool, is_async: bool) -> None:
    given: dict[str, Any] = {"model": "taskroute/auto", "messages": MESSAGES, "max_completion_tokens": 30, "stream": streams}
    given.update(litellm_session_id="thread-2")

    async def asked() -> None:
        answer = await litellm.acompletion(**given)
        if streams:
            _ = [chunk async for chunk in answer]

    if is_async:
        asyncio.run(asked())
    elif streams:
        _ = list(litellm.completion(**given))
    else:
        litellm.completion(**given)
    [told], [said] = hears.sent, hears.calls
    assert (said.streams, said.conversation) == (streams, "thread-2")
    assert (told.provider, told.model, told.temperature, told.max_tokens) == ("openai", "gpt-4o-mini", 0.9, 30)
    assert told.server_address == "127.0.0.1"
    assert hears.asked[0][0] == [words(QUESTION)]
    assert KEY not in repr(told)


# Nobody asks


def test_nothing_is_read_before_somebody_asks() -> None:
    class Sealed(dict[str, Any]):
        def get(self, *args: Any) -> NoReturn:
            raise AssertionError("it was read")

        __getitem__ = __iter__ = keys = items = get

    def params(model: str) -> NoReturn:
        raise AssertionError("it was looked for")

    asks = Asks("completion", Sealed(messages=MESSAGES), params)
    with pytest.raises(AssertionError):
        asks.messages()
    with pytest.raises(AssertionError):
        asks.sent("small")


# What is said of parameters


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"temperature": 1, "top_p": 0.5, "top_k": 40}, {"temperature": 1.0, "top_p": 0.5, "top_k": 40}),
        ({"frequency_penalty": 0.1, "presence_penalty": -0.2}, {"frequency_penalty": 0.1, "presence_penalty": -0.2}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 6}, {"max_tokens": 6}),
        ({"max_output_tokens": 7}, {"max_tokens": 7}),
        ({"stop": "END"}, {"stop_sequences": ("END",)}),
        ({"stop": ["A", "B"]}, {"stop_sequences": ("A", "B")}),
        ({"stop_sequences": ["C"]}, {"stop_sequences": ("C",)}),
        ({"seed": -3, "n": 2}, {"seed": -3, "choice_count": 2}),
        ({"response_format": {"type": "json_object"}}, {"output_type": "json"}),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, {"output_type": "json"}),
        ({"response_format": {"type": "text"}}, {"output_type": "text"}),
        ({"response_format": City}, {"output_type": "json"}),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, {"output_type": "json"}),
        ({"text_format": City}, {"output_type": "json"}),
        ({"output_config": {"format": {"type": "json_schema"}, "effort": "low"}}, {"output_type": "json", "reasoning_level": "low"}),
        ({"modalities": ["text", "audio"]}, {"output_type": "speech"}),
        ({"modalities": ["image"]}, {"output_type": "image"}),
        ({"reasoning_effort": "high"}, {"reasoning_level": "high"}),
        ({"reasoning_effort": {"effort": "low", "summary": "auto"}}, {"reasoning_level": "low"}),
        ({"reasoning": {"effort": "medium"}}, {"reasoning_level": "medium"}),
        ({"previous_response_id": "resp_1", "service_tier": "flex"}, {"previous_response_id": "resp_1", "service_tier": "flex"}),
        ({"encoding_format": "base64"}, {"encoding_formats": ("base64",)}),
        ({"prompt": {"id": "pmpt_1", "version": "2"}}, {"prompt_name": "pmpt_1", "prompt_version": "2"}),
        ({"prompt_id": "greeting", "prompt_version": 3}, {"prompt_name": "greeting", "prompt_version": "3"}),
    ],
)
def test_parameters_are_told_in_the_conventions_words(arguments: dict[str, Any], said: dict[str, Any]) -> None:
    found = sent(**arguments)
    assert found == NOTHING_SENT._replace(provider="openai", model="gpt-5-mini", **said)


def test_a_call_wins_over_its_deployment_and_none_is_said() -> None:
    own = {"temperature": 0.9, "max_completion_tokens": 100, "seed": 1}
    assert sent(own=own, temperature=0.1, max_tokens=5)[:4] == (0.1, None, None, 5)
    assert sent(own=own, temperature=None).temperature is None


@pytest.mark.parametrize("value", [True, "hot", [], {}, object(), float])
def test_what_is_no_number_is_not_told(value: Any) -> None:
    found = sent(temperature=value, top_k=value, max_tokens=value, seed=value, n=value, dimensions=value)
    assert found == NOTHING_SENT._replace(provider="openai", model="gpt-5-mini")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"model": "openai/gpt-5"}, ("openai", "gpt-5")),
        ({"model": "azure/my-deployment"}, ("azure", "my-deployment")),
        ({"model": "vertex_ai/gemini-4-pro"}, ("vertex_ai", "gemini-4-pro")),
        ({"model": "hosted_vllm/meta/llama"}, ("hosted_vllm", "meta/llama")),
        ({"model": "my/own-model", "custom_llm_provider": "openai"}, ("openai", "my/own-model")),
        ({"model": "gpt-4o"}, ("openai", "gpt-4o")),
        ({"model": "nobody-knows-it"}, (None, "nobody-knows-it")),
        ({"model": "openai/*"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_provider_and_model_are_those_of_the_deployment(params: dict[str, Any], found: tuple[str | None, str | None]) -> None:
    assert model_of(params) == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://user:secret@gateway.example:8443/v1", ("gateway.example", 8443)),
        ("https://gateway.example/v1?key=secret", ("gateway.example", 443)),
        ("http://[::1]:8080", ("::1", 8080)),
        ("gateway.example", ("gateway.example", None)),
        ("http://bad:port", (None, None)),
    ],
)
def test_an_address_is_told_without_its_secrets(address: str, found: tuple[str | None, int | None]) -> None:
    told = sent(own={"api_base": address})
    assert (told.server_address, told.server_port) == found
    assert "secret" not in repr(told)


def test_the_address_of_the_environment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://relay.example/v1")
    assert sent().server_address == "relay.example"
    assert sent(own={"base_url": "https://other.example", "api_base": "https://third.example"}).server_address == "other.example"


def test_the_answer_is_none_of_it(emulator: Emulator) -> None:
    hears = Hears()
    with routed(emulator, options={"observers": [hears]}) as found:
        found.litellm.completion("auto", MESSAGES)
    assert hears.said == [None]
    assert ANSWER not in repr((hears.sent, hears.asked))
