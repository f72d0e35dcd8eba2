"""Async streams that pass on what another gives, and closing them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self


class PassedOn(AsyncIterator[Any]):
    """The chunks of the stream that `begin` gives, each as `note` returns it; begun when it is first read.

    No generator: when an event loop ends, it closes all of those at once, and one that closes another would be in its way.
    """

    def __init__(self, begin: Callable[[], AsyncIterator[Any]], note: Callable[[Any], Any] | None = None) -> None:
        self._begin: Callable[[], AsyncIterator[Any]] | None = begin
        self._note = note
        self._chunks: AsyncIterator[Any] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        begin, self._begin = self._begin, None
        if begin is not None:
            self._chunks = aiter(begin())
        if self._chunks is None:
            raise StopAsyncIteration
        chunk = await anext(self._chunks)
        return chunk if self._note is None else self._note(chunk)

    async def aclose(self) -> None:
        """Close the stream, and with it the one that it reads."""
        self._begin = None
        if self._chunks is not None:
            # An event loop that ends closes this one, too: after this turn it has begun to.
            await asyncio.sleep(0)
            await aclose(self._chunks)


async def aclose(chunks: Any) -> None:
    """Close a stream now: left to the event loop, its connection would stay open until some later turn."""
    close = getattr(chunks, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except RuntimeError as error:
        # When an event loop ends, it closes all of its generators at once.
        if "already running" not in str(error):
            raise
