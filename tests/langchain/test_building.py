"""Chat models that are built from the policy."""

from __future__ import annotations

import functools
import json
import operator
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from taskroute import Router
from taskroute.errors import ConfigurationError
from taskroute.testing import FakeClock, ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.pool import ModelPool
from taskroute_langchain.testing import chat_models
from tests.langchain.fake_provider import FakeProvider


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "from the environment")
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)


def router(entry: Any, **policy: Any) -> Router:
    return Router({"models": {"it": entry}, "default": "it", **policy})


def built(entry: Any, **policy: Any) -> Any:
    """Return the chat model that is built for an entry of a policy."""
    made = router(entry, **policy)
    return ModelPool(made, {}).get("it", made.snapshot.registry["it"], made.snapshot.settings.client_timeout)


def key_of(secret: object) -> str:
    assert isinstance(secret, SecretStr)
    return secret.get_secret_value()


def test_an_openai_model_is_built_with_its_parameters() -> None:
    model = built({"model": "openai:gpt-5-mini", "params": {"temperature": 1, "max_tokens": 400}})
    assert isinstance(model, ChatOpenAI)
    assert (model.model_name, model.temperature, model.max_tokens) == ("gpt-5-mini", 1, 400)


def test_an_anthropic_model_is_built_with_its_parameters() -> None:
    model = built({"model": "anthropic:claude-sonnet-4-5", "params": {"max_tokens": 4000}})
    assert isinstance(model, ChatAnthropic)
    assert (model.model, model.max_tokens) == ("claude-sonnet-4-5", 4000)


@pytest.mark.parametrize("model", ["openai:gpt-5-mini", "gpt-5-mini", "anthropic:claude-sonnet-4-5", "claude-sonnet-4-5"])
def test_the_client_does_not_retry_and_holds_the_time_limit(model: str) -> None:
    made = built(model, timeout={"attempt": "7s"})
    limit = made.request_timeout if isinstance(made, ChatOpenAI) else made.default_request_timeout
    assert (made.max_retries, limit) == (0, 7.0)


def test_a_limit_of_the_users_own_stands() -> None:
    made = built({"model": "openai:gpt-5-mini", "params": {"max_retries": 4, "timeout": 99}}, timeout={"attempt": "7s"})
    assert (made.max_retries, made.request_timeout) == (4, 99)


def test_each_time_limit_has_its_own_client_built_once() -> None:
    made = router("openai:gpt-5-mini")
    pool, spec = ModelPool(made, {}), made.snapshot.registry["it"]
    assert pool.get("it", spec, 7.0) is pool.get("it", spec, 7.0)
    assert pool.get("it", spec, 7.0) is not pool.get("it", spec, 9.0)


def test_routed_models_of_one_router_share_their_clients() -> None:
    made = router("openai:gpt-5-mini")
    spec = made.snapshot.registry["it"]
    assert ModelPool(made, {}).get("it", spec, None) is ModelPool(made, {}).get("it", spec, None)


def test_the_address_and_the_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_URL", "https://models.example")
    monkeypatch.setenv("MY_KEY", "k-123")
    made = built({"model": "openai:gpt-5-mini", "base_url": "${MY_URL}/v1", "api_key_env": "MY_KEY"})
    assert made.openai_api_base == "https://models.example/v1"
    assert key_of(made.openai_api_key) == "k-123"


def test_variables_are_replaced_inside_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", "search")
    made = built({"model": "openai:gpt-5-mini", "params": {"default_headers": {"x-team": "${TEAM}"}, "stop": ["${TEAM}"]}})
    assert made.default_headers == {"x-team": "search"}
    assert made.stop == ["search"]


MISSING: list[Any] = [
    pytest.param(
        {"model": "openai:gpt-5-mini", "base_url": "${NOT_SET}/v1"}, r"models\.it\.base_url: .*'NOT_SET' is not set", id="address"
    ),
    pytest.param({"model": "openai:gpt-5-mini", "api_key_env": "NOT_SET"}, r"models\.it\.api_key_env: .*'NOT_SET' is not set", id="key"),
    pytest.param(
        {"model": "openai:gpt-5-mini", "params": {"user": "${NOT_SET}"}}, r"models\.it\.params\.user: .*'NOT_SET'", id="parameter"
    ),
    pytest.param({"model": "groq:llama-3"}, r"models\.it: 'groq:llama-3' cannot be built: .*pip install langchain-groq", id="package"),
    pytest.param({"model": "nobody:llama-3"}, r"models\.it: 'nobody:llama-3' cannot be built: .*'provider:name'", id="provider"),
    pytest.param({"model": "some-model"}, r"models\.it: 'some-model' cannot be built: .*'provider:name'", id="bare name"),
    pytest.param({}, r"does not say what \['it'\] are; add 'model: provider:name', or pass models=", id="nothing"),
]


