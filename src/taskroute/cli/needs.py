"""Says which extra to install where a command needs a package that is not there."""

from __future__ import annotations

from importlib.util import find_spec

from taskroute.cli.policies import CommandError


def need(extra: str, *packages: str) -> None:
    """Raise CommandError with the cure unless these packages are installed; none of them is loaded."""
    for package in packages:
        try:
            found = find_spec(package) is not None
        except ValueError:
            # Somebody put None or a stand-in in its place.
            found = False
        if not found:
            raise CommandError(f"this needs the {package} package: pip install 'taskroute[{extra}]'")
