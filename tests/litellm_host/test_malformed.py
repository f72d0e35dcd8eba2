"""Requests that LiteLLM cannot make a provider's request of: they say nothing of the model, so that no client's mistake opens a circuit."""

from __future__ import annotations

from typing import Any

import litellm
import pytest

from taskroute.execution.failures import classify
from taskroute_litellm.versions import installed
from tests.emulator import Emulator, Fault
from tests.litellm_host.routers import IDS, MESSAGES, deployment, routed

MALFORMED: tuple[Any, ...] = ([{"role": "user", "content": 5}], "hi")


@pytest.mark.parametrize("messages", MALFORMED, ids=["a number for a content", "a text for the messages"])
def test_a_malformed_request_is_no_failure_of_its_model(emulator: Emulator, messages: Any) -> None:
    with pytest.raises(Exception) as raised:
        litellm.completion(messages=messages, **deployment(emulator, "small")["litellm_params"])  # type: ignore[attr-defined]
    assert classify(raised.value).kind in ("unknown", "bad_request")


@pytest.mark.skipif(installed() < (1, 109), reason="the routers of these releases keep no trace of what went wrong")
@pytest.mark.parametrize("messages", MALFORMED, ids=["a number for a content", "a text for the messages"])
def test_malformed_requests_open_no_circuit(emulator: Emulator, messages: Any) -> None:
    with routed(emulator) as found:
        for _ in range(8):
            with pytest.raises(Exception):  # noqa: B017
                found.litellm.completion(model="auto", messages=messages)
        assert {health.state for health in found.router.health().values()} == {"closed"}
        found.litellm.completion(model="auto", messages=MESSAGES)


def test_a_connection_that_is_refused_still_is_one(emulator: Emulator) -> None:
    emulator.on(IDS["small"], Fault("server_error"))
    nowhere = {**deployment(emulator, "small")["litellm_params"], "api_base": "http://127.0.0.1:9/v1"}
    with pytest.raises(Exception) as raised:
        litellm.completion(messages=MESSAGES, **nowhere)  # type: ignore[attr-defined]
    assert classify(raised.value).kind in ("connection", "server_error")
