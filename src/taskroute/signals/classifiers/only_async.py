"""What a sync call meets where only an async one can ask."""

from __future__ import annotations

from typing import Final

from taskroute.errors import ConfigurationError

WHY: Final = "not asked: it is async, and a sync call cannot wait for it"
"""Why it tells no task."""


class OnlyAsyncError(ConfigurationError):
    """A sync call cannot wait for what is async. Nothing was asked, so nothing failed."""
