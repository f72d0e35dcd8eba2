"""Work on a store that nobody needs to wait for: leases that are let go, counts that are written down."""

from __future__ import annotations

import queue
import sys
import threading
import weakref
from collections.abc import Callable

Work = Callable[[], object]


class Later:
    """One thread that does such work in order. It begins with the first piece, and is a daemon: what is not done at exit was not needed."""

    def __init__(self, name: str = "taskroute cache") -> None:
        self._name = name
        # Reentrant, since the collector may close a forgotten stream, and with it a call, while this thread holds it.
        self._lock = threading.RLock()
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False
        # The thread of what nobody holds any more ends, too.
        weakref.finalize(self, self._work.put, None).atexit = False

    def do(self, work: Work) -> None:
        """Have this done soon; after `close`, never. What it raises is lost."""
        # While the interpreter ends, a thread that is begun never runs, and whoever began it waits for that.
        if self._closed or sys.is_finalizing():
            return
        self._work.put(work)
        if self._thread is None:
            self._begin()

    def close(self, seconds: float) -> None:
        """Wait until everything is done, for so long at most, and end the thread."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            self._work.put(None)
            thread.join(seconds)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            thread = self._thread = threading.Thread(target=_run, args=(self._work,), name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # There are too many threads, or the interpreter ends: the next piece tries again.
                self._thread = None


def _run(todo: queue.SimpleQueue[Work | None]) -> None:
    while (work := todo.get()) is not None:
        try:
            work()
        except Exception:  # noqa: BLE001, S112 - whoever has trouble with a store says so; here nobody waits
            continue
        finally:
            # Nothing is held on to while there is nothing to do.
            del work
