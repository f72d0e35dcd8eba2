"""A directory that nobody else can look into or write to."""

from __future__ import annotations

import os
from pathlib import Path

from taskroute.errors import ConfigurationError
from taskroute.warn import warn_once


def make_private(directory: Path) -> None:
    """Make a directory, and those above it that are missing, for this user alone (mode 0700).

    One that is there keeps its mode. Raises ConfigurationError when it is one that everybody may write to, and OSError when it cannot be
    made; warns once of one that a group may write to, or that belongs to another user.
    """
    if not directory.is_dir():
        if not directory.parent.is_dir():
            make_private(directory.parent)
        try:
            directory.mkdir(0o700)
        except FileExistsError:
            if not directory.is_dir():
                raise
    check_private(directory)


def check_private(directory: Path) -> None:
    """Raise ConfigurationError when everybody may write to a directory; one that is not there is no fault."""
    if os.name == "nt" or not directory.is_dir():
        return
    found = directory.stat()
    if found.st_mode & 0o002:
        raise ConfigurationError(
            f"everybody may write to {str(directory)!r}, and so put answers into the store; name a directory inside it, such as"
            f" {str(directory / 'taskroute')!r}, or run chmod o-w on it"
        )
    if found.st_mode & 0o020:
        warn_once("store directory", str(directory), f"a group may write to {str(directory)!r}, and so change what the store keeps")
    elif found.st_uid not in {0, os.getuid()}:
        warn_once("store directory", str(directory), f"{str(directory)!r} belongs to another user, who may change what the store keeps")


def make_private_file(file: Path) -> None:
    """Make an empty file for this user alone (mode 0600), unless there is one."""
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
