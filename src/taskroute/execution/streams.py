"""Performing the plan of a streamed call, sync and async: another model takes over as long as nothing has been given out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final, NamedTuple

from taskroute.execution.chores import achore, chore
from taskroute.execution.drivers import within
from taskroute.execution.open_stream import OpenStream
from taskroute.execution.run import Host, Run, settle
from taskroute.execution.threads import Worker
from taskroute.steps import Attempt, Cancelled, Deliver, Ended, Event, Failed, Lookup, Step
from taskroute.types import Outcome
from taskroute.warn import warn_once

_END: Final = object()
"""Stands for the end of a stream."""
_A_MOMENT: Final = 0.1
"""Seconds for an event loop to end in."""


class _Chunk(NamedTuple):
    chunk: Any


def _streamed(step: Step) -> Step:
    """Return the step as a stream takes it: it gives its reader something in time, whoever it waits for."""
    if isinstance(step, Lookup) and step.first_chunk is not None:
        return step._replace(terms=step.terms._replace(wait=min(step.terms.wait, step.first_chunk)))
    return step


def drive_stream(run: Run, host: Host) -> Generator[Any]:
    """Yield the chunks of the first stream that has anything to give; fall back only before that."""
    streams: dict[int, OpenStream] = {}
    step = run.advance(None)
    while not isinstance(step, Outcome):
        event: Event
        if isinstance(step, Attempt):
            event = _open(run, host, step, streams)
        elif isinstance(step, Deliver):
            stream = streams.pop(step.tries)
            try:
                for chunk in stream.held:
                    stream.delivered += 1
                    stream.away()
                    yield chunk
                    stream.back()
                stream.held.clear()
                while isinstance(found := stream.over or _next(run, stream), _Chunk):
                    stream.delivered += 1
                    stream.away()
                    yield found.chunk
                    stream.back()
                event = found
            except BaseException as error:  # noqa: BLE001 - the caller closed the stream, or threw into it
                event = stream.dropped(error, run.clock.now())
            if not isinstance(event, Ended):
                event = _close(run, stream, event)
        else:
            event = chore(run, host, _streamed(step))
        step = run.advance(event)
    for stream in _never_given(streams):
        _close(run, stream, Cancelled(None, run.clock.now()))
    settle(step)


def _open(run: Run, host: Host, step: Attempt, streams: dict[int, OpenStream]) -> Event:
    """Start an attempt, and hold back its chunks until they may be given out."""
    try:
        with run.active():
            stream = OpenStream(*host.open(step), step, run.partly)
        # Opening asks for nothing yet: that begins with the first chunk.
        if step.timeout_enforced == "thread":
            stream.worker = Worker()
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return Cancelled(error, run.clock.now())
    while isinstance(found := _next(run, stream, held=True), _Chunk):
        stream.held.append(found.chunk)
        # A chunk that came too late is not given out, so that another model can take over.
        if stream.may_open() and not stream.is_late():
            streams[step.tries] = stream
            return stream.opened(run.clock.now())
    if isinstance(found, Ended):
        streams[step.tries] = stream
        return found
    return _close(run, stream, found)


def _next(run: Run, stream: OpenStream, *, held: bool = False) -> _Chunk | Ended | Failed | Cancelled:
    """Return the next chunk, or how the stream ended. A limit that has passed ends it.

    One that passes meanwhile is the client's to hold: a sync call cannot be left without leaving a thread behind.
    """
    clock = run.clock
    limit = stream.limit() if stream.is_limited else None
    if limit is not None and limit.left <= 0:
        return stream.broke(TimeoutError(f"{limit.what} within {limit.seconds:g}s"), clock.now())
    began = clock.now()
    try:
        if stream.worker is None:
            chunk = _pull(run, stream)
        elif limit is None:
            # Where it began, since what it holds of the context is that thread's.
            chunk = stream.worker.call(lambda: _pull(run, stream), None, "")
        else:
            chunk = stream.worker.call(lambda: _pull(run, stream), limit.left, f"{limit.what} within {limit.seconds:g}s")
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return stream.broke(error, clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return stream.dropped(error, clock.now())
    stream.spent += clock.now() - began
    if chunk is _END:
        _let_go(stream)
    return _noted(run, stream, chunk, held=held)


def _noted(run: Run, stream: OpenStream, chunk: Any, *, held: bool) -> _Chunk | Ended | Failed:
    """Make sense of what came."""
    try:
        if chunk is _END:
            return stream.ended(run.clock.now(), held=held)
        stream.take(chunk)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return stream.broke(error, run.clock.now())
    return _Chunk(chunk)


def _pull(run: Run, stream: OpenStream) -> Any:
    if run.watches is None:
        return next(stream.chunks, _END)
    with run.watches.active():
        return next(stream.chunks, _END)


def _close(run: Run, stream: OpenStream, event: Event) -> Event:
    """Close the model's stream, unless a thread was left behind with it. Return how the try ended: as it did before, or interrupted."""
    close = getattr(stream.chunks, "close", None)
    try:
        if stream.worker is None:
            if close is not None:
                _let_end(run, close)
        elif not stream.worker.left and close is not None:
            # Where it was read, for the same reason.
            stream.worker.call(lambda: _let_end(run, close), None, "")
    except Exception as error:  # noqa: BLE001 - a stream that cannot be closed has ended all the same
        _not_closed(error)
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return Cancelled(error, run.clock.now())
    finally:
        _let_go(stream)
    return event


