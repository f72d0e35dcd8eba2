"""An async method of a router for callers without an event loop.

`Router.text_completion` of LiteLLM (1.102 to 1.110) sends the name of the group in the place of the deployment's model, and fails; its
async twin does not.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Final

from taskroute_litellm.closing import aclose

_END: Final = object()
_PATIENCE: Final = 5.0
"""Seconds that the end of the process waits for the loop."""


class _Work:
    """Something to await on another thread's event loop, in the caller's context. Its methods are called on that loop."""

    def __init__(self, work: Callable[[], Awaitable[Any]], context: Context) -> None:
        self.outcome: Future[Any] = Future()
        self._work = work
        self._context = context
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._perform(), context=self._context)
        self._task.add_done_callback(self._ended)

    def cancel(self) -> None:
        if self._task is None:
            self._ended()
        else:
            self._task.cancel()

    async def _perform(self) -> None:
        try:
            self.outcome.set_result(await self._work())
        except BaseException as error:  # noqa: BLE001 - raised where the work was asked for
            self.outcome.set_exception(error)
            # An exception holds this frame, which would hold the exception.
            del self

    def _ended(self, task: object = None) -> None:
        # A task that is cancelled before its first step never gets to say so.
        if not self.outcome.done():
            self.outcome.set_exception(asyncio.CancelledError())


class _Background:
    """An event loop in a thread of its own, which stays.

    LiteLLM calls callbacks of an async call after its end, on the loop of the call, and keeps its clients by loop. A loop for each
    call would be gone before the callbacks, and leave its clients open.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event

    @property
    def is_here(self) -> bool:
        return threading.current_thread() is self._thread

    def start(self, work: _Work) -> None:
        self._running().call_soon_threadsafe(work.begin)

    def run(self, work: _Work) -> Any:
        """Return what the work gives. An interrupt of the caller ends the work."""
        if self.is_here:
            raise RuntimeError(
                "a sync stream of text_completion() cannot be read on the event loop that it waits for; use atext_completion()"
            )
        try:
            self.start(work)
            return work.outcome.result()
        except BaseException:
            if not work.outcome.done():
                self._running().call_soon_threadsafe(work.cancel)
                work.outcome.exception()
            raise
        finally:
            # An exception holds this frame, which would hold the exception.
            del work

    def _running(self) -> asyncio.AbstractEventLoop:
        # After a fork the thread is not alive.
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    ready = threading.Event()
                    thread = threading.Thread(target=self._run_loop, args=(ready,), name="taskroute event loop", daemon=True)
                    thread.start()
                    ready.wait()
                    self._thread = thread
                    atexit.register(self._stop)
        return self._loop

    def _run_loop(self, ready: threading.Event) -> None:
        # Not `asyncio.run`: it ends the loop's threads from another one, which from Python 3.12 on cannot be started while a process ends.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._serve(ready))
        finally:
            loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_unless_left)
        _LOCAL.free = _Background()
        ready.set()
        await self._stopping.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        for error in await asyncio.gather(*others, return_exceptions=True):
            if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
                self._loop.call_exception_handler({"message": "a task failed at its end", "exception": error})
        await self._loop.shutdown_asyncgens()

    def _stop(self) -> None:
        # What still runs would be destroyed without being told.
        if self._thread is not None and self._thread.is_alive():
            # It may have ended by itself just now.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_PATIENCE)


def _unless_left(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what went wrong on the loop, but not that LiteLLM left its logging worker behind, as it does when it is used on another."""
    coroutine = context["task"].get_coro() if "task" in context else None
    if not getattr(coroutine, "__qualname__", "").startswith("LoggingWorker."):
        loop.default_exception_handler(context)


_SHARED: Final = _Background()
_LOCAL: Final = threading.local()
"""`free`, in the thread of a loop: another loop, for what that one calls, because it cannot wait for itself."""


def blocking(method: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return a method that waits for what the async one gives; of a stream, an iterator over its chunks."""

    def call(**arguments: Any) -> Any:
        background, context = getattr(_LOCAL, "free", _SHARED), copy_context()
        answer = background.run(_Work(lambda: method(**arguments), context))
        return _chunks(background, context, answer) if hasattr(answer, "__aiter__") else answer

    return call


def _chunks(background: _Background, context: Context, stream: Any) -> Generator[Any]:
    stream = aiter(stream)
    try:
        while (chunk := background.run(_Work(lambda: anext(stream, _END), context))) is not _END:
            yield chunk
    finally:
        closing = _Work(lambda: aclose(stream), context)
        if background.is_here:
            # A stream that was dropped may be collected in any thread.
            background.start(closing)
        else:
            background.run(closing)
