"""The event loop on which sync calls wait for async methods."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from taskroute_litellm.own_loop import blocking

CALLBACKS = """
import asyncio
import threading
import litellm
from litellm.integrations.custom_logger import CustomLogger
from taskroute import Router
from taskroute_litellm import install


class Counts(CustomLogger):
    def __init__(self):
        super().__init__()
        self.loops = []
        self.three = threading.Event()

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        self.loops.append(asyncio.get_running_loop())
        if len(self.loops) == 3:
            self.three.set()


counts = Counts()
litellm.callbacks = [counts]
groups = [{"model_name": "small", "litellm_params": {"model": "openai/gpt-5-mini", "api_key": "k", "mock_response": "hey"}}]
made = litellm.Router(model_list=groups, model_group_alias={"auto": "small"})
install(made, Router({"models": {"small": {}}, "default": "small"}, environ={}))
for _ in range(2):
    made.text_completion("auto", prompt="hi")
list(made.text_completion("auto", prompt="hi", stream=True))
assert counts.three.wait(30), counts.loops
assert len(set(counts.loops)) == 1, counts.loops
"""

FORKS = """
import asyncio, os, warnings
from taskroute_litellm.own_loop import blocking

async def pid():
    await asyncio.sleep(0)
    return os.getpid()

async def long():
    asyncio.create_task(asyncio.sleep(60))
    # As a client does that looks an address up.
    await asyncio.to_thread(os.getpid)

assert blocking(pid)() == os.getpid()
# Newer Pythons warn of forks beside threads, which is what this is about.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
child = os.fork()
assert blocking(pid)() == os.getpid()
if child:
    assert os.waitpid(child, 0)[1] == 0
blocking(long)()
"""


LEAVES = """
import asyncio
import gc
import litellm
from taskroute import Router
from taskroute_litellm import install

groups = [{"model_name": "small", "litellm_params": {"model": "openai/gpt-5-mini", "api_key": "k", "mock_response": "hey"}}]
made = litellm.Router(model_list=groups, model_group_alias={"auto": "small"})
install(made, Router({"models": {"small": {}}, "default": "small"}, environ={}))
for _ in range(3):
    made.text_completion("auto", prompt="hi")
    asyncio.run(made.atext_completion("auto", prompt="hi"))
    gc.collect()
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)


def test_callbacks_of_sync_text_completions_are_called_on_one_loop() -> None:
    pytest.importorskip("litellm")
    found = run(CALLBACKS)
    assert found.returncode == 0, found.stderr
    assert "LoggingWorker" not in found.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_it_is_there_after_a_fork_and_ends_with_the_process() -> None:
    found = run(FORKS)
    assert (found.returncode, found.stderr) == (0, "")


async def hello(name: str) -> str:
    await asyncio.sleep(0)
    return f"hello {name}"


def test_many_threads_wait_at_once() -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: blocking(hello)(name=number), range(200)))
    assert answers == [f"hello {number}" for number in range(200)]


async def test_it_works_beside_a_loop_that_runs() -> None:
    assert blocking(hello)(name="you") == "hello you"


def test_what_runs_on_the_loop_may_itself_wait() -> None:
    async def outer() -> Any:
        return blocking(inner)()

    async def inner() -> Any:
        return blocking(hello)(name="within")

    assert blocking(outer)() == "hello within"


@pytest.mark.parametrize("error", [KeyError("x"), asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_errors_and_control_flow_reach_the_caller_and_the_loop_goes_on(error: BaseException) -> None:
    async def fails() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        blocking(fails)()
    assert caught.value is error
    assert blocking(hello)(name="again") == "hello again"


def test_what_failed_is_not_kept() -> None:
    class Large:
        pass

    async def fails(large: Large) -> None:
        raise ValueError("no")

    def call() -> weakref.ref[Large]:
        large = Large()
        with pytest.raises(ValueError, match="no"):
            blocking(fails)(large=large)
        return weakref.ref(large)

    gc.disable()
    try:
        large = call()
        # By now the loop has left what failed.
        blocking(hello)(name="next")
        assert large() is None
    finally:
        gc.enable()


VAR: ContextVar[str] = ContextVar("VAR", default="none")


async def streamed() -> AsyncGenerator[str]:
    token = VAR.set(f"within {VAR.get()}")
    try:
        yield VAR.get()
        yield VAR.get()
    finally:
        # An error where the pieces of a stream are read in different contexts.
        VAR.reset(token)


async def opened() -> AsyncGenerator[str]:
    return streamed()


def test_a_stream_has_the_context_of_its_caller_from_end_to_end() -> None:
    token = VAR.set("caller")
    try:
        assert list(blocking(opened)()) == ["within caller"] * 2
    finally:
        VAR.reset(token)


def test_a_stream_that_is_dropped_on_the_loop_itself_is_closed() -> None:
    closed = threading.Event()

    async def watched() -> AsyncGenerator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.set()

    async def begin() -> AsyncGenerator[int]:
        return watched()

    async def drop() -> None:
        held.clear()

    held = [blocking(begin)()]
    assert next(held[0]) == 1
    blocking(drop)()
    assert closed.wait(30)


def test_a_stream_cannot_be_read_on_the_loop_that_it_waits_for() -> None:
    stream = blocking(opened)()

    async def read() -> Any:
        return next(stream)

    with pytest.raises(RuntimeError, match="atext_completion"):
        blocking(read)()


def test_other_loops_may_be_used_in_between() -> None:
    pytest.importorskip("litellm")
    found = run(LEAVES)
    assert found.returncode == 0, found.stderr
    assert "destroyed" not in found.stderr


def test_what_goes_wrong_beside_the_work_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def fails_later() -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "a callback failed"})

    blocking(fails_later)()
    assert "a callback failed" in caplog.text