def _let_end(run: Run, close: Callable[[], None]) -> None:
    """Close a stream where what it read was read: one that keeps a span of its own current puts back what was current before it."""
    if run.watches is None:
        close()
        return
    with run.watches.active():
        close()


def _let_go(stream: OpenStream) -> None:
    worker, stream.worker = stream.worker, None
    if worker is not None:
        worker.close()


def _never_given(streams: dict[int, OpenStream]) -> list[OpenStream]:
    """Return the streams that are open at the end of a call, which nobody can close but its driver."""
    return [stream for stream in streams.values() if stream.over is None]


class _Given(AsyncGenerator[Any]):
    """What the async driver yields; knows whether somebody closes it, and not the event loop."""

    def __init__(self, run: Run, host: Host) -> None:
        self._closed = asyncio.Event()
        self._chunks = _adriven(run, host, self._closed)

    async def asend(self, value: Any) -> Any:
        return await self._chunks.asend(value)

    async def athrow(self, *error: Any) -> Any:
        return await self._chunks.athrow(*error)

    async def aclose(self) -> None:
        self._closed.set()
        await self._chunks.aclose()


def adrive_stream(run: Run, host: Host) -> AsyncGenerator[Any]:
    """Return the chunks of the first stream that has anything to give; otherwise like `drive_stream`."""
    return _Given(run, host)


async def _adriven(run: Run, host: Host, closed: asyncio.Event) -> AsyncGenerator[Any]:
    streams: dict[int, OpenStream] = {}
    dropped: OpenStream | None = None
    step = run.advance(None)
    while not isinstance(step, Outcome):
        event: Event
        if isinstance(step, Deliver):
            stream = streams.pop(step.tries)
            try:
                for chunk in stream.held:
                    stream.delivered += 1
                    stream.away()
                    yield chunk
                    stream.back()
                stream.held.clear()
                while isinstance(found := stream.over or await _anext(run, stream), _Chunk):
                    stream.delivered += 1
                    stream.away()
                    yield found.chunk
                    stream.back()
                event = found if isinstance(found, Ended) else await _aclose(run, stream, found)
            except BaseException as error:  # noqa: BLE001 - the caller closed the stream, or threw into it
                event, dropped = stream.dropped(error, run.clock.now()), stream
        else:
            event = await _astep(run, host, step, streams)
        step = run.advance(event)
    for stream in _never_given(streams):
        await _aclose(run, stream, Cancelled(None, run.clock.now()))
    # Only now: an event loop that ends may leave nobody to go on after this.
    if dropped is not None:
        await _aleave(run, dropped, step.error, is_awaited=closed.is_set())
    settle(step)


