"""A policy behind plain `litellm.completion`."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from taskroute import NoEligibleModelError, Router
from taskroute.errors import ConfigurationError
from taskroute.types import Outcome
from tests.emulator import Cut, Emulator, Fault, Say, Stall, ToolCall

litellm: Any = pytest.importorskip("litellm")
openai: Any = pytest.importorskip("openai")

from taskroute_litellm import register, unregister  # noqa: E402
from taskroute_litellm.asked import own_metadata  # noqa: E402
from taskroute_litellm.closing import aclose, close  # noqa: E402

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}}]
USAGE = {"stream_options": {"include_usage": True}}
Calls = Callable[..., Any]


class Ends:
    """Keeps how each call ended."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def begin(self, call: Any, at: float) -> Any:
        return self

    def decided(self, decision: Any) -> None: ...
    def step(self, step: Any, at: float) -> None: ...
    def event(self, event: Any, failure: str | None, at: float) -> None: ...

    def active(self) -> Any:
        return nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None:
        self.outcomes.append(outcome)


def policy(emulator: Emulator, **changes: Any) -> dict[str, Any]:
    def openai(name: str, **more: Any) -> dict[str, Any]:
        return {
            "model": f"openai:{name}",
            "base_url": f"{emulator.url}/v1",
            "api_key_env": "KEY",
            "price": {"input": 1, "output": 2},
            **more,
        }

    return {
        "models": {
            "small": openai("gpt-4o-mini"),
            "large": openai("gpt-4o", params={"temperature": 0.9, "max_tokens": 50}),
            "claude": {"model": "anthropic:claude-sonnet-4-5", "base_url": emulator.url, "api_key_env": "KEY"},
            "vectors": openai("text-embedding-3-small"),
        },
        "default": ["small", "large"],
        "routes": [
            {"name": "answers", "when": {"stage": "generate"}, "use": "large"},
            {"name": "vectors", "when": {"stage": "embed"}, "use": "vectors", "fallback": "none"},
        ],
        "retry": {"extra": 0},
        "breaker": "none",
        **changes,
    }


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def routed(emulator: Emulator, ends: Ends, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Router]]:
    """Return what registers a policy under the usual name."""
    monkeypatch.setenv("KEY", "sk-emulated")

    def make(**changes: Any) -> Router:
        router = Router(policy(emulator, **changes), environ={}, observers=[ends])
        register(router)
        return router

    make()
    yield make
    unregister()


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, routed: Any) -> Calls:
    """Return a way to call `litellm.completion`, or its async twin; of a stream, its chunks."""

    def call(model: str = "taskroute/auto", **given: Any) -> Any:
        arguments = {"model": model, "messages": MESSAGES, **given}
        if request.param == "async":
            return asyncio.run(_acall(arguments))
        answer = litellm.completion(**arguments)
        return list(answer) if given.get("stream") else answer

    return call


async def _acall(arguments: Mapping[str, Any]) -> Any:
    answer = await litellm.acompletion(**arguments)
    return [chunk async for chunk in answer] if arguments.get("stream") else answer


def bodies(emulator: Emulator) -> list[dict[str, Any]]:
    return [request.body for request in emulator.requests]


def asked(emulator: Emulator) -> list[str]:
    return [body["model"] for body in bodies(emulator)]


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


# Answers


def test_a_stream_has_the_chunks_of_the_model_and_its_usage(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Say("one two three", input=11, output=3))
    chunks = ask(stream=True, **USAGE)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "one two three"
    assert {chunk.model for chunk in chunks[:3]} == {"gpt-4o-mini"}
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason] == ["stop"]
    usage = next(chunk.usage for chunk in chunks if getattr(chunk, "usage", None))
    assert (usage.prompt_tokens, usage.completion_tokens) == (11, 3)


def test_a_stream_has_its_record_beside_the_first_chunk_once_it_has_ended(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Say("one two", input=10, output=5))
    record = ask(stream=True, **USAGE)[0]._hidden_params["taskroute"]
    assert (record["model"], record["cost"]) == ("small", pytest.approx(20e-6))


