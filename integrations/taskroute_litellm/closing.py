"""Closing LiteLLM's streams, of which not every class can do it itself."""

from __future__ import annotations

from typing import Any


def close(stream: Any) -> None:
    """Close a stream now, so that its connection is free; its own `close` where it has one, else that of what it reads from."""
    for held in (stream, getattr(stream, "completion_stream", None)):
        end = getattr(held, "close", None)
        if callable(end):
            end()
            return


async def aclose(stream: Any) -> None:
    """Close an async stream now: left to the event loop, its connection would stay open until some later turn."""
    for held in (stream, getattr(stream, "completion_stream", None)):
        end: Any = getattr(held, "aclose", None)
        if end is None:
            continue
        try:
            await end()
        except RuntimeError as error:
            # When an event loop ends, it closes all of its generators at once.
            if "already running" not in str(error):
                raise
        return
