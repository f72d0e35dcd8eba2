"""What a policy says of telemetry, with what the environment and the application add to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from taskroute.policy.telling import Content, Convention

Kind = Literal["input", "instructions", "tools", "output"]
Redact = Callable[[Kind, Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]] | None]
"""The user's hook: is given what would be written, and returns what may be; None withholds it."""


class Telling(NamedTuple):
    """What is written of a call, and how."""

    content: Content = "none"
    max_content: int = 32_000
    redact: Redact | None = None
    spans: Literal["auto", "full", "route_only"] = "auto"
    compat: tuple[Convention, ...] = ()
    baseline: str | None = None
    file: str | None = None

    @property
    def on_spans(self) -> bool:
        """Whether messages are written on spans."""
        return self.content in ("span", "span_and_event")

    @property
    def on_events(self) -> bool:
        """Whether messages are written on events."""
        return self.content in ("event", "span_and_event")


SILENT: Final = Telling()
