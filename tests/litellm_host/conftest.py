"""One emulator for all tests of the LiteLLM host."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

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


@pytest.fixture(autouse=True)
def callbacks_of_one_test() -> Iterator[None]:
    """Take out of LiteLLM's lists what a test leaves there: each router adds to them, and at a hundred nothing more is let in."""
    before = {name: [*getattr(sys.modules["litellm"], name)] for name in _CALLBACKS} if "litellm" in sys.modules else {}
    yield
    for name in _CALLBACKS if "litellm" in sys.modules else ():
        getattr(sys.modules["litellm"], name)[:] = before.get(name, [])