@pytest.mark.parametrize(("entry", "message"), MISSING)
def test_what_is_missing_is_said_when_the_pipeline_is_built(entry: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(ConfigurationError, match=message):
        RoutedChatModel(router=router(entry))


@pytest.mark.parametrize(
    ("model", "variable"), [("openai:gpt-5-mini", "OPENAI_API_KEY"), ("anthropic:claude-sonnet-4-5", "ANTHROPIC_API_KEY")]
)
def test_a_missing_key_is_said_when_the_pipeline_is_built(model: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(ConfigurationError, match=rf"models\.it: .*{variable}"):
        RoutedChatModel(router=router(model))


def test_a_key_never_shows_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    # A key that the provider's own error is sure to hold.
    monkeypatch.setenv("MY_KEY", "least")
    with pytest.raises(ConfigurationError) as raised:
        RoutedChatModel(router=router({"model": "openai:gpt", "api_key_env": "MY_KEY", "params": {"n": 0}}))
    shown = f"{raised.value}{raised.value.__cause__}"
    assert "least" not in shown
    assert "n must be at *** 1" in shown


def test_a_name_that_the_policy_lacks_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"gives \['tiny'\], which the policy does not name; it names: it"):
        RoutedChatModel(router=router({}), models={"it": FakeProvider(), "tiny": FakeProvider()})


@pytest.mark.parametrize(
    "other", [FakeProvider().bind(stop=["x"]), FakeProvider() | str, "openai:gpt-5-mini"], ids=["binding", "chain", "name"]
)
def test_what_is_not_a_chat_model_is_refused(other: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"models\['it'\] is a \w+, not a chat model"):
        RoutedChatModel(router=router({}), models={"it": other})
    with pytest.raises(ConfigurationError, match="original is a"):
        RoutedChatModel(router=router({}), models={"it": FakeProvider()}, original=other)


def test_a_given_model_is_not_built() -> None:
    fake = FakeProvider()
    llm = RoutedChatModel(router=router("nobody:nothing"), models={"it": fake})
    assert llm.invoke("x").text == fake.answer


def test_a_routed_model_over_built_ones_can_be_pickled_and_builds_them_again() -> None:
    llm = RoutedChatModel(router=router("openai:gpt-5-mini"))
    again: RoutedChatModel = pickle.loads(pickle.dumps(llm.for_stage("rerank")))
    assert (again.stage, again.router.policy) == ("rerank", llm.router.policy)


class Providers(ThreadingHTTPServer):
    """OpenAI and Anthropic on the loopback: the first is always too busy, the second answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.asked.append(
            (self.path, (self.headers.get("x-api-key") or self.headers.get("authorization", "")).removeprefix("Bearer "), body)
        )
        if self.path == "/v1/chat/completions":
            self._send(429, {"error": {"message": "slow down", "type": "rate_limit"}}, {"retry-after-ms": "1500"})
        else:
            usage = {"input_tokens": 5, "output_tokens": 2}
            content = [{"type": "text", "text": "from the second"}]
            self._send(
                200,
                {
                    "id": "m1",
                    "type": "message",
                    "role": "assistant",
                    "model": body["model"],
                    "content": content,
                    "stop_reason": "end_turn",
                    "usage": usage,
                },
            )

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def providers() -> Iterator[Providers]:
    with Providers() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_built_clients_send_each_try_once_and_fall_back_across_providers(providers: Providers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL", providers.url)
    monkeypatch.setenv("KEY_ONE", "k1")
    monkeypatch.setenv("KEY_TWO", "k2")
    clock = FakeClock()
    policy = {
        "models": {
            "small": {"model": "openai:gpt-5-mini", "base_url": "${LOCAL}/v1", "api_key_env": "KEY_ONE"},
            "large": {
                "model": "anthropic:claude-opus-5-5",
                "base_url": "${LOCAL}",
                "api_key_env": "KEY_TWO",
                "params": {"max_tokens": 50},
                "price": {"input": 5, "output": 25},
            },
        },
        "default": ["small", "large"],
        "retry": {"extra": 1},
    }
    answer = RoutedChatModel(router=Router(policy, clock=clock)).invoke("hello")
    assert [(path, key) for path, key, _ in providers.asked] == [
        ("/v1/chat/completions", "k1"),
        ("/v1/chat/completions", "k1"),
        ("/v1/messages", "k2"),
    ]
    assert clock.slept == [1.5]
    assert providers.asked[2][2]["max_tokens"] == 50
    assert answer.text == "from the second"
    entry = answer.response_metadata["taskroute"]
    assert (entry["model"], entry["attempts"], entry["fallback_from"], entry["fallback_reason"]) == ("large", 3, "small", "rate_limit")
    assert entry["cost"] == pytest.approx((5 * 5 + 2 * 25) / 1e6)


def test_a_reload_in_the_middle_of_a_call_leaves_its_fallback_as_it_was(providers: Providers) -> None:
    def entry(model: str, url: str) -> dict[str, Any]:
        return {"model": model, "base_url": url}

    models = {"small": entry("openai:gpt-5-mini", f"{providers.url}/v1"), "large": entry("anthropic:claude-opus-5-5", providers.url)}

    class Reloading(FakeClock):
        def sleep(self, seconds: float) -> None:
            router.reload({"models": {"small": models["small"]}, "default": "small"})

    router = Router({"models": models, "default": ["small", "large"]}, clock=Reloading())
    assert RoutedChatModel(router=router).invoke("hello").text == "from the second"
    assert list(router.policy.models) == ["small"]


def test_a_reload_to_a_model_that_cannot_be_built_falls_back() -> None:
    router = Router({"models": {"small": {}}, "default": "small"})
    llm = RoutedChatModel(router=router, models={"small": FakeProvider(model_name="small")})
    for entry in ({}, {"model": "openai:gpt-5", "base_url": "${NOPE}"}, {"model": "openai:gpt-5", "base_url": "http://${NOPE/v1"}):
        router.reload({"models": {"new": entry, "small": {}}, "default": ["new", "small"]})
        record = llm.invoke("hi").response_metadata["taskroute"]
        assert (record["model"], record["fallback_from"], record["fallback_reason"]) == ("small", "new", "not_found")


def test_a_client_never_gets_longer_than_the_whole_call() -> None:
    assert built("openai:gpt-5-mini", timeout={"call": "500ms"}).request_timeout == 0.5
    assert built("openai:gpt-5-mini", timeout={"attempt": "9s", "call": "2s"}).request_timeout == 2.0


def test_a_reload_in_the_middle_of_a_stream_leaves_its_price_as_it_was() -> None:
    def priced(price: int) -> dict[str, Any]:
        return {"models": {"small": {"price": {"input": price, "output": price}}}, "default": "small"}

    router = Router(priced(1))
    chunks = RoutedChatModel(router=router, models=chat_models(ScriptedModel({"small": ("a ", "b")}))).stream("x")
    answer = next(chunks)
    router.reload(priced(1_000_000))
    for chunk in chunks:
        answer += chunk
    assert answer.response_metadata["taskroute"]["cost"] == pytest.approx(3e-6)


class _Garbled(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers["content-length"]))
        data: bytes = server.body
        self.send_response(200)
        self.send_header("content-type", server.kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error": {"message": "upstream overloaded", "code": 502}}', "application/json"),
        (b"<html>login</html>", "text/html"),
        (b"null", "application/json"),
        (b"{}", "application/json"),
        (b'{"choices": []}', "application/json"),
        (b'{"choices": [', "application/json"),
    ],
)
@pytest.mark.parametrize("how", ["invoke", "stream"])
def test_an_answer_with_status_200_that_is_none_falls_back(body: bytes, kind: str, how: str) -> None:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Garbled)
    server.daemon_threads, server.body, server.kind = True, body, kind
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        entry = {"model": "openai:gpt-5-mini", "base_url": f"http://127.0.0.1:{server.server_port}/v1"}
        router = Router({"models": {"bad": entry, "good": {}}, "default": ["bad", "good"], "retry": {"extra": 0}})
        llm = RoutedChatModel(router=router, models={"good": FakeProvider(model_name="good")})
        answer = llm.invoke("hi") if how == "invoke" else functools.reduce(operator.add, llm.stream("hi"))
    finally:
        server.shutdown()
        server.server_close()
    record = answer.response_metadata["taskroute"]
    assert (record["model"], record["fallback_reason"]) == ("good", "server_error")