async def _astep(run: Run, host: Host, step: Step, streams: dict[int, OpenStream]) -> Event:
    """Perform a step that gives nothing out."""
    try:
        return await (_aopen(run, host, step, streams) if isinstance(step, Attempt) else achore(run, host, _streamed(step)))
    except GeneratorExit as error:
        # Python 3.11 closes a generator once more whose closing was cancelled before it began; the plan is to end all the same.
        return Cancelled(error, run.clock.now())


async def _aleave(run: Run, stream: OpenStream, error: BaseException | None, *, is_awaited: bool) -> None:
    """Close the model's stream, of which the caller wants no more."""
    if isinstance(error, asyncio.CancelledError) or (isinstance(error, GeneratorExit) and not is_awaited):
        # It is the event loop that closes this generator, for one that was dropped or because the loop itself ends. Then it closes all
        # generators at once, those of the model's stream too, and each can be closed only once. Where it goes on, it closes them next.
        asyncio.get_running_loop().call_later(_A_MOMENT, stream.forget)
        return
    if isinstance(error, GeneratorExit):
        # Whoever closes this may be a generator that the loop closes; after this turn it has begun with the others.
        await asyncio.sleep(0)
    await _aclose(run, stream, Cancelled(error, run.clock.now()))


async def _aopen(run: Run, host: Host, step: Attempt, streams: dict[int, OpenStream]) -> Event:
    """Start an attempt, and hold back its chunks until they may be given out."""
    try:
        stream = OpenStream(*host.aopen(step), step, run.partly)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return Cancelled(error, run.clock.now())
    while isinstance(found := await _anext(run, stream, held=True), _Chunk):
        stream.held.append(found.chunk)
        if stream.may_open() and not stream.is_late():
            streams[step.tries] = stream
            return stream.opened(run.clock.now())
    if isinstance(found, Ended):
        streams[step.tries] = stream
        return found
    return await _aclose(run, stream, found)


async def _anext(run: Run, stream: OpenStream, *, held: bool = False) -> _Chunk | Ended | Failed | Cancelled:
    """Return the next chunk, or how the stream ended. The limit that ends first bounds the wait."""
    clock = run.clock
    limit = stream.limit() if stream.is_limited else None
    began = clock.now()
    try:
        with run.active():
            if limit is None:
                chunk = await anext(stream.chunks)
            else:
                chunk = await within(anext(stream.chunks), max(limit.left, 0.0), limit.what, limit.seconds)
    except StopAsyncIteration:
        chunk = _END
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return stream.broke(error, clock.now())
    except BaseException as error:  # noqa: BLE001 - cancellation ends the call through the plan
        return stream.dropped(error, clock.now())
    stream.spent += clock.now() - began
    return _noted(run, stream, chunk, held=held)


async def _aclose(run: Run, stream: OpenStream, event: Event) -> Event:
    """Close the model's stream. Return how the try ended: as it did before, or cancelled meanwhile."""
    try:
        close = getattr(stream.chunks, "aclose", None)
        if close is not None:
            with run.active():
                await close()
    except Exception as error:  # noqa: BLE001 - a stream that cannot be closed has ended all the same
        _not_closed(error)
    except BaseException as error:  # noqa: BLE001 - cancellation ends the call through the plan
        return Cancelled(error, run.clock.now())
    return event


def _not_closed(error: Exception) -> None:
    if isinstance(error, RuntimeError) and "already running" in str(error):
        # It is being closed, by an event loop that ends.
        return
    name = type(error).__name__
    warn_once("close", name, f"a model's stream could not be closed ({name}); the call went on")
