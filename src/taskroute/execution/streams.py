"""Performing the plan of a streamed call, sync and async: another model takes over as long as nothing has been given out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final, NamedTuple

from taskroute.execution.chores import achore, chore
from taskroute.execution.drivers import within
from taskroute.execution.partly import Partly
from taskroute.execution.run import Host, Run, Source, UnusableAnswerError, settle
from taskroute.execution.threads import Worker
from taskroute.steps import Attempt, Cancelled, Deliver, Ended, Event, Failed, Lookup, Opened, Step
from taskroute.types import Outcome, Reply
from taskroute.warn import warn_once

_END: Final = object()
"""Stands for the end of a stream."""


class _Limit(NamedTuple):
    """How long the next chunk may take, and how to say that it took longer."""

    left: float
    seconds: float
    what: str


class _Stream:
    """An open stream: what is held back of it, how many chunks were given out, and what it may still take."""

    def __init__(self, chunks: Any, source: Source, step: Attempt, partly: Partly | None) -> None:
        self.chunks = chunks
        self.partly = partly
        self.source = source
        self.step = step
        self.held: list[Any] = []
        self.delivered = 0
        self.spent = 0.0
        """Seconds spent waiting for the model."""
        self.is_limited = step.timeout is not None or step.first_chunk is not None or step.between_chunks is not None
        self.first_chunk: float | None = None
        """What was spent until there was something that the caller could use; None before."""
        self.useless = 0
        """Chunks before that."""
        self.over: Ended | None = None
        self.worker: Worker | None = None
        """Waits for the model where nobody else holds the limits."""

    def limit(self) -> _Limit | None:
        """Return the limit that ends first; None when there is none."""
        step, model = self.step, self.step.model
        limits: list[_Limit] = []
        if step.timeout is not None:
            limits.append(_Limit(step.timeout - self.spent, step.timeout, f"{model!r} did not answer"))
        if self.first_chunk is None and step.first_chunk is not None:
            limits.append(_Limit(step.first_chunk - self.spent, step.first_chunk, f"the stream of {model!r} had nothing to give out"))
        if self.first_chunk is not None and step.between_chunks is not None:
            limits.append(_Limit(step.between_chunks, step.between_chunks, f"the stream of {model!r} gave nothing more"))
        return min(limits) if limits else None

    def away(self) -> None:
        """Note that the caller has a chunk, where others may be waiting for the answer: not for a slow reader."""
        if self.step.lead is not None:
            self.step.lead.away()

    def back(self) -> None:
        """Note that the caller wants the next one."""
        if self.step.lead is not None:
            self.step.lead.back()

    def take(self, chunk: Any) -> None:
        """Note a chunk."""
        if self.source.take(chunk) and self.first_chunk is None:
            self.first_chunk = self.spent
            self.useless = len(self.held)

    def may_open(self) -> bool:
        """Return whether what is held may be given out: there is something, and it need not be examined, or that has taken too long."""
        return self.first_chunk is not None and (not self.step.checks or self.spent >= self.step.hold)

    def is_late(self) -> bool:
        """Return whether the try has had all its time: the next chunk would not be waited for."""
        return self.step.timeout is not None and self.spent >= self.step.timeout

    def ended(self, at: float, *, held: bool) -> Ended:
        """Return that the stream ended, with what it came to."""
        chunks = None if self.first_chunk is None else self.delivered + len(self.held) - self.useless
        self.over = Ended(self.source.reply(), at, self.spent, held, self.first_chunk is not None, self.first_chunk, chunks)
        return self.over

    def opened(self, at: float) -> Opened:
        """Return that there is something to give out."""
        return Opened(self.held[0], at, self.first_chunk)

    def broke(self, error: Exception, at: float) -> Failed:
        """Return that the stream broke; with what it came to where its host knows that it could not be used."""
        if isinstance(error, UnusableAnswerError):
            return Failed(error.error, self.delivered, at, error.reply)
        return Failed(error, self.delivered, at, self.part())

    def dropped(self, error: BaseException | None, at: float) -> Cancelled:
        """Return that the caller gave up."""
        return Cancelled(error, at, self.part())

    def part(self) -> Reply | None:
        """Return what has come so far of a stream that will not come to its end; None of one that had nothing to give out."""
        if self.partly is None or self.first_chunk is None or self.over is not None:
            return None
        try:
            return self.partly.priced(self.step, self.source.reply())
        except Exception:  # noqa: BLE001 - half an answer may not be readable, and was paid for all the same
            return Reply(answer=None)


class _Chunk(NamedTuple):
    chunk: Any


def _streamed(step: Step) -> Step:
    """Return the step as a stream takes it: it gives its reader something in time, whoever it waits for."""
    if isinstance(step, Lookup) and step.first_chunk is not None:
        return step._replace(terms=step.terms._replace(wait=min(step.terms.wait, step.first_chunk)))
    return step


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


def _open(run: Run, host: Host, step: Attempt, streams: dict[int, _Stream]) -> Event:
    """Start an attempt, and hold back its chunks until they may be given out."""
    try:
        with run.active():
            stream = _Stream(*host.open(step), step, run.partly)
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


def _next(run: Run, stream: _Stream, *, held: bool = False) -> _Chunk | Ended | Failed | Cancelled:
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


def _noted(run: Run, stream: _Stream, chunk: Any, *, held: bool) -> _Chunk | Ended | Failed:
    """Make sense of what came."""
    try:
        if chunk is _END:
            return stream.ended(run.clock.now(), held=held)
        stream.take(chunk)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return stream.broke(error, run.clock.now())
    return _Chunk(chunk)


def _pull(run: Run, stream: _Stream) -> Any:
    if run.watches is None:
        return next(stream.chunks, _END)
    with run.watches.active():
        return next(stream.chunks, _END)


def _close(run: Run, stream: _Stream, event: Event) -> Event:
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


def _let_go(stream: _Stream) -> None:
    worker, stream.worker = stream.worker, None
    if worker is not None:
        worker.close()


def _never_given(streams: dict[int, _Stream]) -> list[_Stream]:
    """Return the streams that are open at the end of a call, which nobody can close but its driver."""
    return [stream for stream in streams.values() if stream.over is None]


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
                    stream.away()
                    yield chunk
                    stream.back()
                stream.held.clear()
                while isinstance(found := stream.over or await _anext(run, stream), _Chunk):
                    stream.delivered += 1
                    stream.away()
                    yield found.chunk
                    stream.back()
                event = found
            except BaseException as error:  # noqa: BLE001 - the caller closed the stream, or threw into it
                event = stream.dropped(error, run.clock.now())
            if not isinstance(event, Ended):
                event = await _aclose(run, stream, event)
        else:
            event = await achore(run, host, _streamed(step))
        step = run.advance(event)
    for stream in _never_given(streams):
        await _aclose(run, stream, Cancelled(None, run.clock.now()))
    settle(step)


async def _aopen(run: Run, host: Host, step: Attempt, streams: dict[int, _Stream]) -> Event:
    """Start an attempt, and hold back its chunks until they may be given out."""
    try:
        stream = _Stream(*host.aopen(step), step, run.partly)
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


async def _anext(run: Run, stream: _Stream, *, held: bool = False) -> _Chunk | Ended | Failed | Cancelled:
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


async def _aclose(run: Run, stream: _Stream, event: Event) -> Event:
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
    name = type(error).__name__
    warn_once("close", name, f"a model's stream could not be closed ({name}); the call went on")
