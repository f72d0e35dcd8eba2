"""Performing the plan of a streamed call, sync and async: another model takes over as long as nothing has been given out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any, NamedTuple

from taskroute.execution.chores import achore, chore
from taskroute.execution.drivers import within
from taskroute.execution.run import Host, Run, Source, settle
from taskroute.steps import Attempt, Cancelled, Deliver, Ended, Event, Failed, Opened
from taskroute.types import Outcome


class _Limit(NamedTuple):
    """How long the next chunk may take, and how to say that it took longer."""

    left: float
    seconds: float
    what: str


class _Stream:
    """An open stream: what is held back of it, how many chunks were given out, and what it may still take."""

    def __init__(self, chunks: Any, source: Source, step: Attempt) -> None:
        self.chunks = chunks
        self.source = source
        self.step = step
        self.held: list[Any] = []
        self.delivered = 0
        self.spent = 0.0
        """Seconds spent waiting for the model."""
        self.useful = False
        """Whether it has had anything that the caller could use."""
        self.over: Ended | None = None

    def limit(self) -> _Limit | None:
        """Return the limit that ends first; None when there is none."""
        step, model = self.step, self.step.model
        limits: list[_Limit] = []
        if step.timeout is not None:
            limits.append(_Limit(step.timeout - self.spent, step.timeout, f"{model!r} did not answer"))
        if not self.useful and step.first_chunk is not None:
            limits.append(_Limit(step.first_chunk - self.spent, step.first_chunk, f"the stream of {model!r} had nothing to give out"))
        if self.useful and step.between_chunks is not None:
            limits.append(_Limit(step.between_chunks, step.between_chunks, f"the stream of {model!r} gave nothing more"))
        return min(limits) if limits else None

    def take(self, chunk: Any) -> None:
        """Note a chunk."""
        if self.source.take(chunk):
            self.useful = True

    def may_open(self) -> bool:
        """Return whether what is held may be given out: there is something, and it need not be examined, or that has taken too long."""
        return self.useful and (not self.step.checks or self.spent >= self.step.hold)

    def ended(self, at: float, *, held: bool) -> Ended:
        """Return that the stream ended, with what it came to."""
        self.over = Ended(self.source.reply(), at, self.spent, held, self.useful)
        return self.over


class _Chunk(NamedTuple):
    chunk: Any


def drive_stream(run: Run, host: Host) -> Generator[Any]:
    """Yield the chunks of the first stream that has anything to give; fall back only before that."""
    streams: dict[int, _Stream] = {}
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
                    yield chunk
                while isinstance(found := stream.over or _next(run, stream), _Chunk):
                    stream.delivered += 1
                    yield found.chunk
                event = found
            except BaseException as error:  # noqa: BLE001 - the caller closed the stream, or threw into it
                event = Cancelled(error, run.clock.now())
            if not isinstance(event, Ended):
                _close(stream.chunks)
        else:
            event = chore(run, host, step)
        step = run.advance(event)
    settle(step)


def _open(run: Run, host: Host, step: Attempt, streams: dict[int, _Stream]) -> Event:
    """Start an attempt, and hold back its chunks until they may be given out."""
    try:
        with run.active():
            stream = _Stream(*host.open(step), step)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return Cancelled(error, run.clock.now())
    while isinstance(found := _next(run, stream, held=True), _Chunk):
        stream.held.append(found.chunk)
        if stream.may_open():
            streams[step.tries] = stream
            return Opened(stream.held[0], run.clock.now())
    if isinstance(found, Ended):
        streams[step.tries] = stream
    else:
        _close(stream.chunks)
    return found


def _next(run: Run, stream: _Stream, *, held: bool = False) -> _Chunk | Ended | Failed | Cancelled:
    """Return the next chunk, or how the stream ended. A limit that has passed ends it.

    One that passes meanwhile is the client's to hold: a sync call cannot be left without leaving a thread behind.
    """
    clock = run.clock
    limit = stream.limit()
    if limit is not None and limit.left <= 0:
        return Failed(TimeoutError(f"{limit.what} within {limit.seconds:g}s"), stream.delivered, clock.now())
    began = clock.now()
    try:
        if run.watches is None:
            chunk = next(stream.chunks)
        else:
            with run.watches.active():
                chunk = next(stream.chunks)
    except StopIteration:
        stream.spent += clock.now() - began
        return stream.ended(clock.now(), held=held)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, stream.delivered, clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return Cancelled(error, clock.now())
    stream.spent += clock.now() - began
    stream.take(chunk)
    return _Chunk(chunk)


def _close(chunks: Any) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


async def adrive_stream(run: Run, host: Host) -> AsyncGenerator[Any]:
    """Yield the chunks of the first stream that has anything to give; otherwise like `drive_stream`."""
    streams: dict[int, _Stream] = {}
    step = run.advance(None)
    while not isinstance(step, Outcome):
        event: Event
        if isinstance(step, Attempt):
            event = await _aopen(run, host, step, streams)
        elif isinstance(step, Deliver):
            stream = streams.pop(step.tries)
            try:
                for chunk in stream.held:
                    stream.delivered += 1
                    yield chunk
                while isinstance(found := stream.over or await _anext(run, stream), _Chunk):
                    stream.delivered += 1
                    yield found.chunk
                event = found
            except BaseException as error:  # noqa: BLE001 - the caller closed the stream, or threw into it
                event = Cancelled(error, run.clock.now())
            if not isinstance(event, Ended):
                await _aclose(stream.chunks)
        else:
            event = await achore(run, host, step)
        step = run.advance(event)
    settle(step)


async def _aopen(run: Run, host: Host, step: Attempt, streams: dict[int, _Stream]) -> Event:
    """Start an attempt, and hold back its chunks until they may be given out."""
    try:
        stream = _Stream(*host.aopen(step), step)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    while isinstance(found := await _anext(run, stream, held=True), _Chunk):
        stream.held.append(found.chunk)
        if stream.may_open():
            streams[step.tries] = stream
            return Opened(stream.held[0], run.clock.now())
    if isinstance(found, Ended):
        streams[step.tries] = stream
    else:
        await _aclose(stream.chunks)
    return found


async def _anext(run: Run, stream: _Stream, *, held: bool = False) -> _Chunk | Ended | Failed | Cancelled:
    """Return the next chunk, or how the stream ended. The limit that ends first bounds the wait."""
    clock = run.clock
    limit = stream.limit()
    began = clock.now()
    try:
        with run.active():
            if limit is None:
                chunk = await anext(stream.chunks)
            else:
                chunk = await within(anext(stream.chunks), max(limit.left, 0.0), limit.what, limit.seconds)
    except StopAsyncIteration:
        stream.spent += clock.now() - began
        return stream.ended(clock.now(), held=held)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, stream.delivered, clock.now())
    except BaseException as error:  # noqa: BLE001 - cancellation ends the call through the plan
        return Cancelled(error, clock.now())
    stream.spent += clock.now() - began
    stream.take(chunk)
    return _Chunk(chunk)


async def _aclose(chunks: Any) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
