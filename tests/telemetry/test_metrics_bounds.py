"""Metrics stay small and never cost a call: so many values of an attribute, circuits of many routers, meters that break or are not there."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import tracemalloc
import weakref
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import metrics as otel
from opentelemetry.sdk.metrics import MeterProvider

from taskroute import Router
from taskroute.execution.watching import begin
from taskroute.policy.telling import Telemetry
from taskroute.steps import Attempt, Ended
from taskroute.telemetry.bounded import Bounded
from taskroute.telemetry.instruments import meters_of
from taskroute.telemetry.metrics import MetricsObserver
from taskroute.types import Call, ModelHealth, Outcome, Reply

from .driven import SPECS, decide
from .measured import Meter

TENANT = "taskroute.tenant"


# Values of an attribute


def test_a_key_in_the_place_of_a_name_is_other() -> None:
    assert Bounded().attributes(5, {TENANT: "sk-abcdefghij1234567890"}) == {TENANT: "other"}


@given(st.lists(st.text(min_size=1, max_size=5)), st.integers(1, 5))
def test_the_first_values_are_told_apart_and_the_rest_is_other(values: list[str], most: int) -> None:
    bounded = Bounded()
    told = [bounded.attributes(most, {TENANT: value})[TENANT] for value in values]
    first = list(dict.fromkeys(values))[:most]
    assert told == [value if value in first else "other" for value in values]


def test_each_attribute_has_values_of_its_own() -> None:
    bounded = Bounded()
    bounded.attributes(1, {TENANT: "a", "taskroute.stage": "x"})
    assert bounded.attributes(1, {TENANT: "b", "taskroute.stage": "x"}) == {TENANT: "other", "taskroute.stage": "x"}


def test_what_is_not_known_is_absent() -> None:
    assert Bounded().attributes(5, {TENANT: None, "taskroute.stage": "", "taskroute.failure": "", "taskroute.task": "math"}) == {
        "taskroute.task": "math"
    }


def test_a_number_beyond_the_limit_is_left_out() -> None:
    bounded = Bounded()
    bounded.attributes(1, {"server.port": 443})
    assert bounded.attributes(1, {"server.port": 8443}) == {}


def test_words_of_our_own_are_never_other() -> None:
    bounded = Bounded()
    for status in ("answered", "failed", "cancelled"):
        assert bounded.attributes(1, {"taskroute.status": status}) == {"taskroute.status": status}


@pytest.mark.parametrize("value", ["x" * 201, "\ud800", ["a list"], b"bytes"])
def test_what_is_no_name_is_other(value: Any) -> None:
    assert Bounded().attributes(5, {TENANT: value}) == {TENANT: "other"}


def test_a_policy_that_allows_more_is_heeded_and_what_was_admitted_stays() -> None:
    bounded = Bounded()
    for most, value, told in ((1, "a", "a"), (1, "b", "other"), (2, "b", "b"), (1, "b", "b"), (1, "c", "other")):
        assert bounded.attributes(most, {TENANT: value}) == {TENANT: told}


def test_a_hundred_thousand_tenants_take_no_more_room_than_a_hundred() -> None:
    bounded = Bounded()
    for number in range(1000):
        bounded.attributes(100, {TENANT: f"tenant {number}"})
    gc.collect()
    tracemalloc.start()
    try:
        told = {bounded.attributes(100, {TENANT: f"tenant {number}"})[TENANT] for number in range(100_000)}
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(told) == 101
    assert grown < 100_000


def test_many_threads_admit_no_more_than_one_would() -> None:
    bounded, told, ready = Bounded(), set[object](), threading.Barrier(8)

    def admit(thread: int) -> None:
        ready.wait()
        told.update({bounded.attributes(10, {TENANT: f"{thread}-{number}"})[TENANT] for number in range(200)})

    threads = [threading.Thread(target=admit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told - {"other"}) == 10


def test_tenants_of_all_routers_that_share_a_meter_are_bounded_together() -> None:
    meter = Meter()
    for number in range(20):
        observer = MetricsObserver(models=SPECS.get, telemetry=lambda: Telemetry(most_values=5), meter_provider=meter.provider)
        finish(observer, Call("hi", stage=f"stage {number}"))
    assert {said["taskroute.stage"] for said, _ in meter.points("taskroute.decisions")} == {"other", *(f"stage {n}" for n in range(5))}
    assert meter.total("taskroute.decisions") == 20


def finish(observer: MetricsObserver, call: Call | None = None) -> None:
    watch = observer.begin(call or Call("hi"), 1.0)
    assert watch is not None
    watch.decided(decide("small"))
    watch.finished(Outcome(decide("small"), (), "answered"), 2.0)


# Circuits


def observer_of(meter: Meter, health: Any, **telemetry: Any) -> MetricsObserver:
    section = Telemetry(**telemetry)
    observer = MetricsObserver(models=SPECS.get, telemetry=lambda: section, health=health, meter_provider=meter.provider)
    finish(observer)
    return observer


def states(meter: Meter) -> dict[str, int]:
    return {said["taskroute.model"]: value for said, value in meter.points("taskroute.breaker.state")}


def test_the_state_of_each_circuit_is_a_number() -> None:
    meter = Meter()
    health = {"a": ModelHealth("closed"), "b": ModelHealth("half_open"), "c": ModelHealth("open")}
    kept = observer_of(meter, lambda: health)
    assert states(meter) == {"a": 0, "b": 1, "c": 2}
    health["c"] = ModelHealth("closed")
    assert states(meter)["c"] == 0
    del kept


def test_two_routers_show_their_models_side_by_side_and_the_worst_state_of_one_they_share() -> None:
    meter = Meter()
    kept = [
        observer_of(meter, lambda: {"shared": ModelHealth("open"), "mine": ModelHealth()}),
        observer_of(meter, lambda: {"shared": ModelHealth("closed"), "yours": ModelHealth("half_open")}),
    ]
    assert states(meter) == {"shared": 2, "mine": 0, "yours": 1}
    del kept


def test_a_router_that_is_gone_shows_nothing_and_is_not_kept() -> None:
    meter = Meter()
    observer = observer_of(meter, lambda: {"gone": ModelHealth("open")})
    kept = observer_of(meter, lambda: {"here": ModelHealth()})
    gone = weakref.ref(observer)
    del observer
    gc.collect()
    assert gone() is None
    assert states(meter) == {"here": 0}
    del kept


def test_a_policy_without_metrics_shows_no_circuits() -> None:
    meter = Meter()
    section = {"now": Telemetry()}
    observer = MetricsObserver(
        models=SPECS.get, telemetry=lambda: section["now"], health=lambda: {"a": ModelHealth()}, meter_provider=meter.provider
    )
    finish(observer)
    section["now"] = Telemetry(metrics="none")
    assert states(meter) == {}
    assert observer.begin(Call("hi"), 1.0) is None


def test_models_beyond_the_limit_share_the_worst_of_their_states() -> None:
    meter = Meter()
    health = {"a": ModelHealth(), "b": ModelHealth("open"), "c": ModelHealth()}
    kept = observer_of(meter, lambda: health, most_values=2)
    # The call was answered by `small`, which is the first.
    assert states(meter) == {"a": 0, "other": 2}
    del kept


def test_circuits_that_cannot_be_read_cost_one_warning_and_the_others_are_shown() -> None:
    class UnreadableError(Exception):
        pass

    def broken() -> Mapping[str, ModelHealth]:
        raise UnreadableError("secret")

    meter = Meter()
    kept = [observer_of(meter, broken), observer_of(meter, lambda: {"a": ModelHealth()})]
    with pytest.warns(RuntimeWarning, match="UnreadableError") as warned:
        assert states(meter) == states(meter) == {"a": 0}
    assert len(warned) == 1
    assert "secret" not in str(warned[0].message)
    del kept


# Meters that break, or are not there


class BrokenProvider(MeterProvider):
    """Breaks when it is asked for a meter, or one of its meters when it records."""

    def __init__(self, error: Exception) -> None:
        super().__init__(shutdown_on_exit=False)
        self._error = error

    def get_meter(self, *args: Any, **kwargs: Any) -> Any:
        raise self._error


class UnwritableError(Exception):
    pass


def test_a_meter_that_breaks_costs_one_warning_and_no_call() -> None:
    observer = MetricsObserver(models=SPECS.get, meter_provider=BrokenProvider(UnwritableError("secret")))
    with pytest.warns(RuntimeWarning, match="MetricsObserver failed with UnwritableError") as warned:
        assert [begin([observer], Call("hi"), 1.0) for _ in range(3)] == [None, None, None]
    assert len(warned) == 1
    assert "secret" not in str(warned[0].message)


def test_a_model_that_cannot_be_looked_up_costs_one_warning_and_no_call() -> None:
    def models(name: str) -> Any:
        raise UnwritableError("secret")

    meter = Meter()
    observer = MetricsObserver(models=models, meter_provider=meter.provider)

    def called() -> None:
        watches = begin([observer], Call("hi"), 1.0)
        assert watches is not None
        watches.step(Attempt("small", 1, 0, None, decide("small")), 1.0)
        watches.event(Ended(Reply("hi"), 2.0), 2.0)
        watches.finished(Outcome(decide("small"), (), "answered"), 2.0)

    with pytest.warns(RuntimeWarning, match="CallMetrics failed with UnwritableError") as warned:
        assert [called(), called()] == [None, None]
    assert len(warned) == 1
    assert meter.one("taskroute.calls")[1] == 2


def test_without_an_sdk_nothing_follows_a_call_and_nothing_is_left_behind() -> None:
    for provider in (None, otel.NoOpMeterProvider()):
        observer = MetricsObserver(models=SPECS.get, meter_provider=provider)
        assert observer.begin(Call("hi"), 1.0) is None
    assert meters_of(otel.NoOpMeterProvider()) is None


def alone(script: str, **environ: str) -> str:
    """Run a script in a process of its own: a process has one global meter provider."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environ},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


