"""A proxy without our hook, for which the policy is one of its models: `taskroute/auto`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator, Fault
from tests.litellm_proxy.apart import Client, asked_of, proxy_of
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink

GROUPS = [{"model_name": "routed", "litellm_params": {"model": "taskroute/auto"}}]
SETTINGS = {"custom_provider_map": [{"provider": "taskroute", "custom_handler": "taskroute_litellm.provider_handler"}]}


def policy(provider: Emulator, default: list[str]) -> dict[str, Any]:
    def model(name: str) -> dict[str, Any]:
        return {"model": f"openai:m-{name}", "base_url": f"{provider.url}/v1", "api_key_env": "EMULATED_KEY"}

    names = ("small", "large")
    return {
        "models": {name: model(name) for name in names},
        "default": default,
        "routes": [{"name": "grading", "when": {"stage": "grade"}, "use": ["large", "small"]}],
        "retry": {"extra": 0},
        "breaker": "none",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("provider")


@pytest.fixture(scope="module")
def proxy(provider: Emulator, sink: Sink, folder: Path) -> Iterator[Proxy]:
    with proxy_of(folder, provider, sink, policy=policy(provider, ["small", "large"]), groups=GROUPS, litellm=SETTINGS) as found:
        yield found


@pytest.fixture
def client(proxy: Proxy) -> Iterator[Client]:
    with Client(proxy) as found:
        yield found


@pytest.mark.parametrize("stream", [False, True])
def test_the_policy_chooses_and_falls_back(stream: bool, client: Client, emulator: Emulator) -> None:
    emulator.on("m-large", Fault("server_error"))

    answer = client.chat(model="routed", metadata={"stage": "grade"}, stream=stream)

    assert answer.status_code == 200
    assert asked_of(emulator) == ["large", "small"]


def test_a_new_policy_is_in_force_without_a_restart(client: Client, emulator: Emulator, folder: Path) -> None:
    client.chat(model="routed")
    (folder / "taskroute.yaml").write_text(json.dumps(policy(emulator, ["large"])))
    end = time.monotonic() + 30
    while asked_of(emulator)[-1] != "large":
        assert time.monotonic() < end, "the new policy is not in force"
        time.sleep(0.3)
        client.chat(model="routed")
    assert asked_of(emulator)[0] == "small"
