"""Where a proxy differs from other hosts when something fails: the rows of the table in docs/litellm.md.

Those of the hosts in the caller's process are in tests/parity/test_differences.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from taskroute_litellm.versions import installed
from tests.emulator import Cut, Emulator, Fault, Hang, Say, Stall
from tests.emulator.script import Asked
from tests.litellm_proxy.apart import Client, asked_of, group, proxy_of
from tests.litellm_proxy.sink import Sink
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

BROKEN = Fault("server_error")
MANY = [f"g{number}" for number in range(1, 9)]
WINDOWS = {"small": 20_000, "tiny": 10_000, "large": 100_000}
SCHEMA: Any = {
    "type": "json_schema",
    "json_schema": {"name": "a", "schema": {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}}},
}
LATER = Stall(4, 0.5)
"""A stream that is cut once what came of it has been read: a client may drop what it finds together with the end."""
GOES_ON = installed() >= (1, 106)
"""Whether LiteLLM has a stream that broke before its text begun by another group of the request's order."""


def model(name: str, wanted: str | None = None, **more: Any) -> dict[str, Any]:
    return {"model": f"openai:{wanted or f'm-{name}'}", **more}


POLICY: dict[str, Any] = {
    "models": {
        "small": model("small", context_window=WINDOWS["small"], params={"temperature": 0.3}),
        "large": model("large", context_window=WINDOWS["large"]),
        "tiny": model("tiny", context_window=WINDOWS["tiny"]),
        "vectors": model("vectors"),
        "fine": model("fine"),
        "twin": model("twin", "m-vectors"),
        **{name: model(name) for name in MANY},
    },
    "default": ["small", "large"],
    "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
    "routes": [
        {"name": "strict", "when": {"stage": "extract"}, "use": ["small", "large"], "fallback": {"on": ["timeout"]}},
        {"name": "windows", "when": {"stage": "summarize"}, "use": [*WINDOWS]},
        {"name": "many", "when": {"stage": "plan"}, "use": MANY},
        {"name": "vectors", "when": {"stage": "embed"}, "use": ["vectors", "fine", "twin"]},
        {
            "name": "examined",
            "when": {"stage": "generate"},
            "use": ["small", "large"],
            "fallback": {"on": ["refusal", "truncated", "invalid_output"]},
        },
    ],
    "retry": {"extra": 3, "backoff": "1ms"},
    "timeout": {"attempt": "100ms", "call": "200ms"},
    "breaker": "none",
    "classifier": {"kind": "none"},
}


