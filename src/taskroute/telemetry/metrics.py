"""OpenTelemetry metrics of routed calls: those of the GenAI conventions, and taskroute's own.

Nothing that a prompt or an answer says is recorded, nor who the user is. Each attribute has so many values as the policy allows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

from opentelemetry.metrics import MeterProvider, get_meter_provider

from taskroute.policy.telling import Telemetry
from taskroute.steps import (
    Ask,
    AskEnded,
    Attempt,
    Deliver,
    Ended,
    Event,
    Failed,
    Found,
    Lookup,
    Opened,
    Step,
    Validated,
    Wait,
)
from taskroute.telemetry.describe import KnownModel
from taskroute.telemetry.inference_metrics import Inferences, Operation
from taskroute.telemetry.instruments import Meters, meters_of
from taskroute.telemetry.own_metrics import Fell, OwnMetrics, Told
from taskroute.types import NOTHING, Call, Decision, ModelHealth, Outcome

__all__ = ["CallMetrics", "MetricsObserver"]

_NOTHING_TO_HOLD: Final[AbstractContextManager[object]] = contextlib.nullcontext()
_QUESTION: Final = Call()
"""What a classifier asks is no part of the call that it asks for."""


class MetricsObserver:
    """Records metrics of every call; costs about a microsecond where no SDK takes them.

    Every router has one; another among its `observers` counts each call once more; `Router(meter_provider=…)` says where its own goes.
    Without `meter_provider` the global one is used, also when it is set later. `models` looks a model up by its name in the policy;
    `telemetry` gives the policy's section at each call, `health` how the models are doing.
    """

    def __init__(
        self,
        *,
        models: Callable[[str], KnownModel | None],
        telemetry: Callable[[], Telemetry] = Telemetry,
        health: Callable[[], Mapping[str, ModelHealth]] = lambda: NOTHING,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._models = models
        self._telemetry = telemetry
        self._health = health
        self._given = meter_provider
        self._provider: MeterProvider | None = None
        self._meters: Meters | None = None

    def begin(self, call: Call, at: float) -> CallMetrics | None:
        """Return what follows the call; None where nobody takes metrics, or the policy has none recorded."""
        meters = self._meters_now()
        if meters is None:
            return None
        section = self._telemetry()
        if section.metrics == "none":
            return None
        inferences = Inferences(meters, models=self._models, generation=section.metrics, most=section.most_values)
        return CallMetrics(call, at, meters=meters, inferences=inferences, section=section)

    def circuits(self) -> Mapping[str, str]:
        """Return how the circuit of each model of the policy stands; nothing where the policy has no metrics."""
        if self._telemetry().metrics == "none":
            return {}
        return {model: health.state for model, health in self._health().items()}

    def most_values(self) -> int:
        return self._telemetry().most_values

    def _meters_now(self) -> Meters | None:
        provider = self._given or get_meter_provider()
        if provider is not self._provider:
            self._meters = meters_of(provider)
            if self._meters is not None:
                self._meters.watch(self)
            self._provider = provider
        return self._meters


class CallMetrics:
    """What is noted of one call, to be recorded when it is over: the same numbers however it was driven."""

    __slots__ = (
        "_asked",
        "_asking",
        "_began",
        "_call",
        "_decision",
        "_elsewhere",
        "_failed_at",
        "_fell",
        "_inferences",
        "_looked_at",
        "_meters",
        "_model",
        "_open",
        "_operations",
        "_section",
        "_served",
        "_since",
        "_unfit",
    )

    def __init__(self, call: Call, at: float, *, meters: Meters, inferences: Inferences, section: Telemetry) -> None:
        self._call = call
        self._meters: Meters | None = meters
        self._inferences = inferences
        self._section = section
        self._decision: Decision | None = None
        self._model = ""
        """The one that was asked last."""
        self._open: Operation | None = None
        self._operations: list[Operation] = []
        self._asking: Operation | None = None
        """Of a model that the classifier asks."""
        self._asked: list[Operation] = []
        self._fell: list[Fell] = []
        self._served: list[Fell] = []
        """What a stored answer came in the place of."""
        self._unfit: list[tuple[str, str]] = []
        self._began = at
        self._elsewhere = 0.0
        """Seconds so far that were the models', the caller's, or waited between tries."""
        self._since: float | None = None
        """When such a time began that is not over."""
        self._failed_at: float | None = None
        self._looked_at: float | None = None

    def decided(self, decision: Decision) -> None:
        self._decision = decision

    def step(self, step: Step, at: float) -> None:
        """Note a try; and whose time begins."""
        is_others = step.cached is None if isinstance(step, Attempt) else isinstance(step, Deliver | Wait)
        self._since = at if is_others else None
        self._looked_at = at if isinstance(step, Lookup) else None
        if isinstance(step, Attempt):
            if self._failed_at is not None:
                # Only a host that tries again by itself does that without a step between.
                self._elsewhere += at - self._failed_at
            self._tries(step, at)
        elif isinstance(step, Ask):
            self._asking = Operation(step, at)
            self._asked.append(self._asking)
        self._failed_at = None

    def event(self, event: Event, failure: str | None, at: float) -> None:
        """Note what became of a try; and whose time is over."""
        if self._since is not None:
            self._elsewhere += at - self._since
            self._since = None
        if isinstance(event, Opened):
            self._since = at
        elif isinstance(event, Failed):
            self._failed_at = at
        elif isinstance(event, Found) and self._looked_at is not None:
            # An answer that is younger than the look-up was waited for, while another call's model made it.
            self._elsewhere += max(0.0, at - self._looked_at - event.age)
        elif isinstance(event, Validated) and event.failure is not None:
            self._unfit.append((self._model, event.failure))
        elif isinstance(event, AskEnded) and self._asking is not None:
            self._asking.told(event, failure, at)
            self._asking = None
        # One that has failed stays as it is, unless its model is tried again.
        if self._open is not None and not self._open.is_over:
            self._open.told(event, failure, at)
            if isinstance(event, Ended):
                self._open = None

    def active(self) -> AbstractContextManager[object]:
        return _NOTHING_TO_HOLD

    def finished(self, outcome: Outcome, at: float) -> None:
        """Record the call, once."""
        meters, self._meters = self._meters, None
        if meters is None:
            return
        if self._since is not None:
            self._elsewhere += at - self._since
        if self._asking is not None:
            self._asking.stopped(None, at)
        if self._open is not None:
            self._open.stopped(outcome.error if outcome.status == "failed" else None, at)
        told = Told(
            call=self._call,
            decision=self._decision or outcome.decision,
            outcome=outcome,
            fell=(*self._fell, *(self._served if outcome.is_cached else ())),
            unfit=tuple(self._unfit),
            routing=max(0.0, at - self._began - self._elsewhere),
            baseline=self._section.baseline,
        )
        OwnMetrics(meters, told, most=self._section.most_values).record()
        if not self._call.measured:
            for operation in self._asked:
                self._inferences.record(operation, _QUESTION)
            for operation in self._operations:
                self._inferences.record(operation, self._call)

    def _tries(self, step: Attempt, at: float) -> None:
        last, self._model = self._open, step.model
        fell = None if step.fallback_from is None or step.retry else Fell(step.fallback_from, step.fallback_reason, step.model)
        if step.cached is not None:
            self._open, self._served = None, [] if fell is None else [fell]
        elif last is not None and last.goes_on_with(step):
            last.goes_on(at)
        else:
            self._open = Operation(step, at)
            self._operations.append(self._open)
            if fell is not None:
                self._fell.append(fell)
