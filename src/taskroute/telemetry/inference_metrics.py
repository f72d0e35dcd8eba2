"""The metrics of the GenAI conventions: one measurement for each model's work in a call, as there is one inference span for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from taskroute.steps import Ask, AskEnded, Attempt, Cancelled, Ended, Event, Failed, Opened
from taskroute.telemetry import attributes as names
from taskroute.telemetry import describe
from taskroute.telemetry import metric_names as metrics
from taskroute.telemetry.bounded import Value
from taskroute.telemetry.describe import KnownModel
from taskroute.telemetry.instruments import Meters
from taskroute.telemetry.requested import address_of, model_of, provider_of
from taskroute.types import NOTHING_SENT, Call, Reply, Sent, Usage
from taskroute.warn import warn_once

Generation = Literal["client", "inference", "both"]


class _Times(NamedTuple):
    """The names of what is timed."""

    duration: str
    first_chunk: str
    per_chunk: str


_OPERATION: Final = _Times(metrics.OPERATION_DURATION, metrics.OPERATION_FIRST_CHUNK, metrics.OPERATION_PER_CHUNK)
_INFERENCE: Final = _Times(metrics.INFERENCE_DURATION, metrics.INFERENCE_FIRST_CHUNK, metrics.INFERENCE_PER_CHUNK)
_NOTHING_USED: Final = Usage()
_NOBODY: Final = Reply(None, from_cache=True)


class Operation:
    """One model's work on a request: its first try and the retries."""

    __slots__ = (
        "_end",
        "_failed",
        "_tried_at",
        "answered_by",
        "error_type",
        "first_chunk",
        "is_ours",
        "per_chunk",
        "provider",
        "start",
        "step",
        "usage",
    )

    def __init__(self, step: Attempt | Ask, at: float) -> None:
        self.step = step
        """The first try, or the question of a classifier."""
        self.start = self._tried_at = at
        self._end: float | None = None
        self._failed = False
        self.error_type: str | None = None
        self.first_chunk: float | None = None
        """Seconds until the stream of the latest try had something to give out."""
        self.per_chunk: float | None = None
        """Seconds for each chunk after that."""
        self.usage: Usage | None = None
        """Over all tries."""
        self.answered_by: str | None = None
        self.provider: str | None = None
        self.is_ours = True
        """False where the model was not asked, since a cache of the host's own had the answer."""

    @property
    def is_over(self) -> bool:
        return self._end is not None

    @property
    def seconds(self) -> float:
        return (self.start if self._end is None else self._end) - self.start

    def goes_on_with(self, step: Attempt) -> bool:
        """Return whether the step tries this model again after a failure."""
        return self._failed and step.retry > 0 and step.model == self.step.model

    def goes_on(self, at: float) -> None:
        self._end, self._failed, self.error_type, self.first_chunk, self._tried_at = None, False, None, None, at

    def told(self, event: Event, failure: str | None, at: float) -> None:
        """Note what became of the latest try."""
        if isinstance(event, Opened):
            self.first_chunk = at - self._tried_at if event.first_chunk is None else event.first_chunk
        elif isinstance(event, Ended):
            self._end = at
            self._paid(event.reply)
            self._timed(event)
            self.is_ours = not event.reply.from_cache
        elif isinstance(event, Failed):
            self._end, self._failed = at, True
            self.error_type = describe.error_type(event.error) or failure or names.OTHER_ERROR
            self._paid(event.reply)
        elif isinstance(event, Cancelled):
            self.stopped(None, at)
            self._paid(event.reply)
        elif isinstance(event, AskEnded):
            reply, error = event.reply, event.error
            # Where there is neither, nobody was asked.
            self.told(Failed(error, 0, at) if error is not None else Ended(reply or _NOBODY, at), failure, at)

    def stopped(self, error: BaseException | None, at: float) -> None:
        """Note that the work was cut short: by an error or, where there is none, by the caller, which is no error on the span either."""
        if self._end is None:
            self._end = at
            self.error_type = describe.error_type(error)

    def _paid(self, reply: Reply | None) -> None:
        if reply is None:
            return
        self.usage = reply.usage if self.usage is None or reply.usage is None else _sum(self.usage, reply.usage)
        self.answered_by, self.provider = reply.model or self.answered_by, reply.provider or self.provider

    def _timed(self, event: Ended) -> None:
        if event.first_chunk is None:
            return
        self.first_chunk = event.first_chunk
        if event.chunks is not None and event.chunks > 1 and event.waited is not None:
            self.per_chunk = (event.waited - event.first_chunk) / (event.chunks - 1)


def _sum(first: Usage, second: Usage) -> Usage:
    return Usage(*(b if a is None else a if b is None else a + b for a, b in zip(first, second, strict=True)))


