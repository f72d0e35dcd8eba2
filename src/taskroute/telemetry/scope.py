"""What names taskroute to tracers and meters, beside the name of the scope."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def own_version() -> str | None:
    """Return the version that is installed; None where the sources are used without an installation."""
    try:
        return version("taskroute")
    except PackageNotFoundError:
        return None
