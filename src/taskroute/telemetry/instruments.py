"""The instruments of one meter provider, shared by every router that records to it."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, MeterProvider, NoOpMeter, Observation

from taskroute.telemetry import attributes as names
from taskroute.telemetry import metric_names
from taskroute.telemetry.bounded import Bounded, Value, lock
from taskroute.telemetry.scope import own_version
from taskroute.warn import warn_once

_STATES: Final = {"closed": 0, "half_open": 1, "open": 2}
_API: Final = "opentelemetry.metrics"
_MOST: Final = 1e12
"""More is no count of anything in one call, whoever says so. An exporter that cannot encode a sum loses all the others with it."""


class Circuits(Protocol):
    """Who knows how the circuits of some models stand."""

    def circuits(self) -> Mapping[str, str]:
        """Return `closed`, `half_open` or `open` of each model."""
        ...

    def most_values(self) -> int: ...


class Meters:
    """Records by the name of a metric."""

    def __init__(self, meter: Meter) -> None:
        self.bounded: Final = Bounded()
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self._watched: dict[int, weakref.ref[Circuits]] = {}
        for metric in metric_names.METRICS:
            if metric.kind == "counter":
                self._counters[metric.name] = meter.create_counter(metric.name, metric.unit, metric.description)
            elif metric.kind == "histogram":
                self._histograms[metric.name] = meter.create_histogram(
                    metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
                )
            else:
                # One for all routers: an SDK takes the callbacks of the first of its name only.
                meter.create_observable_gauge(metric.name, [self._states], metric.unit, metric.description)

    def add(self, name: str, amount: float, attributes: dict[str, Value]) -> None:
        """Count an amount, unless it is none that can be added up."""
        if 0 <= amount <= _MOST:
            self._counters[name].add(amount, attributes)

    def record(self, name: str, value: float, attributes: dict[str, Value]) -> None:
        """Record a value, unless it is none."""
        if 0 <= value <= _MOST:
            self._histograms[name].record(value, attributes)

    def watch(self, circuits: Circuits) -> None:
        """Show these circuits too, as long as anything else knows of them."""
        key, watched = id(circuits), self._watched
        watched[key] = weakref.ref(circuits, lambda _: watched.pop(key, None))

    def _states(self, options: CallbackOptions) -> Iterable[Observation]:
        """Return each model's state; of several routers that have one of this name, the worst."""
        worst: dict[str, int] = {}
        for reference in list(self._watched.values()):
            circuits = reference()
            if circuits is None:
                continue
            try:
                found, most = circuits.circuits(), circuits.most_values()
            except Exception as error:  # noqa: BLE001 - the other routers' circuits are shown all the same
                warn_once("metrics", "circuits", f"the state of circuits could not be read ({type(error).__name__}); it is not shown")
                continue
            for model, state in found.items():
                shown = str(self.bounded.attributes(most, {names.MODEL: model})[names.MODEL])
                worst[shown] = max(worst.get(shown, 0), _STATES[state])
        return [Observation(state, {names.MODEL: model}) for model, state in worst.items()]


_shared: Final[weakref.WeakKeyDictionary[MeterProvider, Meters]] = weakref.WeakKeyDictionary()


def meters_of(provider: MeterProvider) -> Meters | None:
    """Return the instruments of a provider; None of one that records nothing."""
    # What the API itself provides stands for an SDK that is not there, or not yet: nothing is made of it, so that nothing is left behind.
    if type(provider).__module__.startswith(_API):
        return None
    with lock():
        found = _shared.get(provider)
        if found is not None:
            return found
        meter = provider.get_meter(names.SCOPE, own_version())
        if isinstance(meter, NoOpMeter):
            return None
        made = _shared[provider] = Meters(meter)
        return made
