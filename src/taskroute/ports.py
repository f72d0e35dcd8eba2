"""What the outside must offer. Anything with these methods will do; nothing has to be inherited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, runtime_checkable

from taskroute.steps import Event, Step
from taskroute.types import Call, Classification, Cost, Decision, Outcome, Reply, Usage


class Clock(Protocol):
    """Time: a monotonic reading in seconds, the time of day, and two ways to let it pass."""

    def now(self) -> float: ...
    def time(self) -> float:
        """Return the seconds since the epoch, which other processes read alike."""
        ...

    def sleep(self, seconds: float) -> None: ...
    async def asleep(self, seconds: float) -> None: ...


@runtime_checkable
class Classifier(Protocol):
    """Scores tasks for a prompt. The threshold belongs to the policy, and a classifier never names a model.

    One that asks a model says what that cost in `Classification.cost`, and the call's own cost includes it. None means that it has
    nothing to tell, and adds nothing. A local one asks no model, so what it says of a cost is not counted.

    The text is the latest user message. One that has an attribute `reads_context` that is true gets it as a `taskroute.signals.said.Said`
    where something stands before it: the same text, with the system text and the user's earlier messages.
    """

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


class Question(NamedTuple):
    """What a classifier asks of a chat model."""

    model: str
    """Its name in the policy."""
    system: str
    user: str
    schema: Mapping[str, Any]
    """JSON schema that the answer is to fit, where the model can be held to one."""
    timeout: float | None = None
    """Seconds that it may take."""


@runtime_checkable
class Asker(Protocol):
    """Puts a classifier's question to a model of the policy. A host is one where it can."""

    def ask(self, question: Question) -> Reply | None:
        """Return the answer, its JSON as `text`; None where the model is not to be asked now. Raises what the model's client raises."""
        ...

    async def aask(self, question: Question) -> Reply | None: ...


class PromptQuality(Protocol):
    """Tells from the words of a prompt how well each model will answer it. Local, quick, and it may abstain."""

    @property
    def version(self) -> str: ...
    def tasks(self, text: str) -> Mapping[str, float]:
        """Return the probability of each task that scores were given for; empty means that it abstains."""
        ...

    def shifts(self, text: str, tasks: Mapping[str, float]) -> Mapping[str, float]:
        """Return for each model what the prompt adds to the quality that is expected of it for these tasks; empty means nothing.

        It is shrunk towards 0 the less the prompt is like those that were scored.
        """
        ...


class SensitiveDetector(Protocol):
    """Finds kinds of sensitive data in a text; an empty answer means that it found none."""

    def __call__(self, text: str) -> Collection[str]: ...


class PriceSource(Protocol):
    """Prices an answer, or returns None when it knows no price. Unknown is never 0."""

    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None: ...


class TieredPriceSource(Protocol):
    """A price source that knows what the provider's classes of service cost, too: its `cost` takes one more keyword.

    A source without it is asked only for answers of the usual class, so that no other is priced wrong.
    """

    def cost(self, provider: str | None, model: str, usage: Usage, *, service_tier: str | None = None) -> Cost | None:
        """Return what the usage costs in this class of service: `flex`, `priority`, `batch`…; None stands for the usual one."""
        ...


class Store(Protocol):
    """Keeps bytes under names, for this process or for many. Each method has an async twin that means the same.

    Names are text. `ttl` is in seconds; None keeps the value until it is deleted or the store needs the room. What it raises costs one
    warning, never the call.
    """

    def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none or its time is over."""
        ...

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None: ...
    def delete(self, key: str) -> None:
        """Remove the value, if there is one."""
        ...

    def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        """Add to a counter and return what it came to. A new one begins at 0; `ttl` counts from its beginning."""
        ...

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        """Put the value if the present one is `expected` (None: if there is none); return whether it was."""
        ...

    def lease(self, key: str, ttl: float) -> bool:
        """Return True to one asker for `ttl` seconds, or until the key is deleted; False to every other."""
        ...

    def scan(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with `prefix`, in no order."""
        ...

    def close(self) -> None: ...

    async def aget(self, key: str) -> bytes | None: ...
    async def aput(self, key: str, value: bytes, ttl: float | None = None) -> None: ...
    async def adelete(self, key: str) -> None: ...
    async def aincrement(self, key: str, by: int = 1, ttl: float | None = None) -> int: ...
    async def acompare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool: ...
    async def alease(self, key: str, ttl: float) -> bool: ...
    def ascan(self, prefix: str) -> AsyncIterator[str]: ...
    async def aclose(self) -> None: ...


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
