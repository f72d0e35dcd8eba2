"""One emulator for all tests of the LiteLLM host."""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator import Emulator


@pytest.fixture(scope="session")
def provider() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


@pytest.fixture
def emulator(provider: Emulator) -> Iterator[Emulator]:
    provider.reset()
    yield provider
    provider.reset()


@pytest.fixture(autouse=True)
def loop_for_sync_calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give LiteLLM's sync calls an event loop that is closed afterwards: they make one where there is none, and leave it open."""
    if asyncio.iscoroutinefunction(getattr(request, "function", None)):
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()
    asyncio.set_event_loop(None)


_CALLBACKS = ("callbacks", "input_callback", "success_callback", "failure_callback", "_async_success_callback", "_async_failure_callback")


def forget_what_is_to_be_logged() -> None:
    """Drop what LiteLLM has not logged of earlier calls. It would take that along to the next event loop, and tell this test of it."""
    module: Any = sys.modules.get("litellm.litellm_core_utils.logging_worker")
    if module is None:
        return
    worker = module.GLOBAL_LOGGING_WORKER
    queue: asyncio.Queue[Any] | None = worker._queue
    if worker._bound_loop is not None and worker._bound_loop.is_running():
        # That of sync text completions, on a thread of its own, which gets it done.
        until = time.monotonic() + 5
        while queue is not None and not (queue.empty() and not worker._dequeued_tasks) and time.monotonic() < until:
            time.sleep(0.005)
        return
    tasks = [*worker._dequeued_tasks.values()]
    while queue is not None and not queue.empty():
        tasks.append(queue.get_nowait())
    worker._dequeued_tasks.clear()
    for task in tasks:
        if inspect.getcoroutinestate(task["coroutine"]) == inspect.CORO_CREATED:
            task["coroutine"].close()


@pytest.fixture(autouse=True)
def callbacks_of_one_test() -> Iterator[None]:
    """Take out of LiteLLM's lists what a test leaves there: each router adds to them, and at a hundred nothing more is let in."""
    forget_what_is_to_be_logged()
    before = {name: [*getattr(sys.modules["litellm"], name)] for name in _CALLBACKS} if "litellm" in sys.modules else {}
    yield
    for name in _CALLBACKS if "litellm" in sys.modules else ():
        getattr(sys.modules["litellm"], name)[:] = before.get(name, [])
