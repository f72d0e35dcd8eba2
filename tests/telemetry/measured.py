"""Metrics kept in memory, and calls that a test drives by hand to leave some."""

from __future__ import annotations

from typing import Any, Literal

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint

from taskroute.policy.telling import Telemetry
from taskroute.steps import Attempt, Cancelled, Deliver, Ended, Event, Failed, Found, Opened, Step, Wait, Waited
from taskroute.stored import Entry, StoredAnswer
from taskroute.telemetry.metrics import CallMetrics, MetricsObserver
from taskroute.types import CacheNote, Call, Cost, Decision, Outcome, Reply, Try

from .driven import SPECS, decide

Point = tuple[dict[str, Any], Any]


class Meter:
    """A meter provider whose measurements a test reads."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False)

    def read(self) -> dict[str, list[Point]]:
        """Return each metric's points: of a counter or a gauge the value, of a histogram the count and the sum."""
        data = self.reader.get_metrics_data()
        found: dict[str, list[Point]] = {}
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = [_point(point) for point in metric.data.data_points]
        return found

    def points(self, name: str) -> list[Point]:
        return self.read().get(name, [])

    def one(self, name: str) -> Point:
        (point,) = self.points(name)
        return point

    def total(self, name: str, **attributes: Any) -> Any:
        """Return the sum of a counter's points that have these attributes, dots as two underscores."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        return sum(value for said, value in self.points(name) if wanted.items() <= said.items())


def _point(point: Any) -> Point:
    if isinstance(point, HistogramDataPoint):
        return dict(point.attributes or {}), (point.count, round(point.sum, 9))
    assert isinstance(point, NumberDataPoint)
    return dict(point.attributes or {}), point.value


class Measured(Meter):
    """A call whose steps a test sends itself, one second apart unless it says otherwise."""

    def __init__(self, call: Call | None = None, decision: Decision | None = None, **telemetry: Any) -> None:
        super().__init__()
        section = Telemetry(**telemetry)
        self.observer = MetricsObserver(models=SPECS.get, telemetry=lambda: section, meter_provider=self.provider)
        self.decision = decision or decide("small", "large")
        self.tries: list[Try] = []
        self.at = 100.0
        self.watch = self.begun(call or Call("hi"))

    def begun(self, call: Call) -> CallMetrics:
        watch = self.observer.begin(call, self.at)
        assert watch is not None
        watch.decided(self.decision)
        return watch

    def tick(self, seconds: float = 1.0) -> float:
        self.at += seconds
        return self.at

    def step(self, step: Step) -> None:
        self.watch.step(step, self.at)

    def event(self, event: Event, failure: str | None = None) -> None:
        self.watch.event(event, failure, self.at)

    def attempt(self, model: str = "small", *, retry: int = 0, fell: tuple[str, str] | None = None) -> None:
        whence, why = fell or (None, None)
        self.step(Attempt(model, 1, retry, None, self.decision, fallback_from=whence, fallback_reason=why))

    def fails(self, error: BaseException, failure: str, *, model: str = "small", retry: int = 0, reply: Reply | None = None) -> None:
        usage, cost = (None, None) if reply is None else (reply.usage, reply.cost)
        self.tries.append(Try(model, retry, 1.0, failure, error, usage, cost))
        self.event(Failed(error, 0, self.tick(), reply), failure)

    def waits(self, seconds: float, model: str = "small") -> None:
        self.step(Wait(seconds, model, "rate_limit"))
        self.event(Waited(self.tick(seconds)))

    def opens(self, first_chunk: float | None = None, model: str = "small") -> None:
        self.event(Opened("a", self.tick(), first_chunk))
        self.step(Deliver(model))

    def answers(self, reply: Reply, *, model: str = "small", retry: int = 0, **ended: Any) -> None:
        self.tries.append(Try(model, retry, 1.0, usage=reply.usage, cost=reply.cost))
        self.event(Ended(reply, self.tick(), **ended))

    def serves(
        self,
        reply: Reply,
        *,
        seconds: float = 0.0,
        age: float = 5.0,
        stale: bool = False,
        model: str = "small",
        fell: tuple[str, str] | None = None,
    ) -> None:
        """Give a stored answer in the place of asking the model."""
        whence, why = fell or (None, None)
        found = Found(self.at, Entry(StoredAnswer("hi"), model, 0.0, 0.0), age, stale)
        self.step(Attempt(model, 1, 0, None, self.decision, fallback_from=whence, fallback_reason=why, cached=found))
        self.event(Ended(reply, self.tick(seconds)))

    def dropped(self, error: BaseException | None, reply: Reply | None = None, *, model: str = "small") -> None:
        usage, cost = (None, None) if reply is None else (reply.usage, reply.cost)
        self.tries.append(Try(model, 0, 1.0, "control", error, usage, cost))
        self.event(Cancelled(error, self.tick(), reply))

    def finish(
        self,
        status: Literal["answered", "failed", "cancelled"] = "answered",
        error: BaseException | None = None,
        *,
        cache: CacheNote | None = None,
        aside: tuple[Cost | None, ...] = (),
        baseline: Cost | None = None,
        answered_by: str | None = None,
    ) -> None:
        outcome = Outcome(
            self.decision, tuple(self.tries), status, error=error, cache=cache, aside=aside, baseline=baseline, answered_by=answered_by
        )
        self.watch.finished(outcome, self.at)
