"""One emulator for all tests of the LiteLLM host."""

from __future__ import annotations

import asyncio
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
