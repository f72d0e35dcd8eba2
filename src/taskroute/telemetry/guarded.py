"""What is looked up for the sake of a span may break, as may who takes it at its end; what comes after that is written all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from opentelemetry.trace import Span

from taskroute.warn import warn_once

T = TypeVar("T")


def guarded(what: str, work: Callable[[], T]) -> T | None:
    """Return what `work` gives; None after one warning where it fails, which names the class of the error and nothing that it says."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - telemetry never costs a call
        name = type(error).__name__
        warn_once("span", f"{what} {name}", f"{what} could not be written on a span ({name}); the call went on")
        return None


def end_span(span: Span, at: int) -> None:
    """End a span; one warning where a span processor fails at that."""
    try:
        span.end(at)
    except Exception as error:  # noqa: BLE001 - as above
        name = type(error).__name__
        warn_once("span", f"end {name}", f"a span processor failed with {name}; the call went on")