CALLS = """
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from taskroute import Call, Router
    from taskroute.execution.drivers import drive
    from taskroute.types import Reply

    class Host:
        def answer(self, attempt):
            return Reply("hi")

    router = Router({"models": {"small": {}}, "default": "small"})
    reader = InMemoryMetricReader()

    def counted():
        found = reader.get_metrics_data()
        points = [] if found is None else [
            point for metric in found.resource_metrics[0].scope_metrics[0].metrics
            if metric.name == "taskroute.calls" for point in metric.data.data_points
        ]
        return sum(point.value for point in points)

    def call():
        drive(router.run(Call("hi")), Host())
"""


def test_a_global_provider_that_is_set_later_is_heard_of_from_then_on() -> None:
    script = (
        CALLS
        + """
    call()
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    call()
    call()
    print(counted())
    """
    )
    assert alone(script) == "2"


def test_an_sdk_that_is_switched_off_costs_nothing() -> None:
    script = (
        CALLS
        + """
    from taskroute.telemetry.metrics import MetricsObserver
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    call()
    print(MetricsObserver(models=lambda name: None).begin(Call("hi"), 1.0), counted())
    """
    )
    assert alone(script, OTEL_SDK_DISABLED="true") == "None 0"


def test_metrics_do_not_load_an_sdk() -> None:
    script = """
    import sys
    from taskroute import Router
    Router({"models": {"small": {}}, "default": "small"})
    print([name for name in sys.modules if name.startswith("opentelemetry.sdk")])
    """
    assert alone(script) == "[]"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_of_a_fork_records_though_a_thread_held_the_lock() -> None:
    script = (
        CALLS
        + """
    import os, threading
    from taskroute.telemetry import bounded
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    call()
    held, done = threading.Event(), threading.Event()

    def hold():
        with bounded.lock():
            held.set()
            done.wait()

    threading.Thread(target=hold, daemon=True).start()
    held.wait()
    child = os.fork()
    if child == 0:
        router = Router({"models": {"other": {}}, "default": "other"})
        call()
        os._exit(0 if counted() == 2 else 3)
    _, status = os.waitpid(child, 0)
    done.set()
    print(os.waitstatus_to_exitcode(status), counted())
    """
    )
    assert alone(script.replace('"-W", "error", ', "")) == "0 1"


def test_a_router_that_records_can_be_collected() -> None:
    script = (
        CALLS
        + """
    import gc, weakref
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    call()
    gone = weakref.ref(router)
    del router
    gc.collect()
    reader.get_metrics_data()
    print(gone())
    """
    )
    assert alone(script) == "None"


def test_a_reload_changes_what_is_recorded() -> None:
    script = (
        CALLS
        + """
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    call()
    router.reload({"models": {"small": {}}, "default": "small", "telemetry": {"metrics": "none"}})
    call()
    print(counted())
    """
    )
    assert alone(script) == "1"


def test_every_router_has_the_observer() -> None:
    router = Router({"models": {"small": {}}, "default": "small"}, environ={})
    assert any(isinstance(observer, MetricsObserver) for observer in router._observers)
