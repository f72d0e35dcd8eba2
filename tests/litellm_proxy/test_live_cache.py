"""Answers that a running proxy keeps, and serves to equal requests, whichever client asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from taskroute_litellm.message_stream import MessageSource
from taskroute_litellm.replies import StreamSource, reply_of
from tests.emulator import Emulator, Fault, Say
from tests.emulator.script import ToolCall
from tests.litellm_proxy.apart import Client, group, proxy_of
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink

MODELS = {"small": "gpt-5-mini", "large": "gpt-5", "other": "gpt-5-nano"}
"""Those that LiteLLM knows for chat, so that it asks for text completions in that form."""
POLICY: dict[str, Any] = {
    "models": {
        name: {"model": f"openai:{model}", "price": {"input": 1, "output": 2}, "labels": ["inside"]} for name, model in MODELS.items()
    },
    "default": ["small", "large"],
    "routes": [
        {"name": "alone", "when": {"stage": "grade"}, "use": ["other"], "fallback": "none"},
        {"name": "fresh", "when": {"stage": "plan"}, "use": ["small"], "cache": "none"},
    ],
    "require": [{"when": {"metadata": {"kind": "secret"}}, "labels": ["inside"]}],
    "breaker": "none",
    "classifier": {"kind": "none"},
    "cache": {"store": "memory", "tool_calls": True},
}
DEAR = {"input_cost_per_token": 0.01, "output_cost_per_token": 0.01}
LOOK = {"name": "look", "description": "Look.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
ENDPOINTS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "chat": ("/v1/chat/completions", {}, [{"type": "function", "function": LOOK}]),
    "text": ("/v1/completions", {}, None),
    "responses": ("/v1/responses", {"store": False}, [{"type": "function", **LOOK}]),
    "messages": ("/v1/messages", {"max_tokens": 50}, [{"name": "look", "description": "Look.", "input_schema": LOOK["parameters"]}]),
}


@pytest.fixture(scope="module")
def proxy(provider: Emulator, sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    groups = [group(name, MODELS[name], **DEAR) for name in MODELS]
    with proxy_of(tmp_path_factory.mktemp("cache"), provider, sink, policy=POLICY, groups=groups) as found:
        yield found


@pytest.fixture
def client(proxy: Proxy) -> Iterator[Client]:
    with Client(proxy) as found:
        yield found


@pytest.fixture
def text() -> str:
    """A question that nobody has asked before."""
    return f"What is {uuid4().hex}?"


def asked_of(emulator: Emulator) -> list[str]:
    """Return the groups whose models were asked, oldest first."""
    names = {model: name for name, model in MODELS.items()}
    return [names[str(request.body["model"])] for request in emulator.requests]


def body_of(endpoint: str, text: str, **more: Any) -> dict[str, Any]:
    name = {"text": "prompt", "responses": "input"}.get(endpoint, "messages")
    asked: Any = text if name != "messages" else [{"role": "user", "content": text}]
    return {"model": "auto", name: asked, **ENDPOINTS[endpoint][1], **more}


def ask(client: Client, endpoint: str, text: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
    answer = client.post(ENDPOINTS[endpoint][0], body_of(endpoint, text, **more), headers)
    assert answer.status_code == 200, answer.text
    return answer


def read(endpoint: str, answer: Any, *, streams: bool) -> tuple[str, list[Any]]:
    if not streams:
        reply = reply_of(answer.json(), examined=True)
        return reply.text, list(zip(reply.tool_calls, reply.arguments, strict=True))
    source: Any = MessageSource(examined=True) if endpoint == "messages" else StreamSource(examined=True)
    if endpoint == "messages":
        source.take(answer.content)
    else:
        for line in answer.text.splitlines():
            if line.startswith("data: ") and line != "data: [DONE]":
                source.take(json.loads(line.removeprefix("data: ")))
    reply = source.reply()
    return reply.text, list(zip(reply.tool_calls, reply.arguments, strict=True))


@pytest.mark.parametrize("first", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("second", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_what_one_request_stored_another_is_served(
    client: Client, emulator: Emulator, text: str, endpoint: str, first: bool, second: bool
) -> None:
    emulator.by(MODELS["small"], lambda asked: Say("Paris is the capital."))
    paid = ask(client, endpoint, text, stream=first)
    served = ask(client, endpoint, text, stream=second)
    assert asked_of(emulator) == ["small"]
    assert read(endpoint, served, streams=second) == ("Paris is the capital.", [])
    assert paid.headers["x-taskroute-cache"] == "miss"
    assert served.headers["x-taskroute-cache"] == "hit"
    assert int(served.headers["x-taskroute-cache-age"]) >= 0
    assert served.headers["x-taskroute-model"] == "small"


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("endpoint", ["chat", "responses", "messages"])
def test_calls_of_tools_survive(client: Client, emulator: Emulator, text: str, endpoint: str, streams: bool) -> None:
    emulator.by(MODELS["small"], lambda asked: Say("", tools=(ToolCall("look", {"at": "Paris"}),)))
    tools = ENDPOINTS[endpoint][2]
    ask(client, endpoint, text, tools=tools)
    served = ask(client, endpoint, text, tools=tools, stream=streams)
    assert asked_of(emulator) == ["small"]
    assert read(endpoint, served, streams=streams) == ("", [("look", {"at": "Paris"})])


@pytest.mark.parametrize("endpoint", ["chat", "text", "responses"])
def test_a_hit_is_not_charged(client: Client, emulator: Emulator, text: str, endpoint: str) -> None:
    emulator.by(MODELS["small"], lambda asked: Say("Paris."))
    paid, served = ask(client, endpoint, text), ask(client, endpoint, text)
    assert float(paid.headers["x-litellm-response-cost"]) > 0
    assert float(served.headers.get("x-litellm-response-cost") or 0) == 0
    usage = served.json()["usage"]
    assert not any(count for name, count in usage.items() if name.endswith("_tokens"))
    assert paid.json()["id"] != served.json()["id"]


def test_headers_and_metadata_pass_over_what_is_stored(client: Client, emulator: Emulator, text: str) -> None:
    emulator.then(Say("first"), Say("second"), Say("third"), Say("fourth"))
    said = [
        ask(client, "chat", text),
        ask(client, "chat", text, {"x-taskroute-cache": "bypass"}),
        ask(client, "chat", text),
        ask(client, "chat", text, {"x-taskroute-cache": "refresh"}),
        ask(client, "chat", text, metadata={"taskroute_cache": "bypass"}),
        ask(client, "chat", text),
    ]
    assert [read("chat", answer, streams=False)[0] for answer in said] == ["first", "second", "first", "third", "fourth", "third"]
    assert [answer.headers["x-taskroute-cache"] for answer in said] == ["miss", "bypass", "hit", "miss", "bypass", "hit"]


def test_a_fallbacks_answer_is_stored_under_its_own_model(client: Client, emulator: Emulator, text: str) -> None:
    emulator.on(MODELS["small"], Fault("server_error"), Say("by small"), Fault("server_error"))
    emulator.by(MODELS["large"], lambda asked: Say("by large"))
    first = ask(client, "chat", text)
    second = ask(client, "chat", text)
    assert [read("chat", answer, streams=False)[0] for answer in (first, second)] == ["by large", "by small"]
    assert asked_of(emulator) == ["small", "large", "small"]
    pinned = ask(client, "chat", text, model="large")
    assert read("chat", pinned, streams=False)[0] == "by large"
    assert pinned.headers["x-taskroute-cache"] == "hit"
    assert asked_of(emulator) == ["small", "large", "small"]


def test_failures_truncated_answers_and_routes_without_the_cache_are_not_kept(client: Client, emulator: Emulator, text: str) -> None:
    emulator.on(MODELS["other"], Fault("bad_request"), Say("Pa", finish="length"), Say("Paris."))
    headers = {"x-taskroute-stage": "grade"}
    assert client.post("/v1/chat/completions", body_of("chat", text), headers).status_code == 400
    assert read("chat", ask(client, "chat", text, headers), streams=False)[0] == "Pa"
    assert read("chat", ask(client, "chat", text, headers), streams=False)[0] == "Paris."
    assert ask(client, "chat", text, headers).headers["x-taskroute-cache"] == "hit"


@pytest.mark.parametrize("model", ["taskroute_replay/gpt-5-mini", "taskroute_replay/*", "small,taskroute_replay/x"])
def test_nobody_asks_for_what_is_stored_by_its_name(client: Client, emulator: Emulator, text: str, model: str) -> None:
    ask(client, "chat", text)
    before = len(emulator.requests)
    refused = client.post("/v1/chat/completions", {**body_of("chat", text), "model": model})
    assert refused.status_code == 400
    assert "gives out what is stored" in refused.text
    assert len(emulator.requests) == before


def test_what_is_stored_is_not_listed_among_the_models(proxy: Proxy, client: Client, text: str, emulator: Emulator) -> None:
    emulator.by(MODELS["small"], lambda asked: Say("Paris."))
    for _ in range(2):
        ask(client, "chat", text, metadata={"kind": "secret"})
    assert [request.body["model"] for request in emulator.requests] == [MODELS["small"]]
    listed = httpx.get(f"{proxy.url}/v1/models", headers={"authorization": "Bearer sk-plain"}, timeout=60)
    assert [model["id"] for model in listed.json()["data"]] == ["auto", *MODELS]


@pytest.mark.parametrize("key", ["sk-legal", "sk-auto", "sk-groups"])
def test_keys_are_served_that_may_not_name_every_model(proxy: Proxy, emulator: Emulator, text: str, key: str) -> None:
    emulator.by(MODELS["small"], lambda asked: Say("Paris."))
    # What LiteLLM refuses for a provider that it does not know.
    more: dict[str, Any] = {"reasoning_effort": "low", "verbosity": "low"}
    with Client(proxy, key=key) as client:
        ask(client, "chat", text, **more)
        assert ask(client, "chat", text, **more).headers["x-taskroute-cache"] == "hit"
    assert asked_of(emulator) == ["small"]


def test_clients_of_openai_and_anthropic_are_served(proxy: Proxy, emulator: Emulator, text: str) -> None:
    openai: Any = pytest.importorskip("openai")
    emulator.by(MODELS["small"], lambda asked: Say("Paris."))
    with openai.OpenAI(base_url=f"{proxy.url}/v1", api_key="sk-plain", max_retries=0) as client:
        asked: list[Any] = [{"role": "user", "content": text}]
        first = client.chat.completions.create(model="auto", messages=asked)
        again = client.chat.completions.create(model="auto", messages=asked, stream=True, stream_options={"include_usage": True})
        chunks = list(again)
    assert first.choices[0].message.content == "Paris."
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Paris."
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage is not None] == [0]
    assert {chunk.model for chunk in chunks} == {"auto"}
    assert asked_of(emulator) == ["small"]
    anthropic: Any = pytest.importorskip("anthropic")
    with anthropic.Anthropic(base_url=proxy.url, api_key="sk-plain", max_retries=0) as client:
        given: dict[str, Any] = {"model": "auto", "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
        messages = [client.messages.create(**given) for _ in range(2)]
        with client.messages.stream(**given) as stream:
            assert stream.get_final_text() == "Paris."
    assert [message.content[0].text for message in messages] == ["Paris.", "Paris."]
    assert asked_of(emulator) == ["small", "small"]
