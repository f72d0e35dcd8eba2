"""Where the calls of a running proxy go, and where they never go."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.emulator import Cut, Emulator, Fault, Say
from tests.litellm_proxy.running import Proxy

SECRET = "Write to anna.berg@example.com about it."


class Client:
    """Sends a proxy what an HTTP client may send it."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def post(self, path: str, body: dict[str, Any], *, key: str = "sk-plain", headers: dict[str, str] | None = None) -> httpx.Response:
        return self.http.post(path, json=body, headers={"authorization": f"Bearer {key}", **(headers or {})})

    def chat(
        self, text: str = "hi", *, model: str = "auto", key: str = "sk-plain", stage: str | None = None, **more: Any
    ) -> httpx.Response:
        headers = {"x-taskroute-stage": stage} if stage else None
        return self.post(
            "/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": text}], **more}, key=key, headers=headers
        )


@pytest.fixture
def client(proxy: Proxy) -> Any:
    with httpx.Client(base_url=proxy.url, timeout=60) as http:
        yield Client(http)


def asked(emulator: Emulator) -> list[str]:
    return [request.body["model"] for request in emulator.requests]


# Signals


def test_the_team_of_a_key_is_a_signal(client: Client, emulator: Emulator) -> None:
    answer = client.chat(key="sk-legal")

    assert answer.headers["x-taskroute-route"] == "of-legal"
    assert asked(emulator) == ["m-large"]


def test_nobody_passes_for_another_team(client: Client, emulator: Emulator) -> None:
    answer = client.chat(metadata={"team_id": "legal", "user_api_key_team_id": "legal"})

    assert answer.headers["x-taskroute-route"] == "default"
    assert asked(emulator) == ["m-small"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {"input": "hi"}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}),
        ("/v1/embeddings", {"input": "hi"}),
    ],
)
def test_the_team_of_a_key_is_a_signal_everywhere(path: str, body: dict[str, Any], client: Client, emulator: Emulator) -> None:
    answer = client.post(path, {"model": "auto", **body}, key="sk-legal")

    assert answer.status_code == 200
    assert answer.headers["x-taskroute-route"] == "of-legal"
    assert asked(emulator) == ["m-large"]


def test_each_virtual_name_is_routed(client: Client, emulator: Emulator) -> None:
    answer = client.chat(model="smart", stage="rerank")

    assert answer.headers["x-taskroute-route"] == "reranking"
    assert asked(emulator) == ["m-large"]


def test_a_route_may_have_any_name(client: Client, emulator: Emulator) -> None:
    answer = client.chat(stage="judge")

    assert answer.headers["x-taskroute-route"] == "im-haus-f%C3%BCr-alle"


# What may not answer


def test_sensitive_text_goes_only_where_it_may(client: Client, emulator: Emulator) -> None:
    client.chat(SECRET)

    assert asked(emulator) == ["m-house"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["server_error", "context_overflow", "content_filter", "rate_limit"])
