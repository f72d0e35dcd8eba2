"""The same decision in a running proxy as in LangChain: route, reason, candidates and their order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from taskroute import Router
from tests.emulator import Emulator, Fault
from tests.litellm_proxy.apart import Client, group, proxy_of
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink, Span
from tests.parity.table import CALLS, IDS, Asked, policy
from tests.parity.ways import Came, arguments, came_of, langchain


@pytest.fixture(scope="module")
def table_proxy(provider: Emulator, sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    groups = [group(name) for name in IDS]
    folder = tmp_path_factory.mktemp("parity")
    with proxy_of(folder, provider, sink, policy=policy(provider), groups=groups, router={"disable_cooldowns": True}) as found:
        yield found


@pytest.fixture
def client(table_proxy: Proxy) -> Iterator[Client]:
    with Client(table_proxy) as found:
        yield found


@pytest.fixture
def router(provider: Emulator, monkeypatch: pytest.MonkeyPatch) -> Router:
    monkeypatch.setenv("EMULATED_KEY", "none")
    return Router(policy(provider))


def of_langchain(router: Router, emulator: Emulator, asked: Asked) -> tuple[Came, dict[str, Any]]:
    """Return what LangChain makes of a call, and of its decision what a span tells too."""
    came = came_of(langchain, router, emulator, asked)
    emulator.requests.clear()
    decision = came.decision
    told = {
        "taskroute.reason": decision.reason,
        "taskroute.candidates": list(decision.candidates) or None,
        "taskroute.rejected": [f"{model}: {why}" for model, why in decision.rejected.items()] or None,
        "taskroute.route": decision.route,
        "taskroute.mode": decision.mode,
        "taskroute.policy.version": decision.policy_version,
    }
    return came, told


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("asked", CALLS, ids=lambda asked: asked.name)
def test_a_proxy_decides_as_langchain_does(
    asked: Asked, stream: bool, client: Client, router: Router, sink: Sink, emulator: Emulator
) -> None:
    came, told = of_langchain(router, emulator, asked)

    answer = client.post("/v1/chat/completions", arguments(asked, streams=stream))
    route, _ = sink.decided(answer.headers["x-taskroute-decision-id"])

    print(json.dumps(route.attributes, indent=1))
    assert {name: route.attributes.get(name) for name in told} == told
    names = {model: name for name, model in IDS.items()}
    assert [names[request.body["model"]] for request in emulator.requests] == came.models
    assert answer.status_code == (200 if came.error is None else 403)
