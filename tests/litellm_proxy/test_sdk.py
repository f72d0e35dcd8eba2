"""The SDK and the log of calls that the hook sets up in a proxy, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .running import environment

SET_UP = """
import os
from opentelemetry import metrics, trace
from taskroute_litellm.sdk import set_up_sdk
set_up_sdk(os.environ)
print(type(trace.get_tracer_provider()).__module__, type(metrics.get_meter_provider()).__module__)
"""
SDK = ("opentelemetry.sdk.trace", "opentelemetry.sdk.metrics._internal")
PROXY = ("opentelemetry.trace", "opentelemetry.metrics._internal")


def ran(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    # Nobody listens there, and the last export of a process is not waited for.
    given = environment(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="1", **environ)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=given)


@pytest.mark.parametrize(
    ("environ", "tracer", "meter"),
    [
        ({}, SDK[0], SDK[1]),
        ({"OTEL_METRICS_EXPORTER": "none"}, SDK[0], PROXY[1]),
        ({"OTEL_TRACES_EXPORTER": " None "}, PROXY[0], SDK[1]),
        ({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_TRACES_EXPORTER": "otlp"}, SDK[0], SDK[1]),
    ],
)
def test_spans_and_metrics_are_sent_unless_one_is_not_wanted(environ: dict[str, str], tracer: str, meter: str) -> None:
    assert ran(SET_UP, **environ).stdout.split() == [tracer, meter]


def test_providers_that_are_there_already_stay() -> None:
    code = (
        "import os\n"
        "from opentelemetry import metrics, trace\n"
        "from opentelemetry.sdk.metrics import MeterProvider\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "tracers, meters = TracerProvider(), MeterProvider()\n"
        "trace.set_tracer_provider(tracers); metrics.set_meter_provider(meters)\n"
        "from taskroute_litellm.sdk import set_up_sdk\n"
        "set_up_sdk(os.environ)\n"
        "print(trace.get_tracer_provider() is tracers, metrics.get_meter_provider() is meters)\n"
    )
    done = ran(code)
    assert (done.stdout.split(), done.stderr) == (["True", "True"], "")


LOGGED = """
import logging
from taskroute_litellm.call_log import show_calls
{before}
show_calls()
show_calls()
{after}
calls = logging.getLogger("taskroute.calls")
calls.info("call %s", "a=1")
calls.debug("call %s", "b=2")
"""


def logged(before: str = "", after: str = "") -> str:
    return ran(LOGGED.format(before=before, after=after)).stderr


def test_a_line_of_a_call_is_seen_where_nobody_has_set_up_logging() -> None:
    assert logged().endswith(" - taskroute.calls:INFO: call a=1\n")
    assert logged().count("\n") == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_handlers_of_the_root_have_the_line_once(when: str) -> None:
    assert logged(**{when: "logging.basicConfig(format='root %(message)s')"}) == "root call a=1\n"


def test_litellms_own_json_logs_have_the_line_once() -> None:
    code = LOGGED.format(before="from litellm import _logging", after="_logging._turn_on_json()")
    done = ran(code, LITELLM_LOG="INFO")
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "a=1" in line]
    assert json.loads(line)["message"] == "call a=1"


@pytest.mark.parametrize(
    "configured",
    [
        "logging.getLogger('taskroute.calls').setLevel('ERROR')",
        "logging.getLogger('taskroute').setLevel('WARNING')",
        "logging.getLogger('taskroute.calls').addHandler(logging.NullHandler())",
    ],
)
def test_a_logger_that_somebody_has_configured_is_left_alone(configured: str) -> None:
    assert logged(before=configured) == ""
