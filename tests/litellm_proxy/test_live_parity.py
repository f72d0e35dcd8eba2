"""The same decision in a running proxy as in LangChain: route, reason, candidates and their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taskroute import Decision, Router
from taskroute.telemetry.describe import of_decision
from tests.emulator import Emulator, Fault
from tests.litellm_proxy.apart import Client, asked_of, group, proxy_of
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink, Span
from tests.parity.table import CALLS, IDS, Asked, policy
from tests.parity.test_decisions import FAULTS
from tests.parity.ways import arguments, came_of, langchain


@pytest.fixture(scope="module")
def table_proxy(provider: Emulator, sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    groups = [group(name) for name in IDS]
    folder = tmp_path_factory.mktemp("parity")
    with proxy_of(folder, provider, sink, policy=policy(provider), groups=groups) as found:
        yield found


@pytest.fixture
def client(table_proxy: Proxy) -> Iterator[Client]:
    with Client(table_proxy) as found:
        yield found


@pytest.fixture
def router(provider: Emulator, monkeypatch: pytest.MonkeyPatch) -> Router:
    monkeypatch.setenv("EMULATED_KEY", "none")
    return Router(policy(provider))


def told(decision: Decision) -> dict[str, Any]:
    """Return what a span tells of a decision, apart from its id."""
    return {name: _plain(value) for name, value in of_decision(decision).items() if name != "taskroute.decision.id"}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def of(route: Span, names: Any) -> dict[str, Any]:
    return {name: route.attributes.get(name) for name in names}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("asked", CALLS, ids=lambda asked: asked.name)
def test_a_proxy_decides_as_langchain_does(
    asked: Asked, stream: bool, client: Client, router: Router, sink: Sink, emulator: Emulator
) -> None:
    came = came_of(langchain, router, emulator, asked)
    emulator.requests.clear()

    answer = client.post("/v1/chat/completions", arguments(asked, streams=stream))

    route, _ = sink.decided(answer.headers["x-taskroute-decision-id"])
    expected = told(came.decision)
    signals = {"taskroute.stage", "taskroute.stage.source", "taskroute.task", "taskroute.task.source", "taskroute.route"}
    assert of(route, expected.keys() | signals) == {**dict.fromkeys(signals), **expected}
    assert asked_of(emulator) == came.models
    assert answer.status_code == (200 if came.error is None else 403)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "bad_request"])
def test_what_fails_goes_to_the_same_models_in_the_same_order(fault: Any, stream: bool, client: Client, emulator: Emulator) -> None:
    """What a bad request does is one of the differences."""
    emulator.on("m-large", Fault(fault)).on("m-small", Fault(fault))

    answer = client.chat("generate", stream=stream)

    assert asked_of(emulator) == ["large", "small", "house"]
    assert answer.headers["x-taskroute-model"] == "house"