def test_a_failure_never_reaches_a_group_outside_of_the_policy(kind: Any, stream: bool, client: Client, emulator: Emulator) -> None:
    emulator.on("m-house", Fault(kind))

    answer = client.chat(SECRET, stream=stream)

    assert answer.status_code >= 400
    assert asked(emulator) == ["m-house"]


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/messages"])
@pytest.mark.parametrize("stream", [False, True])
def test_nor_does_one_of_another_endpoint(stream: bool, path: str, client: Client, emulator: Emulator) -> None:
    emulator.on("m-house", Fault("server_error"))
    body = {"input": SECRET} if path == "/v1/responses" else {"messages": [{"role": "user", "content": SECRET}], "max_tokens": 5}

    answer = client.post(path, {"model": "auto", "stream": stream, **body})

    assert answer.status_code >= 400
    assert asked(emulator) == ["m-house"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
@pytest.mark.parametrize("broken", [Cut(0), Cut(1), Say(error_after=0)])
def test_nor_does_a_stream_that_breaks_before_it_says_anything(broken: Any, path: str, client: Client, emulator: Emulator) -> None:
    emulator.on("m-house", broken)
    said = {"input": SECRET} if path == "/v1/responses" else {"messages": [{"role": "user", "content": SECRET}], "max_tokens": 5}

    client.post(path, {"model": "auto", "stream": True, **said})

    assert asked(emulator) == ["m-house"]


def test_a_client_cannot_bring_its_own_fallbacks(client: Client, emulator: Emulator) -> None:
    emulator.on("m-house", Fault("server_error"))

    client.chat(SECRET, fallbacks=["outside"])

    assert asked(emulator) == ["m-house"]


def test_a_model_of_the_policy_that_is_named_answers_alone(client: Client, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error"))

    answer = client.chat(model="large", stage="grade")

    assert answer.status_code == 500
    assert asked(emulator) == ["m-large"]


def test_a_model_that_is_named_is_held_to_the_policy(client: Client, emulator: Emulator) -> None:
    answer = client.chat(SECRET, model="large")

    assert answer.status_code == 403
    assert "large: lacks the required label private" in answer.text
    assert asked(emulator) == []


def deployment_of(client: Client, group: str) -> str:
    """Return the id of a group's deployment."""
    known = client.http.get("/v1/model/info", headers={"authorization": "Bearer sk-plain"}).json()["data"]
    return str(next(entry["model_info"]["id"] for entry in known if entry["model_name"] == group))


@pytest.mark.parametrize("names", ["id", "openai/m-small"])
def test_a_deployment_is_no_way_around_the_policy(names: str, client: Client, emulator: Emulator) -> None:
    answer = client.chat(SECRET, model=deployment_of(client, "small") if names == "id" else names)

    assert answer.status_code == 400
    assert "ask for 'small' instead" in answer.text
    assert asked(emulator) == []


def test_a_deployment_that_the_policy_does_not_know_is_left_to_the_proxy(client: Client, emulator: Emulator) -> None:
    client.chat(model=deployment_of(client, "outside"))

    assert asked(emulator) == ["m-outside"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1beta/models/{}:generateContent", {"contents": [{"role": "user", "parts": [{"text": SECRET}]}]}),
        ("/v1beta/models/{}:streamGenerateContent", {"contents": [{"role": "user", "parts": [{"text": SECRET}]}]}),
        ("/v1/moderations", {"input": SECRET}),
        ("/v1/rerank", {"query": SECRET, "documents": [SECRET]}),
    ],
)
@pytest.mark.parametrize("model", ["auto", "small", "openai/m-small"])
def test_nor_is_a_request_of_a_kind_that_is_not_routed(
    path: str, body: dict[str, Any], model: str, client: Client, emulator: Emulator
) -> None:
    client.post(path.format(model), {"model": model, **body})

    assert asked(emulator) == []


@pytest.mark.parametrize("path", ["/openai/deployments/small/chat/completions", "/engines/small/chat/completions"])
def test_nor_is_another_path_to_the_same(path: str, client: Client, emulator: Emulator) -> None:
    answer = client.post(path, {"messages": [{"role": "user", "content": SECRET}]})

    assert answer.status_code == 403
    assert asked(emulator) == []


@pytest.mark.parametrize("model", ["auto", "small"])
def test_nor_is_a_path_that_asks_no_hook(model: str, client: Client, emulator: Emulator) -> None:
    answer = client.post("/queue/chat/completions", {"model": model, "priority": 1, "messages": [{"role": "user", "content": SECRET}]})

    assert answer.status_code >= 400
    assert "not kept on this path" in answer.text
    assert asked(emulator) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": SECRET}]}),
        ("/v1/responses", {"input": SECRET}),
        ("/v1/messages", {"messages": [{"role": "user", "content": SECRET}], "max_tokens": 5}),
        ("/v1/embeddings", {"input": [{"text": SECRET}]}),
        ("/v1/responses", {"input": [SECRET]}),
    ],
)
def test_the_body_is_sent_to_the_model_that_is_chosen_and_no_other(
    path: str, body: dict[str, Any], client: Client, emulator: Emulator
) -> None:
    client.post(path, {"model": "auto", "extra_body": {"model": "m-small"}, **body})

    assert asked(emulator) == ["m-house"]


