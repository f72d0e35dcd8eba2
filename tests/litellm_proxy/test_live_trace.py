"""One tree of spans in a running proxy, from the client's own span to the deployment that was asked, however the request ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.emulator import Emulator, Fault, Say, Stall
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink, Span

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HI: Any = [{"role": "user", "content": "hi"}]
REQUESTS: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/chat/completions", {"messages": HI}, "chat m-large"),
    ("/v1/chat/completions", {"messages": HI, "stream": True}, "chat m-large"),
    ("/v1/embeddings", {"input": "hi"}, "embeddings m-large"),
    ("/v1/responses", {"input": "hi"}, "chat m-large"),
    ("/v1/responses", {"input": "hi", "stream": True}, "chat m-large"),
    ("/v1/messages", {"messages": HI, "max_tokens": 5}, "chat m-large"),
    ("/v1/messages", {"messages": HI, "max_tokens": 5, "stream": True}, "chat m-large"),
]


@pytest.fixture
def ask(proxy: Proxy, sink: Sink) -> Any:
    """Sends a request within a trace of its own, and returns its spans."""
    with httpx.Client(base_url=proxy.url, timeout=60, headers={"authorization": "Bearer sk-plain"}) as http:

        def sent(path: str, body: Any, **headers: str) -> tuple[Span, list[Span]]:
            trace = f"{time.time_ns():032x}"
            about = {"x-taskroute-stage": "rerank", "traceparent": f"00-{trace}-{PARENT}-01", **headers}
            http.post(path, json={"model": "auto", **body}, headers=about).raise_for_status()
            route, attempts = sink.call(lambda span: span.trace == trace)
            assert {attempt.trace for attempt in attempts} == {trace}
            return route, attempts

        yield sent


Ask = Callable[..., tuple[Span, list[Span]]]


@pytest.mark.parametrize(("path", "body", "name"), REQUESTS)
def test_every_request_is_one_tree_below_its_client(ask: Ask, emulator: Emulator, path: str, body: Any, name: str) -> None:
    emulator.on("m-large", Say("ho", input=1000, output=500))
    route, [attempt] = ask(path, body)
    assert (attempt.name, attempt.parent) == (name, route.id)
    assert attempt.attributes["server.address"] == "127.0.0.1"
    assert attempt.attributes["server.port"] == int(emulator.url.rsplit(":", 1)[1])
    assert attempt.attributes["gen_ai.provider.name"] == "openai"
    assert ("gen_ai.request.stream" in attempt.attributes) is bool(body.get("stream"))
    assert "gen_ai.conversation.id" not in attempt.attributes


def test_a_fallback_and_a_retry_are_in_the_tree_of_the_client(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error"), Fault("server_error")).on("m-small", Say("ho"))
    route, attempts = ask("/v1/chat/completions", {"messages": HI, "num_retries": 1})
    assert [(attempt.name, attempt.parent, attempt.failed) for attempt in attempts] == [
        ("chat m-large", route.id, True),
        ("chat m-small", route.id, False),
    ]
    assert attempts[0].attributes["error.type"] == "500"
    assert attempts[0].attributes["taskroute.retry.count"] == 1


def test_a_stream_that_its_client_leaves_is_in_its_tree(proxy: Proxy, sink: Sink, emulator: Emulator) -> None:
    emulator.on("m-large", Stall(3, seconds=20))
    headers = {"authorization": "Bearer sk-plain", "x-taskroute-stage": "rerank", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    body = {"model": "auto", "stream": True, "messages": HI}
    with httpx.stream("POST", f"{proxy.url}/v1/chat/completions", json=body, headers=headers, timeout=60) as answer:
        next(answer.iter_lines())
        decision = answer.headers["x-taskroute-decision-id"]
    route, [attempt] = sink.decided(decision)
    assert (route.trace, attempt.trace, attempt.parent) == (TRACE, TRACE, route.id)
    assert attempt.attributes["taskroute.cancelled"] is True


def test_the_parameters_of_a_request_are_on_the_span(ask: Ask, emulator: Emulator) -> None:
    _, [attempt] = ask("/v1/chat/completions", {"messages": HI, "temperature": 0.5, "max_tokens": 9, "stop": ["END"], "seed": 3})
    told = {name: attempt.attributes[f"gen_ai.request.{name}"] for name in ("temperature", "max_tokens", "stop_sequences", "seed")}
    assert told == {"temperature": 0.5, "max_tokens": 9, "stop_sequences": ["END"], "seed": 3}


def test_the_session_that_a_client_names_is_the_conversation(ask: Ask, emulator: Emulator) -> None:
    headers = {"x-litellm-session-id": "thread-00000001"}
    _, [attempt] = ask("/v1/chat/completions", {"messages": HI}, **headers)
    assert attempt.attributes["gen_ai.conversation.id"] == "thread-00000001"
    _, [attempt] = ask("/v1/chat/completions", {"messages": HI, "metadata": {"session_id": "thread-2"}})
    assert attempt.attributes["gen_ai.conversation.id"] == "thread-2"


def test_the_trace_that_a_client_names_is_no_conversation(ask: Ask, emulator: Emulator) -> None:
    _, [attempt] = ask("/v1/chat/completions", {"messages": HI}, **{"x-litellm-trace-id": "a-trace-of-the-client"})
    assert "gen_ai.conversation.id" not in attempt.attributes
