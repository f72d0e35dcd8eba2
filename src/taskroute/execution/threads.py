"""Sync work with a limit that its client cannot hold: it runs in a thread of its own, which is left behind when the time is up.

Only where the policy says `timeout.threads: true`. A thread that is left behind ends with the work that it waits for.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class _Job:
    """One piece of work, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 - raised again where the work was asked for
            self.error = error
        self.done.set()


class Worker:
    """A thread for one attempt. What it is given runs in the caller's context, one piece after the other."""

    def __init__(self) -> None:
        self._context = contextvars.copy_context()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="taskroute attempt", daemon=True)
        self._thread.start()
        self.left = False
        """Whether it was left behind with work that did not end."""

    def call(self, work: Callable[[], T], seconds: float | None, what: str) -> T:
        """Return what the work gives; raise a TimeoutError that says `what` when it takes longer."""
        job = _Job(work)
        try:
            self._jobs.put(job)
            ended = job.done.wait(seconds)
        except BaseException:
            self.left = not job.done.is_set()
            raise
        if not ended:
            self.left = True
            raise TimeoutError(what)
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let the thread end: now, or when the work ends that it was left behind with."""
        self._jobs.put(None)
        if not self.left:
            self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._context.run(job.run)


def within_thread(work: Callable[[], T], seconds: float, what: str) -> T:
    """Return what the work gives within `seconds`, else raise a TimeoutError that says `what` and leave the work behind."""
    worker = Worker()
    try:
        return worker.call(work, seconds, what)
    finally:
        worker.close()
