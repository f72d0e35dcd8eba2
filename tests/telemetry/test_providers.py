"""Providers of a router's own, in the place of the global ones; and a variable of the environment that nobody can read."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.policy.telling import CONTENT_VALUES, CONTENT_VARIABLE
from tests.execution.test_drivers import Host
from tests.policies import policy

from .measured import Meter

APART = """
import sys
from opentelemetry import metrics, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from taskroute import Call, Router
from taskroute.execution.drivers import drive
from tests.execution.test_drivers import Host
from tests.policies import policy
from tests.telemetry.measured import Meter


class Traces:
    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))


everywhere, here = (Traces(), Meter()), (Traces(), Meter())
trace.set_tracer_provider(everywhere[0].provider)
metrics.set_meter_provider(everywhere[1].provider)
options = {"tracer_provider": here[0].provider, "meter_provider": here[1].provider} if sys.argv[1] == "own" else {}
router = Router(policy(), environ={}, **options)
drive(router.run(Call("hi")), Host({"small": ["ho"]}))
for traces, meter in (here, everywhere):
    print(len(traces.exporter.get_finished_spans()), meter.total("taskroute.calls"))
"""


def traced() -> tuple[InMemorySpanExporter, TracerProvider]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter, provider


def asked(router: Router) -> None:
    drive(router.run(Call("hi")), Host({"small": ["ho"]}))


@pytest.mark.parametrize(("whose", "seen"), [("own", ["2 1", "0 0"]), ("global", ["0 0", "2 1"])])
def test_a_call_is_told_once_to_the_routers_own_providers_or_else_to_the_global_ones(whose: str, seen: list[str]) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", APART, whose], capture_output=True, text=True, check=True, cwd=root)
    assert (done.stdout.splitlines(), done.stderr) == (seen, "")


def test_spans_of_an_own_provider_say_what_the_policy_has_them_say() -> None:
    exporter, provider = traced()
    telemetry: Any = {"spans": "route_only", "compat": "openinference"}
    asked(Router(policy(telemetry=telemetry), environ={}, tracer_provider=provider))

    (route,) = exporter.get_finished_spans()
    assert route.attributes is not None
    assert route.attributes["openinference.span.kind"]


def test_an_own_provider_and_the_file_of_the_policy_have_the_same_spans(tmp_path: Path) -> None:
    exporter, provider = traced()
    path = tmp_path / "spans.jsonl"
    asked(Router(policy(telemetry={"file": str(path)}), environ={}, tracer_provider=provider))

    written = path.read_text()
    spans = exporter.get_finished_spans()
    assert len(spans) == 2
    assert all(f"{span.context.span_id:016x}" in written for span in spans if span.context is not None)


def test_no_op_providers_leave_nothing_and_the_call_goes_on() -> None:
    asked(Router(policy(), environ={}, tracer_provider=NoOpTracerProvider(), meter_provider=NoOpMeterProvider()))


def test_a_reload_keeps_the_providers() -> None:
    exporter, provider = traced()
    meter = Meter()
    router = Router(policy(), environ={}, tracer_provider=provider, meter_provider=meter.provider)
    router.reload(policy(mode="observe"))
    asked(router)
    assert (len(exporter.get_finished_spans()), meter.total("taskroute.calls")) == (2, 1)


def test_a_copy_that_was_pickled_has_the_global_providers() -> None:
    exporter, provider = traced()
    meter = Meter()
    router = Router(policy(), environ={}, tracer_provider=provider, meter_provider=meter.provider)
    asked(pickle.loads(pickle.dumps(router)))
    assert (exporter.get_finished_spans(), meter.read()) == ((), {})
    asked(router)
    assert (len(exporter.get_finished_spans()), meter.total("taskroute.calls")) == (2, 1)


UNREADABLE = """
import sys, warnings
from taskroute import Router
policy = {"models": {"small": {}}, "default": "small"}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    routers = [Router(policy, environ={sys.argv[1]: "yes"}) for _ in range(2)]
    routers[0].reload(policy)
print([router.telling.content for router in routers], *[warning.message for warning in said], sep="\\n")
"""


def test_a_value_of_the_variable_that_is_not_known_is_said_once() -> None:
    done = subprocess.run([sys.executable, "-c", UNREADABLE, CONTENT_VARIABLE], capture_output=True, text=True, check=True)
    content, warning = done.stdout.splitlines()
    assert content == "['none', 'none']"
    assert CONTENT_VARIABLE in warning
    assert "NO_CONTENT, false, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT, true" in warning
    assert "'yes'" not in warning


@pytest.mark.parametrize("value", ["", " ", *CONTENT_VALUES, *(value.swapcase() for value in CONTENT_VALUES)])
def test_values_that_are_known_are_said_nothing_of(value: str) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        router = Router(policy(), environ={CONTENT_VARIABLE: value})
    assert said == []
    assert router.telling.content == {
        "SPAN_ONLY": "span",
        "EVENT_ONLY": "event",
        "SPAN_AND_EVENT": "span_and_event",
        "TRUE": "span_and_event",
    }.get(value.strip().upper(), "none")


def test_where_the_policy_says_it_the_variable_does_not_matter() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        router = Router(policy(telemetry={"content": "span"}), environ={CONTENT_VARIABLE: "yes"})
    assert said == []
    assert router.telling.content == "span"