def test_where_nobody_may_answer_each_model_has_its_reason(client: Client, emulator: Emulator) -> None:
    answer = client.chat(SECRET, stage="grade")

    assert answer.status_code == 403
    assert "small: lacks the required label private" in answer.text
    assert answer.headers["x-taskroute-route"] == "alone"
    assert asked(emulator) == []


def test_a_group_that_the_policy_does_not_know_is_left_to_the_proxy(client: Client, emulator: Emulator) -> None:
    answer = client.chat(model="outside")

    assert answer.status_code == 200
    assert "x-taskroute-route" not in answer.headers
    assert asked(emulator) == ["m-outside"]


def test_a_name_that_nobody_knows_is_refused_by_the_proxy(client: Client, emulator: Emulator) -> None:
    answer = client.chat(model="nobody")

    assert answer.status_code in (400, 404)
    assert "x-taskroute-route" not in answer.headers
    assert asked(emulator) == []


# Fallbacks and retries


def test_a_failure_goes_on_along_the_order_of_the_route(client: Client, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error"))

    answer = client.chat(stage="rerank")

    assert answer.status_code == 200
    assert asked(emulator) == ["m-large", "m-small"]
    assert answer.headers["x-taskroute-model"] == "small"


def test_so_does_a_stream(client: Client, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error")).on("m-small", Say("from the small one"))

    answer = client.chat(stage="rerank", stream=True)

    assert asked(emulator) == ["m-large", "m-small"]
    assert "from" in answer.text
    assert answer.headers["x-taskroute-model"] == "small"


def test_a_message_falls_back_across_providers(client: Client, emulator: Emulator) -> None:
    emulator.on("m-claude", Fault("overloaded"))

    answer = client.post(
        "/v1/messages",
        {"model": "auto", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5},
        headers={"x-taskroute-stage": "summarize"},
    )

    assert answer.status_code == 200
    assert asked(emulator) == ["m-claude", "m-small"]
    assert answer.headers["x-taskroute-model"] == "small"


def test_a_text_completion_is_routed(client: Client, emulator: Emulator) -> None:
    answer = client.post("/v1/completions", {"model": "auto", "prompt": "hi"}, headers={"x-taskroute-stage": "summarize"})

    assert answer.status_code == 200
    assert asked(emulator) == ["m-claude"]
    assert answer.headers["x-taskroute-model"] == "claude"


def test_a_route_without_fallback_has_none(client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", Fault("server_error"))

    answer = client.chat(stage="grade")

    assert answer.status_code == 500
    assert answer.headers["x-taskroute-route"] == "alone"
    assert asked(emulator) == ["m-small"]


# Bad input


@pytest.mark.parametrize(
    "body",
    [
        {"model": "auto"},
        {"model": "auto", "messages": None},
        {"model": "auto", "messages": "hi"},
        {"model": "auto", "messages": []},
        {"model": "auto", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "metadata": "oops"},
        {"model": "auto", "messages": [{"role": "user", "content": "hi"}], "metadata": {"tags": "stage:rerank"}},
        {"model": "auto", "messages": [{"role": "user", "content": "hi"}], "metadata": {"taskroute_call": "another"}},
    ],
)
def test_whatever_comes_in_the_proxy_answers_and_goes_on(body: dict[str, Any], client: Client, emulator: Emulator) -> None:
    answer = client.post("/v1/chat/completions", body)

    assert answer.status_code in (200, 400, 422), answer.text
    assert client.chat().status_code == 200
