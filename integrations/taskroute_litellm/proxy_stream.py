"""A stream on its way from LiteLLM to a client of the proxy, followed to its end, or until the client leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Any, Protocol

from taskroute.clock import SystemClock
from taskroute.execution.run import Source
from taskroute.ports import Clock
from taskroute.types import Reply
from taskroute.warn import warn_once
from taskroute_litellm.observed import ObservedCall, quietly
from taskroute_litellm.served import unpaid
from taskroute_litellm.stream_errors import Ending

__all__ = ["followed"]


class Followed(Source, Ending, Protocol):
    """Makes sense of a stream while it passes by, and knows whether it is whole."""


async def followed(
    chunks: AsyncIterable[Any], source: Followed, call: ObservedCall, over: Callable[[ObservedCall], None], clock: Clock | None = None
) -> AsyncGenerator[Any]:
    """Yield the chunks as they are, and tell the call what they come to. Nothing that goes wrong with telling reaches the client.

    `over` is told of the end, however it comes.
    """
    now = (clock or SystemClock()).now
    stream, waited, delivered = aiter(chunks), 0.0, 0
    try:
        while True:
            began = now()
            try:
                chunk = await anext(stream)
            except StopAsyncIteration:
                break
            waited += now() - began
            if _is_useful(source, chunk):
                await quietly(call.gave(waited))
            _away(call)
            yield chunk if call.kept.replayed is None else unpaid(chunk)
            _back(call)
            delivered += 1
    except Exception as error:
        await quietly(call.gave_up(error, delivered=delivered, part=_part_of(source)))
        raise
    except BaseException as error:
        call.cancelled(error, _part_of(source))
        raise
    else:
        await quietly(call.answered(_whole(source, call), waited=waited))
    finally:
        over(call)


def _away(call: ObservedCall) -> None:
    """Note that the client has a chunk: nobody waits for a slow reader."""
    if call.kept.lead is not None:
        call.kept.lead.away()


def _back(call: ObservedCall) -> None:
    if call.kept.lead is not None:
        call.kept.lead.back()


def _whole(source: Followed, call: ObservedCall) -> Reply:
    """Return what a stream came to; without anything to store where it is not whole."""
    reply = source.reply()
    if reply.kept is not None and (source.is_half() or source.error() is not None):
        return reply._replace(kept=None)
    return reply


def _part_of(source: Source) -> Reply | None:
    try:
        return source.reply()
    except Exception:  # noqa: BLE001 - half an answer may not be readable, and the error of the stream is the one to tell
        return None


def _is_useful(source: Source, chunk: Any) -> bool:
    try:
        return source.take(chunk)
    except Exception as error:  # noqa: BLE001 - whatever a chunk is, it goes to the client
        name = type(error).__name__
        warn_once("chunk", name, f"a chunk of a stream could not be read ({name}); the stream went on")
        return True
