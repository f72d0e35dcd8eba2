"""The observers that every router has, by what its policy says of telemetry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from taskroute.policy.telling import Telemetry
from taskroute.ports import Observer
from taskroute.telemetry.describe import KnownModel
from taskroute.telemetry.file_tracer import FileTracerProvider
from taskroute.telemetry.hook import load_redact
from taskroute.telemetry.log import LogObserver
from taskroute.telemetry.metrics import MetricsObserver
from taskroute.telemetry.settings import Redact, Telling
from taskroute.telemetry.spans import SpanObserver
from taskroute.types import ModelHealth


class About(NamedTuple):
    """What observers may ask of the router that they watch. A reload of its policy changes what is told."""

    models: Callable[[str], KnownModel | None]
    telemetry: Callable[[], Telemetry]
    """The section of the policy in force."""
    telling: Callable[[], Telling]
    """The same, with what the environment adds to it."""
    health: Callable[[], Mapping[str, ModelHealth]]


def telling_of(section: Telemetry, environ: Mapping[str, str], redact: Redact | None = None) -> Telling:
    """Return what a policy says of spans, with the environment and the application's own redaction hook, which wins over the policy's.

    Raises ConfigurationError for a hook that cannot be loaded.
    """
    if redact is None and section.redact is not None:
        redact = load_redact(section.redact)
    return Telling(section.content_in(environ), section.max_content, redact, section.spans, section.compat, section.baseline)


def observers(about: About) -> tuple[Observer, ...]:
    """Return the observers of one router, in the order in which they are told."""
    return (
        SpanObserver(tracer_provider=FileTracerProvider(lambda: about.telemetry().file), models=about.models, telling=about.telling),
        LogObserver(about.telemetry),
        MetricsObserver(models=about.models, telemetry=about.telemetry, health=about.health),
    )