@pytest.fixture(scope="module")
def client(provider: Emulator, sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    groups = [group(name, "m-vectors" if name == "twin" else None) for name in (*POLICY["models"], "house")]
    folder = tmp_path_factory.mktemp("differences")
    with proxy_of(folder, provider, sink, policy=POLICY, groups=groups) as proxy, Client(proxy) as found:
        yield found


# Which failures go on to another model


@pytest.mark.parametrize("stream", [False, True])
def test_a_bad_request_goes_on_along_the_order(stream: bool, client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", Fault("bad_request"))
    assert client.chat(stream=stream).status_code == 200
    assert asked_of(emulator) == ["small", "large"]


def test_so_does_a_class_that_is_left_out_of_fallback_on(client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", BROKEN)
    assert client.chat("extract").status_code == 200
    assert asked_of(emulator) == ["small", "large"]


def test_so_does_a_text_too_long_whatever_the_next_window_is(client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", Fault("context_overflow"))
    assert client.chat("summarize").status_code == 200
    assert asked_of(emulator) == ["small", "tiny"]


def test_so_does_a_content_policy_error(client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", Fault("content_filter"))
    assert client.chat().status_code == 200
    assert asked_of(emulator) == ["small", "large"]


def test_any_number_of_models_may_follow(client: Client, emulator: Emulator) -> None:
    for name in MANY[:-1]:
        emulator.on(f"m-{name}", BROKEN)
    assert client.chat("plan").headers["x-taskroute-model"] == MANY[-1]
    assert asked_of(emulator) == MANY


# Trying again


@pytest.mark.parametrize(("given", "asked"), [({}, ["small", "large"]), ({"num_retries": 1}, ["small", "small"])])
def test_the_same_model_is_tried_again_as_litellm_says(given: Any, asked: list[str], client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", BROKEN)
    assert client.chat(**given).status_code == 200
    assert asked_of(emulator) == asked


# Answers and streams


@pytest.mark.parametrize("answer", [Say(finish="content_filter"), Say(refusal="No."), Say(finish="length"), Say("no JSON")])
def test_no_answer_is_examined(answer: Say, client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", answer)
    assert client.chat("generate", response_format=SCHEMA).headers["x-taskroute-model"] == "small"
    assert asked_of(emulator) == ["small"]


@pytest.mark.parametrize("broken", [Cut(0), LATER._replace(after=1), Say(error_after=0)], ids=["cut", "no text", "error"])
def test_a_stream_that_breaks_before_its_text(broken: Any, client: Client, sink: Sink, emulator: Emulator) -> None:
    emulator.on("m-small", broken)
    answer = client.chat(stream=True)
    route, _ = sink.decided(answer.headers["x-taskroute-decision-id"])
    if GOES_ON:
        assert asked_of(emulator) == ["small", "large"]
        assert (answer.status_code, "[DONE]" in answer.text, "capital" in answer.text) == (200, True, True)
        assert route.attributes["taskroute.model"] == "large"
        # Where a chunk has come, the headers are gone before it breaks.
        assert answer.headers["x-taskroute-model"] == ("small" if isinstance(broken, Stall) else "large")
    else:
        assert asked_of(emulator) == ["small"]
        # Where a chunk has come, the status is gone before it breaks.
        assert answer.status_code == (200 if isinstance(broken, Stall) else 500)
        assert '"error"' in answer.text
        assert "capital" not in answer.text
        assert route.failed


def test_a_stream_that_is_empty_is_the_answer(client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", Cut(0, clean=True))
    answer = client.chat(stream=True)
    assert (answer.status_code, "capital" in answer.text) == (200, False)
    assert asked_of(emulator) == ["small"]


@pytest.mark.parametrize("broken", [LATER, Say(error_after=4)], ids=["cut", "error"])
def test_a_stream_that_breaks_later_has_an_error_in_it(broken: Any, client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", broken)
    answer = client.chat(stream=True)
    assert asked_of(emulator) == ["small"]
    assert answer.status_code == 200
    assert '"error"' in answer.text


# Errors


@pytest.mark.parametrize(("first", "second", "status"), [("server_error", "rate_limit", 500), ("rate_limit", "server_error", 429)])
def test_when_all_fail_the_status_is_that_of_the_first(
    first: Any, second: Any, status: int, client: Client, sink: Sink, emulator: Emulator
) -> None:
    emulator.on("m-small", Fault(first)).on("m-large", Fault(second))
    answer = client.chat()
    assert asked_of(emulator) == ["small", "large"]
    assert answer.status_code == status
    _, attempts = sink.decided(answer.headers["x-taskroute-decision-id"])
    assert [(attempt.name, attempt.failed) for attempt in attempts] == [("chat m-small", True), ("chat m-large", True)]


def test_where_no_model_may_answer_none_is_asked(client: Client, emulator: Emulator) -> None:
    answer = client.chat(text="Write to joe.bloggs@example.com, please.")
    assert answer.status_code == 403
    assert "lacks the required label private" in answer.text
    assert asked_of(emulator) == []


# Time


def test_limits_of_the_policy_are_not_held(client: Client, emulator: Emulator) -> None:
    def slow(asked: Asked) -> Say:
        time.sleep(0.5)
        return Say("late")

    emulator.by("m-small", slow)
    assert "late" in client.chat().text
    assert asked_of(emulator) == ["small"]


def test_limits_of_litellms_are(client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", Hang(20))
    assert client.chat(timeout=0.5).headers["x-taskroute-model"] == "large"
    assert asked_of(emulator) == ["small", "large"]


# What is sent, and where


def test_params_are_those_of_the_group(client: Client, emulator: Emulator) -> None:
    client.chat()
    assert "temperature" not in emulator.requests[-1].body


def test_a_pin_is_answered_by_its_model_or_not_at_all(client: Client, emulator: Emulator) -> None:
    emulator.on("m-large", BROKEN)
    assert client.chat(model="large").status_code == 500
    assert asked_of(emulator) == ["large"]


def test_fallbacks_of_the_client_are_not_used(client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", BROKEN)
    assert client.chat(fallbacks=["house"]).status_code == 200
    assert asked_of(emulator) == ["small", "large"]


@pytest.mark.parametrize("given", [{"disable_fallbacks": True}, {"max_fallbacks": 0}], ids=str)
def test_a_client_may_have_none(given: Any, client: Client, emulator: Emulator) -> None:
    emulator.on("m-small", BROKEN)
    assert client.chat(**given).status_code == 500
    assert asked_of(emulator) == ["small"]


def test_an_embedding_goes_on_only_to_the_same_model(client: Client, emulator: Emulator) -> None:
    emulator.on("m-vectors", BROKEN)
    answer = client.post("/v1/embeddings", {"model": "auto", "input": "hi"}, {"x-taskroute-stage": "embed"})
    assert answer.status_code == 200
    assert asked_of(emulator) == ["vectors", "vectors"]
