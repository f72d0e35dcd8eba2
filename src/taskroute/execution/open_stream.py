"""A model's stream while a driver reads it: what is held back, what was given out, and what it may still take."""

from __future__ import annotations

from typing import Any, NamedTuple

from taskroute.execution.partly import Partly
from taskroute.execution.run import Source, UnusableAnswerError
from taskroute.execution.threads import Worker
from taskroute.steps import Attempt, Cancelled, Ended, Failed, Opened
from taskroute.types import Reply


class Limit(NamedTuple):
    """How long the next chunk may take, and how to say that it took longer."""

    left: float
    seconds: float
    what: str


class OpenStream:
    """An open stream: what is held back of it, how many chunks were given out, and what it may still take."""

    def __init__(self, chunks: Any, source: Source, step: Attempt, partly: Partly | None) -> None:
        self.chunks: Any = chunks
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

    def limit(self) -> Limit | None:
        """Return the limit that ends first; None when there is none."""
        step, model = self.step, self.step.model
        limits: list[Limit] = []
        if step.timeout is not None:
            limits.append(Limit(step.timeout - self.spent, step.timeout, f"{model!r} did not answer"))
        if self.first_chunk is None and step.first_chunk is not None:
            limits.append(Limit(step.first_chunk - self.spent, step.first_chunk, f"the stream of {model!r} had nothing to give out"))
        if self.first_chunk is not None and step.between_chunks is not None:
            limits.append(Limit(step.between_chunks, step.between_chunks, f"the stream of {model!r} gave nothing more"))
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

    def forget(self) -> None:
        """Let go of the model's stream, which its event loop closes then."""
        self.chunks = None

    def part(self) -> Reply | None:
        """Return what has come so far of a stream that will not come to its end; None of one that had nothing to give out."""
        if self.partly is None or self.first_chunk is None or self.over is not None:
            return None
        try:
            return self.partly.priced(self.step, self.source.reply())
        except Exception:  # noqa: BLE001 - half an answer may not be readable, and was paid for all the same
            return Reply(answer=None)
