"""An async method of a router for callers without an event loop.

`Router.text_completion` of LiteLLM (1.102 to 1.110) sends the name of the group in the place of the deployment's model, and fails; its
async twin does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final

from taskroute.execution.threads import Worker
from taskroute_litellm.closing import aclose

_END: Final = object()


class _Loop:
    """An event loop in a thread of its own: the caller's thread may be running one."""

    def __init__(self) -> None:
        self._worker = Worker()
        self._runner = asyncio.Runner()

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def awaited() -> Any:
            return await work()

        return self._worker.call(lambda: self._runner.run(awaited()), None, "")

    def close(self) -> None:
        try:
            self._worker.call(self._runner.close, None, "")
        finally:
            self._worker.close()


def blocking(method: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return a method that waits for what the async one gives; of a stream, an iterator over its chunks."""

    def call(**arguments: Any) -> Any:
        loop = _Loop()
        try:
            answer = loop.run(lambda: method(**arguments))
        except BaseException:
            loop.close()
            raise
        if hasattr(answer, "__aiter__"):
            return _chunks(loop, answer)
        loop.close()
        return answer

    return call


def _chunks(loop: _Loop, stream: Any) -> Generator[Any]:
    stream = aiter(stream)
    try:
        while (chunk := loop.run(lambda: anext(stream, _END))) is not _END:
            yield chunk
    finally:
        try:
            loop.run(lambda: aclose(stream))
        finally:
            loop.close()
