"""Nothing is left running after a test of the cache, and each may warn anew."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from taskroute.warn import _said


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    # A pool's thread ends a moment after the loop that had it.
    for thread in left:
        thread.join(5)
    assert [thread.name for thread in left if thread.is_alive()] == []


@pytest.fixture(autouse=True)
def _warnings_are_new() -> None:
    """Forget what was said of the cache, which is said once a process."""
    for said in [said for said in _said if said[0] == "cache"]:
        del _said[said]


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
