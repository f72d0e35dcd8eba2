"""What a command needs before it begins: packages, with the extra to install where one is not there, and a seed that can be one."""

from __future__ import annotations

from importlib.util import find_spec

from taskroute.cli.policies import CommandError


def check_seed(seed: int) -> None:
    """Raise CommandError for a number that chance cannot start from."""
    if seed < 0:
        raise CommandError(f"--seed {seed} is below 0; give 0 or more")


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