def test_a_stream_keeps_tool_calls(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Say(tools=(ToolCall("look", {"at": "Paris"}),)))
    chunks = ask(stream=True, tools=TOOLS)
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert deltas[0].function.name == "look"
    assert json.loads("".join(call.function.arguments or "" for call in deltas)) == {"at": "Paris"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_a_stream_keeps_what_was_thought(ask: Calls, emulator: Emulator) -> None:
    emulator.on("claude-sonnet-4-5", Say("hey", reasoning="hm"))
    chunks = ask("taskroute/claude", stream=True)
    assert "".join(getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in chunks) == "hm"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hey"


@pytest.mark.parametrize("is_async", [False, True])
def test_embeddings_are_routed_too(is_async: bool, routed: Any, emulator: Emulator) -> None:
    given: dict[str, Any] = {"model": "taskroute/auto", "input": ["a", "b"], "metadata": {"stage": "embed"}}
    answer = asyncio.run(litellm.aembedding(**given)) if is_async else litellm.embedding(**given)
    assert [len(each["embedding"]) > 0 for each in answer.data] == [True, True]
    assert emulator.requests[0].body["model"] == "text-embedding-3-small"
    assert answer._hidden_params["taskroute"]["route"] == "vectors"


# Failures


def test_the_last_models_own_error_is_raised_with_a_note_of_every_try(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("server_error")).on("gpt-4o", Fault("rate_limit"))
    with pytest.raises(litellm.RateLimitError) as caught:
        ask()
    assert caught.value.status_code == 429
    assert "1. small: server_error" in caught.value.__notes__[0]
    assert "2. large: rate_limit" in caught.value.__notes__[0]


def test_a_sync_stream_raises_the_models_error_where_the_call_is_made(routed: Any, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("rate_limit")).on("gpt-4o", Fault("rate_limit"))
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(model="taskroute/auto", messages=MESSAGES, stream=True)


async def test_an_async_stream_raises_at_its_first_chunk_with_the_models_error_inside(routed: Any, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("rate_limit")).on("gpt-4o", Fault("rate_limit"))
    stream = await litellm.acompletion(model="taskroute/auto", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError) as caught:
        await anext(stream)
    assert caught.value.status_code == 429
    assert isinstance(caught.value.original_exception, litellm.RateLimitError)


def test_a_bad_request_is_not_tried_elsewhere(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("bad_request"))
    with pytest.raises(litellm.BadRequestError):
        ask()
    assert asked(emulator) == ["gpt-4o-mini"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_no_model_may_answer_is_forbidden_with_the_reasons(stream: bool, routed: Any, ask: Calls, emulator: Emulator) -> None:
    routed(require=[{"when": {"sensitive": True}, "labels": ["private"]}])
    with pytest.raises(litellm.PermissionDeniedError, match="no model may answer this call") as caught:
        ask(messages=[{"role": "user", "content": "I am ann@example.com"}], stream=stream)
    assert caught.value.status_code == 403
    assert isinstance(caught.value.__cause__, NoEligibleModelError)
    assert "small" in str(caught.value)
    assert emulator.requests == []


def test_a_key_that_is_missing_is_named(routed: Any, ask: Calls, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEY")
    with pytest.raises(litellm.BadRequestError, match=r"models\.small\.api_key_env: the environment variable 'KEY' is not set"):
        ask("taskroute/small")


def test_a_stream_that_breaks_says_so_and_no_other_model_goes_on(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Cut(4, say=Say("one two three four five six")))
    with pytest.raises(openai.APIError):
        ask(stream=True)
    assert asked(emulator) == ["gpt-4o-mini"]


# What LiteLLM logs


class Events(queue.SimpleQueue[Any]):
    """What LiteLLM's callbacks are told, in the order in which they are."""

    def success(self, kwargs: Any, response: Any, start: Any, end: Any) -> None:
        self.put(("success", kwargs["model"], kwargs["response_cost"], response.usage.total_tokens))

    def failure(self, kwargs: Any, response: Any, start: Any, end: Any) -> None:
        self.put(("failure", kwargs["model"], type(kwargs["exception"]).__name__, None))


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    told = Events()
    monkeypatch.setattr(litellm, "success_callback", [told.success])
    monkeypatch.setattr(litellm, "failure_callback", [told.failure])
    return told


def test_litellm_logs_each_call_once_with_the_cost_of_the_answer(routed: Any, events: Events, emulator: Emulator) -> None:
    emulator.on("gpt-4o", *[Say("one", input=100, output=10)] * 3)
    given: dict[str, Any] = {"model": "taskroute/auto", "messages": MESSAGES, "metadata": {"stage": "generate"}}
    litellm.completion(**given)
    assert list(litellm.completion(**given, stream=True, **USAGE))
    answer = litellm.completion(**given)
    told = [events.get(timeout=30) for _ in range(3)]
    cost = litellm.completion_cost(model="gpt-4o", prompt="", completion="", completion_response=answer)
    assert told == [("success", "auto", pytest.approx(cost), 110)] * 3
    assert answer._hidden_params["response_cost"] == pytest.approx(cost)


def test_litellm_logs_a_failed_call_once_and_a_failed_attempt_never(routed: Any, events: Events, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", *[Fault("server_error")] * 2).on("gpt-4o", Fault("rate_limit"))
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(model="taskroute/auto", messages=MESSAGES)
    litellm.completion(model="taskroute/auto", messages=MESSAGES)
    assert sorted(str(events.get(timeout=30)[:2]) for _ in range(2)) == ["('failure', 'auto')", "('success', 'auto')"]
    assert events.empty()


def test_an_attempt_is_no_call_of_the_router_or_proxy_around_it(routed: Any, emulator: Emulator) -> None:
    """Else its tokens would count twice against the deployment and the key."""
    deployment = {"model_name": "any", "litellm_params": {"model": "taskroute/auto"}}
    answer = litellm.Router(model_list=[deployment]).completion(
        model="any", messages=MESSAGES, metadata={"stage": "generate", "user_api_key_hash": "h"}
    )
    assert answer._hidden_params["taskroute"]["stage"] == "generate"
    written = {"stage": "x", "user_api_key_hash": "h", "user_api_key_team_id": "t", "model_group": "g", "deployment": "d", "tags": ["a"]}
    assert own_metadata(written) == {"stage": "x", "tags": ["a"]}


# Dropped calls


def test_a_sync_stream_that_is_closed_early_ends_the_call(routed: Any, emulator: Emulator, ends: Ends) -> None:
    emulator.on("gpt-4o-mini", Stall(4))
    stream = litellm.completion(model="taskroute/auto", messages=MESSAGES, stream=True)
    next(stream)
    close(stream)
    assert [outcome.status for outcome in ends.outcomes] == ["cancelled"]


async def test_an_async_stream_that_is_closed_early_ends_the_call(routed: Any, emulator: Emulator, ends: Ends) -> None:
    emulator.on("gpt-4o-mini", Stall(4))
    stream = await litellm.acompletion(model="taskroute/auto", messages=MESSAGES, stream=True)
    await anext(stream)
    await aclose(stream)
    assert [outcome.status for outcome in ends.outcomes] == ["cancelled"]


async def test_a_call_that_is_cancelled_ends_as_cancelled(routed: Any, emulator: Emulator, ends: Ends) -> None:
    came = asyncio.Event()
    loop = asyncio.get_running_loop()

    def rule(asked: Any) -> Any:
        loop.call_soon_threadsafe(came.set)
        return Stall(0)

    emulator.by("gpt-4o-mini", rule)
    task = asyncio.create_task(litellm.acompletion(model="taskroute/auto", messages=MESSAGES))
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [outcome.status for outcome in ends.outcomes] == ["cancelled"]


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


def test_models_may_be_named_where_the_policy_is_used(routed: Any, ask: Calls, emulator: Emulator) -> None:
    router = Router({"models": {"own": {}, "second": {}}, "default": ["own", "second"]}, environ={})
    with pytest.raises(ConfigurationError, match=r"models=\{'onw': …\} is no model of the policy; it has own, second"):
        register(router, models={"onw": "openai/gpt-4o"})
    params = {"model": "openai/gpt-4o", "api_base": f"{emulator.url}/v1", "api_key": "sk-emulated"}
    register(router, models={"own": params, "second": "openai/gpt-4o-mini"})
    ask()
    assert asked(emulator) == ["gpt-4o"]
