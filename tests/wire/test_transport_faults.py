"""What no cassette can hold: connections that are refused, cut, silent or slow. Live, on the loopback address, with the real clients."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from taskroute.execution.failures import classify
from tests.emulator import Cut, Emulator, Hang, Raw, Stall
from tests.emulator.script import Reply
from tests.real_time import REAL_TIME
from tests.wire.targets import HOSTS, PROVIDERS, Result, call

pytestmark = REAL_TIME

FAULTS: Final[dict[str, tuple[Reply, str]]] = {
    # In the middle of a plain answer; before the first event of a stream.
    "cut": (Cut(0), "connection"),
    "cut_later": (Cut(4), "connection"),
    "hang": (Hang(), "timeout"),
    "stall": (Stall(0), "timeout"),
    "stall_later": (Stall(4), "timeout"),
    "gateway": (Raw(b"<html><h1>502 Bad Gateway</h1></html>", 502, "text/html"), "server_error"),
}
BLURRED: Final = frozenset({"connection", "server_error"})
"""LiteLLM takes the one for the other. Both are tried again, and both fall back."""
WAYS: Final = ("sync", "async", "stream", "astream")
SILENT: Final = frozenset({"hang", "stall", "stall_later"})
SHORT: Final = 0.5
"""Seconds that a client waits for bytes which do not come; Mistral's takes whole seconds only."""
LONG: Final = 30.0
"""Seconds for what comes at once."""


@pytest.fixture(autouse=True)
def _usual_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let LiteLLM use aiohttp, as it does where nobody tells it otherwise."""
    monkeypatch.delenv("DISABLE_AIOHTTP_TRANSPORT", raising=False)


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


def options(host: str, provider: str, url: str, limit: float) -> dict[str, Any]:
    """Return what sends a client to the emulator, with a limit of time."""
    paths = {"openai": "/v1", "openai-responses": "/v1", "anthropic": "", "gemini": "", "mistral": "/mistral/v1"}
    if host == "langchain":
        name = {"mistral": "endpoint"}.get(provider, "base_url")
        return {name: url + paths[provider], "timeout": math.ceil(limit) if provider == "mistral" else limit, "max_retries": 0}
    paths = {**paths, "gemini": "/v1beta/models/gemini-2.5-flash"}
    return {"api_base": url + paths[provider], "timeout": limit}


def cells(*names: str) -> list[Any]:
    return [
        pytest.param(provider, host, *rest, id="-".join((provider, host, *rest)))
        for provider in PROVIDERS
        for host in HOSTS
        for rest in ([(name,) for name in names] or [()])
    ]


def ask_all(provider: str, host: str, url: str, limit: float = LONG) -> dict[str, Result]:
    """Call in all ways at once, so that their waits do not add up."""

    def ask(way: str) -> Result:
        kind = "stream" if way.endswith("stream") else "plain"
        return call(host, provider, kind, is_async=way.startswith("a"), **options(host, provider, url, limit))

    with ThreadPoolExecutor(len(WAYS)) as pool:
        return dict(zip(WAYS, pool.map(ask, WAYS), strict=True))


def kinds(results: dict[str, Result]) -> dict[str, str]:
    """Return the failure class for each way."""
    found: dict[str, str] = {}
    for way, result in results.items():
        error = result.tries[0].error if result.tries else result.error
        found[way] = f"answered: {result.reply}" if error is None else classify(error).kind
    return found


def allowed(host: str, kind: str) -> frozenset[str]:
    return BLURRED if host == "litellm" and kind in BLURRED else frozenset({kind})


@pytest.mark.parametrize(("provider", "host", "fault"), cells(*FAULTS))
def test_a_fault_of_the_wire_has_its_class(provider: str, host: str, fault: str, live: Emulator) -> None:
    reply, kind = FAULTS[fault]
    live.reset()
    live.then(*[reply] * len(WAYS))
    found = kinds(ask_all(provider, host, live.url, SHORT if fault in SILENT else LONG))
    assert set(found.values()) <= allowed(host, kind), found


@pytest.fixture(scope="module")
def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


@pytest.mark.parametrize(("provider", "host"), cells())
def test_a_refused_connection_has_its_class(provider: str, host: str, nobody: str) -> None:
    found = kinds(ask_all(provider, host, nobody))
    assert set(found.values()) <= allowed(host, "connection"), found
