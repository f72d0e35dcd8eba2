"""Steps of the cache, and what performs them: written once, for threads and for event loops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from taskroute.cache.access import Access, Budget, Op
from taskroute.cache.single_flight import Flight

T = TypeVar("T")


class Wait(NamedTuple):
    """Wait for a call of this process."""

    flight: Flight
    until: float


class Pause(NamedTuple):
    """Wait before another process is asked again. What the store is given time for begins anew."""

    seconds: float


Steps = Generator[tuple[Access, Op] | Wait | Pause, Any, T]


def perform(steps: Steps[T]) -> T:
    """Return what steps come to; their accesses have one budget of time."""
    budget = Budget()
    try:
        step = next(steps)
        while True:
            try:
                done: Any = None
                if isinstance(step, Wait):
                    step.flight.wait(step.until)
                elif isinstance(step, Pause):
                    time.sleep(step.seconds)
                    budget = Budget()
                else:
                    done = step[0].perform(step[1], budget)
            except BaseException as error:  # noqa: BLE001 - an interrupt goes through the steps, so that nobody waits for them
                step = steps.throw(error)
            else:
                step = steps.send(done)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]


async def aperform(steps: Steps[T]) -> T:
    """The same without blocking the event loop."""
    budget = Budget()
    try:
        step = next(steps)
        while True:
            try:
                done: Any = None
                if isinstance(step, Wait):
                    await step.flight.await_(step.until)
                elif isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    budget = Budget()
                else:
                    done = await step[0].aperform(step[1], budget)
            except BaseException as error:  # noqa: BLE001 - as above
                step = steps.throw(error)
            else:
                step = steps.send(done)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
