"""The observers that every router has, by what its policy says of telemetry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from taskroute.policy.telling import CONTENT_VALUES, CONTENT_VARIABLE, Telemetry, is_content
from taskroute.ports import Observer
from taskroute.telemetry.describe import KnownModel
from taskroute.telemetry.file_tracer import FileTracerProvider
from taskroute.telemetry.hook import load_redact
from taskroute.telemetry.log import LogObserver
from taskroute.telemetry.metrics import MetricsObserver
from taskroute.telemetry.settings import Redact, Telling
from taskroute.telemetry.spans import SpanObserver
from taskroute.types import ModelHealth
from taskroute.variables import from_environment
from taskroute.warn import warn_once


class About(NamedTuple):
    """What observers may ask of the router that they watch. A reload of its policy changes what is told."""

    models: Callable[[str], KnownModel | None]
    telemetry: Callable[[], Telemetry]
    """The section of the policy in force."""
    telling: Callable[[], Telling]
    """The same, with what the environment adds to it."""
    health: Callable[[], Mapping[str, ModelHealth]]


class Providers(NamedTuple):
    """Where spans and metrics go; None stands for the global provider, also when it is set later."""

    tracer: TracerProvider | None = None
    meter: MeterProvider | None = None


GLOBAL: Final = Providers()


def telling_of(section: Telemetry, environ: Mapping[str, str], redact: Redact | None = None) -> Telling:
    """Return what a policy says of spans, with the environment and the application's own redaction hook, which wins over the policy's.

    Raises ConfigurationError for a hook that cannot be loaded, and for an environment variable that is not set.
    """
    if section.content is None and not is_content(environ):
        known = ", ".join(CONTENT_VALUES)
        warn_once(
            "content", CONTENT_VARIABLE, f"{CONTENT_VARIABLE} has a value that is not known, so no messages are written; known: {known}"
        )
    if redact is None and section.redact is not None:
        redact = load_redact(section.redact)
    file = section.file
    if file is not None:
        file = from_environment(file, environ, key="telemetry.file", instead="the path")
    return Telling(section.content_in(environ), section.max_content, redact, section.spans, section.compat, section.baseline, file)


def observers(about: About, providers: Providers = GLOBAL) -> tuple[Observer, ...]:
    """Return the observers of one router, in the order in which they are told."""
    tracers = FileTracerProvider(lambda: about.telling().file, tracer_provider=providers.tracer)
    return (
        SpanObserver(tracer_provider=tracers, models=about.models, telling=about.telling),
        LogObserver(about.telemetry),
        MetricsObserver(models=about.models, telemetry=about.telemetry, health=about.health, meter_provider=providers.meter),
    )
