"""The same decision in every host: route, reason, candidates and their order."""

from __future__ import annotations

import pytest

from taskroute import Decision, Router
from tests.emulator import Emulator, Fault
from tests.parity.table import CALLS, Asked, policy
from tests.parity.ways import WAYS, Came, came_of, langchain


@pytest.fixture
def router(emulator: Emulator) -> Router:
    return Router(policy(emulator))


def told(decision: Decision) -> tuple[object, ...]:
    """Return what a decision says of the call, apart from its id."""
    signals = {name: (signal.value, signal.source) for name, signal in decision.signals.items() if name != "tokens"}
    return decision.candidates, decision.route, decision.reason, set(decision.rejected), decision.mode, decision.pinned, signals


@pytest.mark.parametrize("asked", CALLS, ids=lambda asked: asked.name)
def test_langchain_decides_as_the_table_says(asked: Asked, router: Router, emulator: Emulator) -> None:
    came = came_of(langchain, router, emulator, asked)
    assert came.decision.route == asked.route
    assert came.decision.candidates[:1] == ((asked.first,) if asked.first else ())
    assert came.models == ([asked.first] if asked.first else [])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("asked", CALLS, ids=lambda asked: asked.name)
def test_every_other_host_decides_alike(asked: Asked, way: str, router: Router, emulator: Emulator) -> None:
    first = came_of(langchain, router, emulator, asked)
    other = came_of(WAYS[way], router, emulator, asked)
    assert told(other.decision) == told(first.decision)
    assert other.models == first.models
    assert (other.error is None) == (first.error is None)


FAULTS = ("rate_limit", "server_error", "unavailable", "unauthorized", "not_found", "context_overflow", "bad_request")


def failing(way: str | None, fault: str, router: Router, emulator: Emulator) -> Came:
    emulator.reset()
    for model in ("m-large", "m-small"):
        emulator.on(model, Fault(fault))  # type: ignore[arg-type]
    asked = Asked("a stage", "answers", "large", metadata={"llm_stage": "generate"})
    return came_of(langchain if way is None else WAYS[way], router, emulator, asked)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_goes_to_the_same_models_in_the_same_order(fault: str, way: str, router: Router, emulator: Emulator) -> None:
    expected = ["large"] if fault == "bad_request" else ["large", "small", "house"]
    assert failing(None, fault, router, emulator).models == expected
    assert failing(way, fault, router, emulator).models == expected
