"""The metrics of calls of a routed LiteLLM router: the same as any other host's, in every way to call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from taskroute import Router
from taskroute.telemetry.metrics import MetricsObserver
from tests.emulator import Emulator, Fault
from tests.litellm_host.routers import IDS, POLICY, STREAMS, WAYS, Way, call, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages
from tests.litellm_host.test_sdk_spans import usage_for
from tests.telemetry.measured import Meter

litellm: Any = pytest.importorskip("litellm")


class Measured(Meter):
    """What the calls of one router leave."""

    routed: Any


@contextlib.contextmanager
def measured(emulator: Emulator) -> Iterator[Measured]:
    found = Measured()
    registry = Router(POLICY, environ={}).snapshot.registry
    observer = MetricsObserver(models=registry.get, meter_provider=found.provider)
    with routed(emulator, options={"observers": [observer]}) as found.routed:
        yield found


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_call_that_falls_back_leaves_its_decision_tries_tokens_and_cost(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    falls = way.endpoint != "embedding"
    if falls:
        emulator.on(IDS["large"], Fault("rate_limit"))
    with measured(emulator) as found:
        call(found.routed, way, **told(found.routed, way, stage="generate" if falls else "index"), **usage_for(way))
    model = "small" if falls else "fine-vectors"
    assert found.one("taskroute.decisions")[0]["taskroute.route"] == ("answers" if falls else "fine vectors")
    assert found.one("taskroute.calls")[0]["taskroute.model"] == model
    assert found.total("taskroute.fallbacks") == (1 if falls else 0)
    assert found.total("taskroute.attempts") == (2 if falls else 1)
    durations = {
        said["gen_ai.request.model"]: (said.get("error.type"), count)
        for said, (count, _) in found.points("gen_ai.client.operation.duration")
    }
    assert len(durations) == (2 if falls else 1)
    assert all(count == 1 for _, count in durations.values())
    types = {said["gen_ai.token.type"]: count for said, (count, _) in found.points("gen_ai.client.token.usage")}
    assert types == ({"input": 1, "output": 1} if falls else {"input": 1})
    assert found.total("taskroute.cost", taskroute__model=model) > 0
    assert found.points("taskroute.cost.unknown") == []


@pytest.mark.parametrize("way", STREAMS, ids=str)
def test_a_stream_has_a_time_to_its_first_chunk(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    with measured(emulator) as found:
        call(found.routed, way, **told(found.routed, way, stage="generate"), **usage_for(way))
    assert found.one("gen_ai.client.operation.time_to_first_chunk")[1][0] == 1
    assert found.one("taskroute.routing.duration")[1][0] == 1


def test_litellms_own_retries_and_keys_are_in_no_metric(emulator: Emulator) -> None:
    (way, *_) = WAYS
    with measured(emulator) as found:
        call(found.routed, way, **told(found.routed, way, stage="generate"))
    assert "sk-emulated" not in str(found.read())
    assert found.one("taskroute.attempts")[1] == 1