class Inferences:
    """Records what models did, in the words of one generation of the conventions or of both."""

    __slots__ = ("_generation", "_meters", "_models", "_most")

    def __init__(self, meters: Meters, *, models: Callable[[str], KnownModel | None], generation: Generation, most: int) -> None:
        self._meters = meters
        self._models = models
        self._generation = generation
        self._most = most

    def record(self, operation: Operation, call: Call) -> None:
        """Record one model's work, unless the model was not asked."""
        if not operation.is_ours:
            return
        meters, about = self._meters, self._attributes(operation, call)
        failed = about | meters.bounded.attributes(self._most, {names.ERROR_TYPE: operation.error_type})
        is_inference = call.operation != "embeddings"
        if self._generation != "inference":
            self._times(_OPERATION, operation, about, failed)
            self._tokens(operation.usage or _NOTHING_USED, about, is_inference=is_inference)
        if self._generation != "client":
            # Of what is no inference, the duration has kept its name.
            if is_inference:
                self._times(_INFERENCE, operation, about, failed)
            elif self._generation == "inference":
                meters.record(metrics.OPERATION_DURATION, operation.seconds, failed)
            self._usage(operation.usage or _NOTHING_USED, about, is_inference=is_inference)

    def _times(self, named: _Times, operation: Operation, about: dict[str, Value], failed: dict[str, Value]) -> None:
        self._meters.record(named.duration, operation.seconds, failed)
        if operation.first_chunk is not None:
            self._meters.record(named.first_chunk, operation.first_chunk, about)
        if operation.per_chunk is not None:
            self._meters.record(named.per_chunk, operation.per_chunk, about)

    def _tokens(self, usage: Usage, about: dict[str, Value], *, is_inference: bool) -> None:
        if usage.input is not None:
            self._meters.record(metrics.TOKEN_USAGE, usage.input, {**about, names.TOKEN_TYPE: "input"})
        if usage.output is not None and is_inference:
            self._meters.record(metrics.TOKEN_USAGE, usage.output, {**about, names.TOKEN_TYPE: "output"})

    def _usage(self, usage: Usage, about: dict[str, Value], *, is_inference: bool) -> None:
        unknown: dict[str, Value] = {**about, names.TOKEN_MODALITY: "unknown"}
        self._by_modality(metrics.USAGE_INPUT, usage.input, usage.input_audio, about)
        if is_inference:
            self._by_modality(metrics.USAGE_OUTPUT, usage.output, usage.output_audio, about)
        for name, tokens in (
            (metrics.USAGE_CACHE_READ, usage.cache_read),
            (metrics.USAGE_CACHE_WRITE, usage.cache_write),
            (metrics.USAGE_REASONING, usage.reasoning),
        ):
            if tokens is not None:
                self._meters.add(name, tokens, unknown)
        if usage.input is not None:
            self._meters.record(metrics.OPERATION_INPUT, usage.input, about)
        if usage.output is not None and is_inference:
            self._meters.record(metrics.OPERATION_OUTPUT, usage.output, about)

    def _by_modality(self, name: str, tokens: int | None, audio: int | None, about: dict[str, Value]) -> None:
        # The conventions ask for a 0 where nothing is reported. It adds nothing, and a series that is there can be divided by.
        heard = min(audio or 0, tokens or 0)
        self._meters.add(name, (tokens or 0) - heard, {**about, names.TOKEN_MODALITY: "unknown"})
        if heard:
            self._meters.add(name, heard, {**about, names.TOKEN_MODALITY: "audio"})

    def _attributes(self, operation: Operation, call: Call) -> dict[str, Value]:
        known = self._models(operation.step.model)
        asked = _sent(call, operation.step.model)
        address, port = address_of(known, asked)
        told = self._meters.bounded.attributes(
            self._most,
            {
                names.OPERATION_NAME: call.operation,
                names.PROVIDER_NAME: provider_of(known, asked) or describe.provider_name(operation.provider),
                names.REQUEST_MODEL: model_of(operation.step, known, asked),
                names.RESPONSE_MODEL: operation.answered_by,
                names.SERVER_ADDRESS: address,
                names.SERVER_PORT: port if address else None,
            },
        )
        if told.get(names.SERVER_ADDRESS) != address:
            told.pop(names.SERVER_PORT, None)
        return told


def _sent(call: Call, model: str) -> Sent:
    """Return what the host asks of the model, as far as it can say."""
    if call.asking is None:
        return NOTHING_SENT
    try:
        return call.asking.sent(model)
    except Exception as error:  # noqa: BLE001 - the rest is recorded all the same
        kind = type(error).__name__
        warn_once("metrics", kind, f"what a model was asked for could not be read ({kind}); metrics go without it")
        return NOTHING_SENT
