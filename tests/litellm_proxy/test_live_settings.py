"""What LiteLLM's own settings do to a proxy's routed calls: cooldowns, retries that circuits count, keys that name models, aliases."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskroute_litellm.versions import installed
from tests.emulator import Emulator, Fault
from tests.litellm_proxy.apart import Client, asked_of, group, proxy_of
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink

BROKEN = Fault("server_error")
NAMES = ("small", "large", "fragile", "pair")
POLICY: dict[str, Any] = {
    "models": {name: {"model": f"openai:m-{name}"} for name in NAMES},
    "default": ["small", "large"],
    "routes": [
        {"name": "fragile", "when": {"stage": "grade"}, "use": ["fragile", "large"]},
        {"name": "pair", "when": {"stage": "rerank"}, "use": ["pair", "large"]},
    ],
    "breaker": {"failures": 3, "window": "60s", "cooldown": "5s"},
    "classifier": {"kind": "none"},
}
GROUPS = [group("small"), group("large"), group("fragile"), group("pair"), group("pair", "m-twin"), group("house")]
ROUTER = {"disable_cooldowns": False, "model_group_alias": {"auto": "small"}, "fallbacks": [{"auto": ["house"]}]}
UNASKED = installed() < (1, 108)
"""Whether LiteLLM lets a key reach any fallback, unless its settings say otherwise."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


@pytest.fixture(scope="module")
def proxy(provider: Emulator, sink: Sink, folder: Path) -> Iterator[Proxy]:
    with proxy_of(folder, provider, sink, policy=POLICY, groups=GROUPS, router=ROUTER) as found:
        yield found


@pytest.fixture
def client(proxy: Proxy) -> Iterator[Client]:
    with Client(proxy) as found:
        yield found


def until(happens: Any) -> None:
    """Wait until something has happened that takes its time."""
    end = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.2)


# Keys


@pytest.mark.parametrize(("key", "goes_on"), [("sk-plain", True), ("sk-groups", True), ("sk-auto", UNASKED)])
def test_a_fallback_is_asked_if_the_key_may_use_it(key: str, goes_on: bool, proxy: Proxy, emulator: Emulator) -> None:
    emulator.on("m-small", BROKEN)
    with Client(proxy, key=key) as client:
        answer = client.chat()
    assert asked_of(emulator) == (["small", "large"] if goes_on else ["small"])
    assert answer.status_code == (200 if goes_on else 500)


def test_the_first_model_is_not_asked_for_in_the_key(proxy: Proxy, emulator: Emulator) -> None:
    with Client(proxy, key="sk-auto") as client:
        assert client.chat("rerank").headers["x-taskroute-model"] == "pair"


@pytest.mark.parametrize("enforced", [True, False])
def test_a_setting_says_whether_keys_are_asked(enforced: bool, provider: Emulator, sink: Sink, tmp_path: Path, emulator: Emulator) -> None:
    emulator.on("m-small", BROKEN)
    general = {"enforce_fallback_model_access": enforced}
    with proxy_of(tmp_path, provider, sink, policy=POLICY, groups=GROUPS, general=general) as proxy, Client(proxy, key="sk-auto") as client:
        client.chat()
    assert asked_of(emulator) == (["small"] if enforced else ["small", "large"])


# Deployments, circuits


def test_a_rate_limit_of_one_of_two_deployments_is_answered_by_the_other(client: Client, emulator: Emulator) -> None:
    emulator.by("m-pair", lambda asked: Fault("rate_limit", retry_after=0.01))
    answers = [client.chat("rerank", num_retries=6) for _ in range(4)]
    assert [answer.headers["x-taskroute-model"] for answer in answers] == ["pair"] * 4
    assert "large" not in asked_of(emulator)


def test_a_circuit_counts_each_retry_is_heeded_and_is_probed_by_one_call(client: Client, emulator: Emulator) -> None:
    emulator.on("m-fragile", *[BROKEN] * 3)
    assert client.chat("grade", num_retries=2).headers["x-taskroute-model"] == "large"
    assert asked_of(emulator) == ["fragile", "fragile", "fragile", "large"]
    emulator.requests.clear()
    assert client.chat("grade").headers["x-taskroute-model"] == "large"
    assert asked_of(emulator) == ["large"]
    until(lambda: client.chat("grade").headers["x-taskroute-model"] == "fragile")
    emulator.requests.clear()
    client.chat("grade")
    assert asked_of(emulator) == ["fragile"]


# Observing


def test_while_observing_the_group_of_the_alias_answers_with_litellms_own_fallbacks(
    folder: Path, client: Client, emulator: Emulator
) -> None:
    path = folder / "taskroute.yaml"
    path.write_text(json.dumps({**POLICY, "mode": "observe"}))
    try:
        until(lambda: client.chat("grade").headers.get("x-taskroute-mode") == "observe")
        emulator.reset()
        emulator.on("m-small", BROKEN)
        assert client.chat("grade").status_code == 200
        assert asked_of(emulator) == ["small", "house"]
    finally:
        path.write_text(json.dumps(POLICY))
        until(lambda: "x-taskroute-mode" not in client.chat("grade").headers)
