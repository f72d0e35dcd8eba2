"""Calls that their caller leaves: streams that are dropped, and waiting that is interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Any

import pytest

from taskroute.types import Outcome
from taskroute_litellm.own_loop import blocking
from tests.emulator import Emulator, Say
from tests.litellm_host.routers import GIVEN, WAYS, Routed, Way, routed
from tests.litellm_host.test_calls import HAS_FASTAPI

LEFT = [way for way in WAYS if way.streams and (HAS_FASTAPI or way.endpoint != "anthropic_messages")]


class Ended:
    """An observer that keeps how calls ended."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def begin(self, call: Any, at: float) -> Ended:
        return self

    def decided(self, decision: Any) -> None: ...
    def step(self, step: Any, at: float) -> None: ...
    def event(self, event: Any, failure: Any, at: float) -> None: ...

    def active(self) -> Any:
        return contextlib.nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None:
        self.outcomes.append(outcome)


def leave(found: Routed, way: Way, after: int) -> None:
    """Read so many chunks of a stream, and close it."""
    given: dict[str, Any] = {**GIVEN[way.endpoint], "model": "auto", "stream": True}
    method = getattr(found.litellm, way.method)

    async def left() -> None:
        stream = await method(**given)
        for _ in range(after):
            await anext(stream)
        await stream.aclose()

    if way.is_async:
        asyncio.run(left())
        return
    stream = method(**given)
    for _ in range(after):
        next(stream)
    stream.close()


@pytest.mark.parametrize("way", LEFT, ids=str)
def test_a_stream_that_is_dropped_has_an_estimate_for_what_came(emulator: Emulator, way: Way) -> None:
    emulator.on("gpt-5-mini", Say("word " * 200), Say("word " * 200))
    ended = Ended()
    with routed(emulator, options={"observers": [ended]}) as found:
        leave(found, way, 12)
        leave(found, way, 60)
    costs = [outcome.tries[-1].cost for outcome in ended.outcomes]
    assert [outcome.status for outcome in ended.outcomes] == ["cancelled", "cancelled"]
    assert [cost.source for cost in costs if cost is not None] == ["user, estimated"] * 2
    assert costs[0].amount < costs[1].amount  # type: ignore[union-attr]


def test_an_interrupt_ends_what_is_waited_for() -> None:
    told: list[str] = []

    async def long() -> None:
        # So that it is waited for by then.
        await asyncio.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt):
        blocking(long)()
    assert told == ["cancelled"]
