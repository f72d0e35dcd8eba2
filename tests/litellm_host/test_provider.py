"""A policy behind plain `litellm.completion`: which model is called, and what it is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taskroute import Router
from taskroute.errors import ConfigurationError
from taskroute.testing import FakeClock
from tests.emulator import Emulator, Fault, Hang, Say

litellm: Any = pytest.importorskip("litellm")

import taskroute_litellm  # noqa: E402
from taskroute_litellm import proxy_provider, register, unregister  # noqa: E402
from taskroute_litellm.handler import Handler  # noqa: E402
from taskroute_litellm.policy_file import PolicyFile  # noqa: E402
from tests.litellm_host.provided import MESSAGES, TOOLS, USAGE, Calls, ask, asked, bodies, ends, policy, routed  # noqa: E402
from tests.real_time import REAL_TIME  # noqa: E402

pytestmark = REAL_TIME

__all__ = ["ask", "ends", "routed"]


# Routing


def test_a_call_is_answered_by_the_model_of_the_policy_with_its_record(ask: Calls, emulator: Emulator) -> None:
    answer = ask(metadata={"stage": "generate"})
    assert asked(emulator) == ["gpt-4o"]
    assert answer.model == "gpt-4o"
    assert answer.choices[0].message.content == "Paris is the capital of France."
    record = answer._hidden_params["taskroute"]
    assert (record["model"], record["route"], record["stage"], record["attempts"]) == ("large", "answers", "generate", 1)


@pytest.mark.parametrize(
    "said",
    [
        {"metadata": {"stage": "generate"}},
        {"litellm_metadata": {"stage": "generate"}},
        {"metadata": {"tags": ["stage:generate"]}},
        {"extra_headers": {"x-taskroute-stage": "generate"}},
        {"headers": {"X-Taskroute-Stage": "generate"}},
    ],
)
def test_the_stage_is_read_wherever_litellm_takes_such_things(said: dict[str, Any], ask: Calls, emulator: Emulator) -> None:
    ask(**said)
    assert asked(emulator) == ["gpt-4o"]


def test_a_model_of_the_policy_is_a_pin(ask: Calls, emulator: Emulator) -> None:
    answer = ask("taskroute/claude")
    assert asked(emulator) == ["claude-sonnet-4-5"]
    assert answer._hidden_params["taskroute"]["reason"] == "the call pins 'claude'"


def test_any_other_model_is_a_bad_request_that_lists_what_there_is(ask: Calls, emulator: Emulator) -> None:
    with pytest.raises(litellm.BadRequestError, match="no model of the policy is named 'nope'; there are taskroute/auto, taskroute/small"):
        ask("taskroute/nope")
    assert emulator.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_fails_is_followed_by_the_next(stream: bool, ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("rate_limit"))
    answer = ask(stream=stream)
    assert asked(emulator) == ["gpt-4o-mini", "gpt-4o"]
    record = (answer[0] if stream else answer)._hidden_params["taskroute"]
    assert (record["model"], record["fallback_from"], record["fallback_reason"]) == ("large", "small", "rate_limit")


def test_retries_are_the_policys_and_litellm_adds_none(routed: Any, ask: Calls, emulator: Emulator) -> None:
    routed(retry={"extra": 1, "backoff": "1ms"})
    emulator.on("gpt-4o-mini", *[Fault("server_error")] * 2)
    ask()
    assert asked(emulator) == ["gpt-4o-mini", "gpt-4o-mini", "gpt-4o"]


def test_litellms_own_number_of_retries_is_not_made_for_an_attempt(ask: Calls, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "num_retries", 3)
    emulator.on("gpt-4o-mini", *[Fault("server_error")] * 4)
    ask()
    assert asked(emulator) == ["gpt-4o-mini", "gpt-4o"]


def test_num_retries_of_the_call_carries_out_the_whole_policy_again(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", *[Fault("server_error")] * 2).on("gpt-4o", Fault("server_error"))
    ask(num_retries=1)
    assert asked(emulator) == ["gpt-4o-mini", "gpt-4o", "gpt-4o-mini", "gpt-4o"]


def test_a_model_that_takes_too_long_is_followed_by_the_next(routed: Any, ask: Calls, emulator: Emulator) -> None:
    routed(timeout={"attempt": "500ms"})
    emulator.on("gpt-4o-mini", Hang())
    assert ask().model == "gpt-4o"


def test_the_breaker_leaves_a_model_alone(routed: Any, ask: Calls, emulator: Emulator) -> None:
    routed(breaker={"failures": 1, "rate": 0.1, "cooldown": "1h"})
    emulator.on("gpt-4o-mini", Fault("server_error"))
    ask()
    ask()
    assert asked(emulator) == ["gpt-4o-mini", "gpt-4o", "gpt-4o"]


def test_an_answer_that_is_not_good_enough_is_given_again_by_the_next_model(routed: Any, ask: Calls, emulator: Emulator) -> None:
    routed(fallback={"on": ["truncated"]})
    emulator.on("gpt-4o-mini", Say("Par", finish="length"))
    assert ask().choices[0].message.content == "Paris is the capital of France."
    assert asked(emulator) == ["gpt-4o-mini", "gpt-4o"]


# What is sent


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_caller_sends_arrives_unchanged(stream: bool, ask: Calls, emulator: Emulator) -> None:
    sent: dict[str, Any] = {
        "tools": TOOLS,
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "response_format": {"type": "json_object"},
        "temperature": 0.2,
        "top_p": 0.5,
        "seed": 3,
        "stop": ["z"],
        "n": 1,
        "logit_bias": {"1": 2},
        "presence_penalty": 0.1,
        "frequency_penalty": 0.3,
        "user": "u1",
        "logprobs": True,
        "top_logprobs": 2,
        "service_tier": "flex",
        **(USAGE if stream else {}),
    }
    ask(max_tokens=7, extra_body={"odd": 1}, extra_headers={"x-mine": "1"}, stream=stream, **sent)
    body = bodies(emulator)[0]
    left = {name: value for name, value in body.items() if name not in ("model", "messages", "stream")}
    assert left == {**sent, "max_tokens": 7, "odd": 1}
    assert emulator.requests[0].headers["x-mine"] == "1"
    assert body.get("stream", False) is stream


def test_the_callers_parameters_win_over_those_of_the_policy(ask: Calls, emulator: Emulator) -> None:
    ask("taskroute/large", temperature=0.1)
    ask("taskroute/large", max_completion_tokens=9)
    first, second = bodies(emulator)
    assert (first["temperature"], first["max_tokens"]) == (0.1, 50)
    assert (second["temperature"], second["max_completion_tokens"], second.get("max_tokens")) == (0.9, 9, None)


def test_a_class_as_the_format_arrives_as_its_schema(ask: Calls, emulator: Emulator) -> None:
    from pydantic import BaseModel

    class City(BaseModel):
        name: str

    ask(response_format=City)
    schema = bodies(emulator)[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"name": {"title": "Name", "type": "string"}}


def test_drop_params_leaves_it_to_the_model_what_it_takes(routed: Any, ask: Calls, emulator: Emulator) -> None:
    models = policy(emulator)["models"]
    routed(models={**models, "small": {**models["small"], "model": "openai:o3-mini"}})
    ask(reasoning_effort="low", drop_params=True)
    ask("taskroute/large", reasoning_effort="low", drop_params=True)
    assert [body.get("reasoning_effort") for body in bodies(emulator)] == ["low", None]


def test_what_litellm_does_not_expect_of_a_provider_is_refused_and_not_lost(ask: Calls, emulator: Emulator) -> None:
    with pytest.raises(litellm.UnsupportedParamsError, match="allowed_openai_params"):
        ask(reasoning_effort="low")
    assert emulator.requests == []


@pytest.mark.parametrize(
    "given", [{"api_key": "sk-of-one-provider"}, {"api_base": "http://127.0.0.1:9"}, {"base_url": "http://127.0.0.1:9"}]
)
def test_a_key_or_an_address_of_one_provider_is_sent_to_none(given: dict[str, Any], ask: Calls, emulator: Emulator) -> None:
    with pytest.raises(litellm.BadRequestError, match="of a call to a policy could go to a provider that it is not meant for"):
        ask(**given)
    assert emulator.requests == []


def test_the_callers_metadata_is_left_as_it_was(ask: Calls) -> None:
    metadata = {"stage": "generate"}
    ask(metadata=metadata)
    assert metadata.get("stage") == "generate"
    assert "taskroute" not in metadata


# Registering


def test_registering_keeps_other_providers_and_unregistering_removes_ours_alone(routed: Any) -> None:
    own = {"provider": "mine", "custom_handler": object()}
    before = litellm.custom_provider_map
    litellm.custom_provider_map = [own, *before]
    try:
        routed()
        assert [entry["provider"] for entry in litellm.custom_provider_map] == ["mine", "taskroute"]
        unregister()
        unregister()
        assert litellm.custom_provider_map == [own]
    finally:
        litellm.custom_provider_map = []


def test_the_same_name_again_puts_the_new_router_in_the_place_of_the_old(routed: Any, ask: Calls, emulator: Emulator) -> None:
    routed(default=["large"])
    ask()
    assert asked(emulator) == ["gpt-4o"]
    assert [entry["provider"] for entry in litellm.custom_provider_map] == ["taskroute"]


@pytest.mark.parametrize("name", ["openai", "", "a/b", " a"])
def test_a_name_that_cannot_be_used_is_refused(name: str, routed: Any) -> None:
    with pytest.raises(ConfigurationError, match="provider="):
        register(routed(), provider=name)


def test_a_name_that_another_provider_has_is_refused(routed: Any) -> None:
    litellm.custom_provider_map = [{"provider": "mine", "custom_handler": object()}, *litellm.custom_provider_map]
    with pytest.raises(ConfigurationError, match="has another provider named 'mine'"):
        register(routed(), provider="mine")
    litellm.custom_provider_map = litellm.custom_provider_map[1:]


def test_a_model_that_litellm_could_not_be_called_with_is_refused_when_registering(routed: Any) -> None:
    with pytest.raises(ConfigurationError, match="the policy does not say what 'odd' is"):
        routed(models={"odd": {}}, default=["odd"], routes=[])
    with pytest.raises(ConfigurationError, match="a model of the policy is named 'auto'"):
        routed(models={"auto": {"model": "openai:a"}}, default=["auto"], routes=[])


def test_a_proxy_finds_a_handler_for_the_policy_of_its_environment(routed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKROUTE_POLICY", raising=False)
    with pytest.raises(ConfigurationError, match="TASKROUTE_POLICY is not set"):
        taskroute_litellm.provider_handler  # noqa: B018
    file = tmp_path / "taskroute.yaml"
    file.write_text("models: {small: openai:gpt-4o}\ndefault: small\n")
    monkeypatch.setenv("TASKROUTE_POLICY", str(file))
    handler: Any = taskroute_litellm.provider_handler
    assert list(handler.router.policy.models) == ["small"]
    assert taskroute_litellm.provider_handler is handler


@pytest.mark.parametrize("way", ["completion", "stream", "embedding"])
async def test_a_handler_with_a_file_carries_out_what_it_holds_by_now(
    way: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "sk-emulated")
    path, clock = tmp_path / "taskroute.yaml", FakeClock()
    vectors = "vectors" if way == "embedding" else "small"
    path.write_text(json.dumps(policy(emulator, default=vectors, routes=[])))
    file = PolicyFile(path, clock=clock, environ={})
    monkeypatch.setattr(
        litellm, "custom_provider_map", [{"provider": "taskroute", "custom_handler": Handler(file.router, "taskroute", {}, file=file)}]
    )

    async def ask() -> None:
        if way == "embedding":
            await litellm.aembedding("taskroute/auto", input=["hi"])
            return
        answer = await litellm.acompletion("taskroute/auto", MESSAGES, stream=way == "stream")
        if way == "stream":
            assert [chunk async for chunk in answer]

    await ask()
    models = policy(emulator)["models"]
    models["vectors"]["model"] = "openai:text-embedding-3-large"
    path.write_text(json.dumps(policy(emulator, default="vectors" if way == "embedding" else "large", routes=[], models=models)))
    clock.advance(2)
    await ask()
    assert asked(emulator) == (["text-embedding-3-small", "text-embedding-3-large"] if way == "embedding" else ["gpt-4o-mini", "gpt-4o"])


def test_a_header_that_only_says_how_to_route_is_not_sent(ask: Calls, emulator: Emulator) -> None:
    ask(extra_headers={"x-taskroute-stage": "generate", "x-mine": "1"})
    (request,) = emulator.requests
    assert request.headers["x-mine"] == "1"
    assert not [name for name in request.headers if name.lower().startswith("x-taskroute")]


@pytest.mark.parametrize("wrong", ["models: {odd: {}}\ndefault: odd\n", "models: {auto: openai:gpt-4o}\ndefault: auto\n"])
async def test_a_policy_that_litellm_could_not_carry_out_is_refused_by_the_handler_and_not_reloaded(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "taskroute.yaml"
    monkeypatch.setenv("TASKROUTE_POLICY", str(path))
    path.write_text(wrong)
    with pytest.raises(ConfigurationError):
        proxy_provider.__getattr__("provider_handler")
    path.write_text("models: {small: openai:gpt-4o}\ndefault: small\n")
    handler = proxy_provider.__getattr__("provider_handler")
    before = handler.router.policy
    path.write_text(wrong)
    file: Any = handler._file
    file._at -= 5
    await file.look()
    assert handler.router.policy is before
    assert "cannot be used" in caplog.text


def test_models_may_be_named_where_the_policy_is_used(routed: Any, ask: Calls, emulator: Emulator) -> None:
    router = Router({"models": {"own": {}, "second": {}}, "default": ["own", "second"]}, environ={})
    with pytest.raises(ConfigurationError, match=r"models=\{'onw': …\} is no model of the policy; it has own, second"):
        register(router, models={"onw": "openai/gpt-4o"})
    params = {"model": "openai/gpt-4o", "api_base": f"{emulator.url}/v1", "api_key": "sk-emulated"}
    register(router, models={"own": params, "second": "openai/gpt-4o-mini"})
    ask()
    assert asked(emulator) == ["gpt-4o"]
