"""The spans of a running proxy: one route span for a request, its attempts below it, as everywhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.emulator import Emulator, Fault, Say, Stall
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink, Span

Seen = tuple[Span, list[Span]]
Ask = Callable[..., tuple[httpx.Response, Seen]]
HI: Any = [{"role": "user", "content": "hi"}]


@pytest.fixture
def ask(proxy: Proxy, sink: Sink) -> Any:
    """Sends a request, and returns the answer with its spans."""
    with httpx.Client(base_url=proxy.url, timeout=60, headers={"authorization": "Bearer sk-plain"}) as http:

        def sent(path: str = "/v1/chat/completions", *, stage: str = "rerank", headers: Any = None, **body: Any) -> tuple[Any, Seen]:
            answer = http.post(path, json={"model": "auto", **body}, headers={"x-taskroute-stage": stage, **(headers or {})})
            return answer, sink.decided(answer.headers["x-taskroute-decision-id"])

        yield sent


def about(span: Span, *names: str) -> list[Any]:
    return [span.attributes.get(f"taskroute.{name}") for name in names]


def test_a_chat_is_a_route_with_one_attempt(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Say("ho", input=1000, output=500))

    _, (route, [attempt]) = ask(messages=HI)

    assert route.name == "route reranking"
    assert about(route, "model", "stage", "stage.source", "attempts", "fallback.count") == ["large", "rerank", "header", 1, 0]
    assert attempt.name == "chat m-large"
    assert attempt.attributes["gen_ai.usage.input_tokens"] == 1000
    assert about(attempt, "cost.total", "cost.currency") == [pytest.approx(0.02), "USD"]
    assert about(route, "cost.total") == [pytest.approx(0.02)]
    assert (route.failed, attempt.failed) == (False, False)


def test_each_fallback_is_an_attempt(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error")).on("m-small", Say("ho", input=1000, output=500))

    _, (route, [first, second]) = ask(messages=HI)

    assert about(route, "model", "attempts", "fallback.count", "fallback.from", "fallback.reason") == [
        "small",
        2,
        1,
        "large",
        "server_error",
    ]
    assert (first.failed, second.failed) == (True, False)
    assert first.attributes["error.type"] == "500"
    assert about(second, "fallback.from", "fallback.reason", "attempt") == ["large", "server_error", 2]
    assert about(route, "cost.total") == [pytest.approx(0.002)]
    assert {first.trace, second.trace} == {route.trace}


def test_a_retry_of_litellms_is_a_retry_of_the_attempt(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error"))

    _, (route, [attempt]) = ask(messages=HI, num_retries=1)

    assert about(route, "attempts", "fallback.count") == [2, 0]
    assert about(attempt, "retry.count") == [1]
    assert attempt.events == ("retry",)


def test_where_all_fail_the_route_has_failed(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error")).on("m-small", Fault("unauthorized")).on("m-house", Fault("rate_limit"))

    answer, (route, attempts) = ask(messages=HI)

    assert answer.status_code >= 400
    assert route.failed
    assert [(attempt.attributes["error.type"], attempt.failed) for attempt in attempts] == [("500", True), ("401", True), ("429", True)]
    assert about(route, "model") == [None]


def test_a_stream_has_its_usage_and_cost(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Say("ho ho ho", input=1000, output=500))

    _, (route, [attempt]) = ask(messages=HI, stream=True, stream_options={"include_usage": True})

    assert attempt.attributes["gen_ai.request.stream"] is True
    assert attempt.attributes["gen_ai.response.time_to_first_chunk"] > 0
    assert about(route, "model", "cost.total") == ["large", pytest.approx(0.02)]


def test_a_stream_that_breaks_has_failed(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Say("one two three four five six", error_after=4))

    _, (route, [attempt]) = ask(messages=HI, stream=True)

    assert (route.failed, attempt.failed) == (True, True)
    assert attempt.attributes["gen_ai.response.finish_reasons"] == ["error"]


def test_a_stream_that_its_client_leaves_is_cancelled(proxy: Proxy, sink: Sink, emulator: Emulator) -> None:
    emulator.on("m-large", Stall(3, seconds=20))
    body = {"model": "auto", "stream": True, "messages": HI}
    headers = {"authorization": "Bearer sk-plain", "x-taskroute-stage": "rerank"}

    with httpx.stream("POST", f"{proxy.url}/v1/chat/completions", json=body, headers=headers, timeout=60) as answer:
        next(answer.iter_lines())
        decision = answer.headers["x-taskroute-decision-id"]
    route, [attempt] = sink.decided(decision)

    assert about(route, "cancelled") == [True]
    assert about(attempt, "cancelled") == [True]
    assert (route.failed, attempt.failed) == (False, False)


@pytest.mark.parametrize(
    ("path", "body", "operation"),
    [
        ("/v1/embeddings", {"input": "hi"}, "embeddings m-large"),
        ("/v1/responses", {"input": "hi"}, "chat m-large"),
        ("/v1/responses", {"input": "hi", "stream": True}, "chat m-large"),
        ("/v1/messages", {"messages": HI, "max_tokens": 5}, "chat m-large"),
        ("/v1/messages", {"messages": HI, "max_tokens": 5, "stream": True}, "chat m-large"),
    ],
)
def test_every_endpoint_has_one_attempt_with_its_cost(path: str, body: Any, operation: str, ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-large", Say("ho", input=1000, output=500))

    _, (route, attempts) = ask(path, **body)

    assert [attempt.name for attempt in attempts] == [operation]
    assert about(route, "model", "attempts") == ["large", 1]
    assert about(route, "cost.total") == [pytest.approx(0.01 if "embeddings" in path else 0.02)]


def test_a_message_of_anthropics_is_read_in_its_own_format(ask: Ask, emulator: Emulator) -> None:
    emulator.on("m-claude", Say("ho", input=11, output=7))

    _, (route, [attempt]) = ask("/v1/messages", stage="summarize", messages=HI, max_tokens=5, stream=True)

    assert about(route, "model") == ["claude"]
    assert [attempt.attributes[f"gen_ai.usage.{side}_tokens"] for side in ("input", "output")] == [11, 7]


def test_a_request_belongs_to_the_trace_of_its_client(ask: Ask, emulator: Emulator) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

    _, (route, [attempt]) = ask(messages=HI, headers={"traceparent": f"00-{trace}-{parent}-01"})

    # Whether the proxy's server has spans of its own in between is its own affair.
    assert (route.trace, attempt.trace, attempt.parent) == (trace, trace, route.id)


def test_a_refused_call_has_a_route_without_attempts(ask: Ask, emulator: Emulator) -> None:
    answer, (route, attempts) = ask(stage="grade", messages=[{"role": "user", "content": "Write to anna.berg@example.com."}])

    assert answer.status_code == 403
    assert attempts == []
    assert route.failed
    assert "anna.berg" not in json.dumps(route.attributes)
