"""Performing a plan: sync, async, and both kinds of stream. They differ in how they wait, and in nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from taskroute.execution.plan import Plan
from taskroute.execution.watching import Watches
from taskroute.ports import Classifier, Clock
from taskroute.steps import Attempt, Cancelled, Classified, Classify, Deliver, Ended, Event, Failed, Opened, Step, Wait, Waited
from taskroute.types import Decision, Outcome, Reply

T = TypeVar("T")

_NOTHING_TO_HOLD: Final[AbstractContextManager[object]] = contextlib.nullcontext()


class Source(Protocol):
    """Makes sense of a stream while it passes by."""

    def take(self, chunk: Any) -> bool:
        """Note a chunk; return whether it holds anything that the caller could use."""
        ...

    def reply(self) -> Reply:
        """Return what the whole stream came to."""
        ...


class Host(Protocol):
    """What a driver asks of its host, for one call. A host implements the half that it is driven by."""

    def answer(self, attempt: Attempt) -> Reply: ...
    def aanswer(self, attempt: Attempt) -> Awaitable[Reply]: ...
    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]: ...
    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]: ...


class Run(NamedTuple):
    """One call on its way."""

    plan: Plan
    watches: Watches | None
    """Is told of everything; None when nobody listens."""
    clock: Clock
    tasks: tuple[str, ...]
    """Every task that the classifier may name."""
    classifier: Classifier | None
    record: Callable[[Decision], None]
    """Is told the decision once it stands."""

    def advance(self, event: Event | None) -> Step | Outcome:
        """Send what happened, and return what to do next or how it ended."""
        watches = self.watches
        if watches is not None and event is not None:
            watches.event(event, event.at)
        try:
            step = self.plan.send(event) if event is not None else next(self.plan)
        except StopIteration as done:
            outcome: Outcome = done.value
            if not outcome.tries:
                self.record(outcome.decision)
            if watches is not None:
                watches.finished(outcome, self.clock.now())
            return outcome
        if isinstance(step, Attempt) and step.tries == 1:
            self.record(step.decision)
        if watches is not None:
            watches.step(step, self.clock.now())
        return step

    def active(self) -> AbstractContextManager[object]:
        """Return a context to hold while the host works on the current attempt, never across a yield.

        The sync drivers ask for it only when somebody watches: where there is nothing to wait for, it would be felt.
        """
        return _NOTHING_TO_HOLD if self.watches is None else self.watches.active()


def settle(outcome: Outcome) -> Outcome:
    """Return an outcome that has an answer; raise the error of any other."""
    if outcome.error is not None:
        raise outcome.error
    return outcome


def drive(run: Run, host: Host) -> Outcome:
    """Carry out a plan and return its outcome. Raises the error of a call that failed or was cancelled."""
    step = run.advance(None)
    while not isinstance(step, Outcome):
        step = run.advance(_perform(run, host, step) if isinstance(step, Attempt) else _wait(run, step))
    return settle(step)


def _perform(run: Run, host: Host, step: Attempt) -> Event:
    try:
        if run.watches is None:
            reply = host.answer(step)
        else:
            with run.watches.active():
                reply = host.answer(step)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan, so that observers hear of it
        return Cancelled(error, run.clock.now())
    return Ended(reply, run.clock.now())


def _wait(run: Run, step: Step) -> Event:
    clock = run.clock
    try:
        if isinstance(step, Wait):
            clock.sleep(step.seconds)
            return Waited(clock.now())
        if isinstance(step, Classify) and run.classifier is not None:
            return Classified(run.classifier.classify(step.need.text, run.tasks), clock.now())
    except BaseException as error:  # noqa: BLE001 - as above
        return Cancelled(error, clock.now())
    raise TypeError(f"this driver cannot perform {type(step).__name__}")


async def adrive(run: Run, host: Host) -> Outcome:
    """Carry out a plan without blocking the event loop; otherwise like `drive`."""
    step = run.advance(None)
    while not isinstance(step, Outcome):
        step = run.advance(await _aperform(run, host, step) if isinstance(step, Attempt) else await _await(run, step))
    return settle(step)


async def _aperform(run: Run, host: Host, step: Attempt) -> Event:
    try:
        with run.active():
            reply = await _within(host.aanswer(step), step, _deadline(step))
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - cancellation ends the call through the plan, so that observers hear of it
        return Cancelled(error, run.clock.now())
    return Ended(reply, run.clock.now())


def _deadline(step: Attempt) -> float | None:
    return None if step.timeout is None else asyncio.get_running_loop().time() + step.timeout


async def _within(work: Awaitable[T], step: Attempt, deadline: float | None) -> T:
    """Return what `work` gives, or raise a TimeoutError that says whose time ran out; asyncio's own has no message."""
    if deadline is None:
        return await work
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise TimeoutError(f"{step.model!r} did not answer within {step.timeout:g}s") from None
        raise


