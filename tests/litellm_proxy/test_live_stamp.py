"""The decision in LiteLLM's own words, in the log of a running proxy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulator import Emulator, Fault
from tests.litellm_proxy.running import Proxy

Logged = Callable[..., list[Any]]
HI: Any = [{"role": "user", "content": "hi"}]
PATIENCE = 30.0


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def logged(proxy: Proxy, listened: Path) -> Any:
    """Sends a request, and returns what LiteLLM's log says of how each of its attempts was routed."""

    def sent(
        path: str = "/v1/chat/completions", *, attempts: int = 1, model: str = "auto", stage: str = "rerank", **body: Any
    ) -> list[Any]:
        before = _settled(listened)
        headers = {"authorization": "Bearer sk-plain", "x-taskroute-stage": stage}
        httpx.post(proxy.url + path, json={"model": model, **body}, headers=headers, timeout=60)
        until = time.monotonic() + PATIENCE
        while len(lines(listened)) < before + attempts and time.monotonic() < until:
            time.sleep(0.05)
        return lines(listened)[before:]

    return sent


def _settled(path: Path) -> int:
    """Return how many calls are logged once the ones of earlier tests are."""
    while True:
        before = len(lines(path))
        time.sleep(0.5)
        if len(lines(path)) == before:
            return before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": HI}),
        ("/v1/chat/completions", {"messages": HI, "stream": True}),
        ("/v1/completions", {"prompt": "hi"}),
        ("/v1/embeddings", {"input": "hi"}),
        ("/v1/responses", {"input": "hi"}),
        ("/v1/messages", {"messages": HI, "max_tokens": 5}),
    ],
)
def test_the_log_of_every_endpoint_has_the_decision(path: str, body: dict[str, Any], logged: Logged, emulator: Emulator) -> None:
    [stamp] = logged(path, **body)
    assert (stamp["router_model_name"], stamp["router_type"]) == ("auto", "taskroute")
    assert (stamp["routed_model"], stamp["cause"], stamp["tier"]) == ("large", "route", "reranking")


def test_each_attempt_is_stamped_with_its_own_group(logged: Logged, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error"))
    stamps = logged(messages=HI, attempts=2)
    assert [stamp["routed_model"] for stamp in stamps] == ["large", "small"]


def test_a_pin_is_called_one(logged: Logged, emulator: Emulator) -> None:
    [stamp] = logged(messages=HI, model="small")
    assert (stamp["router_model_name"], stamp["routed_model"], stamp["cause"]) == ("small", "small", "pinned")


def test_a_call_that_is_not_routed_carries_none(logged: Logged, emulator: Emulator) -> None:
    assert logged(messages=HI, model="outside") == [None]
