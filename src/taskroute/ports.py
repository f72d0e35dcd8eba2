"""What the outside must offer. Anything with these methods will do; nothing has to be inherited."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from taskroute.steps import Event, Step
from taskroute.types import Call, Classification, Cost, Decision, Outcome, Usage


class Clock(Protocol):
    """Time: a monotonic reading in seconds, and two ways to let it pass."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    async def asleep(self, seconds: float) -> None: ...


@runtime_checkable
class Classifier(Protocol):
    """Scores tasks for a prompt. The threshold belongs to the policy, and a classifier never names a model."""

    @property
    def name(self) -> str:
        """Short and fixed: it is written into spans as the source of the signal."""
        ...

    @property
    def local(self) -> bool:
        """True when it is quick and needs no I/O, so that it may run inside a decision."""
        ...

    @property
    def labels(self) -> Collection[str]:
        """What may be said of the place that the text is sent to (`private`, `eu`…); a local one needs none."""
        ...

    def classify(self, text: str, tasks: Collection[str]) -> Classification: ...
    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification: ...


class SensitiveDetector(Protocol):
    """Finds kinds of sensitive data in a text; an empty answer means that it found none."""

    def __call__(self, text: str) -> Collection[str]: ...


class PriceSource(Protocol):
    """Prices an answer, or returns None when it knows no price. Unknown is never 0."""

    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None: ...


class Watch(Protocol):
    """Follows one call. Whatever it raises is reported once and never reaches the caller."""

    def decided(self, decision: Decision) -> None: ...
    def step(self, step: Step, at: float) -> None: ...
    def event(self, event: Event, failure: str | None, at: float) -> None: ...
    def active(self) -> AbstractContextManager[object]:
        """Return a context to hold while the host works on the current attempt, never across a yield."""
        ...

    def finished(self, outcome: Outcome, at: float) -> None: ...


class Observer(Protocol):
    """Is told of every call. Returning None means that it does not care for this one."""

    def begin(self, call: Call, at: float) -> Watch | None: ...