async def _await(run: Run, step: Step) -> Event:
    clock = run.clock
    try:
        if isinstance(step, Wait):
            await clock.asleep(step.seconds)
            return Waited(clock.now())
        if isinstance(step, Classify) and run.classifier is not None:
            try:
                async with asyncio.timeout(step.timeout):
                    return Classified(await run.classifier.aclassify(step.need.text, run.tasks), clock.now())
            except TimeoutError:
                return Classified(None, clock.now())
    except BaseException as error:  # noqa: BLE001 - as above
        return Cancelled(error, clock.now())
    raise TypeError(f"this driver cannot perform {type(step).__name__}")


class _Stream:
    """An open stream: what was held back so far, and how many chunks were given out."""

    def __init__(self, chunks: Any, source: Source, step: Attempt, deadline: float | None = None) -> None:
        self.chunks = chunks
        self.source = source
        self.step = step
        self.deadline = deadline
        self.held: list[Any] = []
        self.delivered = 0


def drive_stream(run: Run, host: Host) -> Generator[Any]:
    """Yield the chunks of the first stream that has anything to give; fall back only before that."""
    stream: _Stream | None = None
    step = run.advance(None)
    while not isinstance(step, Outcome):
        event: Event
        if isinstance(step, Attempt):
            stream, event = _open(run, host, step)
        elif isinstance(step, Deliver) and stream is not None:
            try:
                for chunk in stream.held:
                    stream.delivered += 1
                    yield chunk
                while isinstance(found := _next(run, stream), _Chunk):
                    stream.delivered += 1
                    yield found.chunk
                event = found
            except BaseException as error:  # noqa: BLE001 - the caller closed the stream, or threw into it
                _close(stream.chunks)
                event = Cancelled(error, run.clock.now())
        else:
            event = _wait(run, step)
        step = run.advance(event)
    settle(step)


class _Chunk(NamedTuple):
    chunk: Any
    useful: bool


def _open(run: Run, host: Host, step: Attempt) -> tuple[_Stream | None, Event]:
    """Start an attempt and hold back its chunks until one is worth giving out."""
    try:
        with run.active():
            stream = _Stream(*host.open(step), step)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return None, Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return None, Cancelled(error, run.clock.now())
    while isinstance(found := _next(run, stream), _Chunk):
        stream.held.append(found.chunk)
        if found.useful:
            return stream, Opened(found.chunk, run.clock.now())
    return stream, Opened(None, found.at) if isinstance(found, Ended) else found


def _next(run: Run, stream: _Stream) -> _Chunk | Ended | Failed | Cancelled:
    """Return the next chunk, or how the stream ended."""
    try:
        if run.watches is None:
            chunk = next(stream.chunks)
        else:
            with run.watches.active():
                chunk = next(stream.chunks)
    except StopIteration:
        return Ended(stream.source.reply(), run.clock.now())
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, stream.delivered, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan
        return Cancelled(error, run.clock.now())
    return _Chunk(chunk, stream.source.take(chunk))


def _close(chunks: Any) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


async def adrive_stream(run: Run, host: Host) -> AsyncGenerator[Any]:
    """Yield the chunks of the first stream that has anything to give; otherwise like `drive_stream`."""
    stream: _Stream | None = None
    step = run.advance(None)
    while not isinstance(step, Outcome):
        event: Event
        if isinstance(step, Attempt):
            stream, event = await _aopen(run, host, step)
        elif isinstance(step, Deliver) and stream is not None:
            try:
                for chunk in stream.held:
                    stream.delivered += 1
                    yield chunk
                while isinstance(found := await _anext(run, stream), _Chunk):
                    stream.delivered += 1
                    yield found.chunk
                event = found
            except BaseException as error:  # noqa: BLE001 - the caller closed the stream, or threw into it
                await _aclose(stream.chunks)
                event = Cancelled(error, run.clock.now())
        else:
            event = await _await(run, step)
        step = run.advance(event)
    settle(step)


async def _aopen(run: Run, host: Host, step: Attempt) -> tuple[_Stream | None, Event]:
    """Start an attempt and hold back its chunks until one is worth giving out."""
    try:
        stream = _Stream(*host.aopen(step), step, _deadline(step))
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return None, Failed(error, 0, run.clock.now())
    while isinstance(found := await _anext(run, stream), _Chunk):
        stream.held.append(found.chunk)
        if found.useful:
            return stream, Opened(found.chunk, run.clock.now())
    if isinstance(found, Ended):
        return stream, Opened(None, found.at)
    await _aclose(stream.chunks)
    return None, found


async def _anext(run: Run, stream: _Stream) -> _Chunk | Ended | Failed | Cancelled:
    """Return the next chunk, or how the stream ended. What is left of the attempt's time bounds the wait."""
    try:
        with run.active():
            chunk = await _within(anext(stream.chunks), stream.step, stream.deadline)
    except StopAsyncIteration:
        return Ended(stream.source.reply(), run.clock.now())
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, stream.delivered, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - cancellation ends the call through the plan
        return Cancelled(error, run.clock.now())
    return _Chunk(chunk, stream.source.take(chunk))


async def _aclose(chunks: Any) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
