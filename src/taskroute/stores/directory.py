"""A directory that nobody else can look into or write to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from taskroute.errors import ConfigurationError
from taskroute.warn import warn_once


def make_private(directory: Path) -> None:
    """Make a directory, and those above it that are missing, for this user alone (mode 0700).

    One that is there keeps its mode. Raises ConfigurationError when everybody may write to it, or another user, and OSError when it cannot
    be made; warns once of one that a group may write to, or that everybody may replace.
    """
    check_private(directory)
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
    """Raise ConfigurationError when everybody may write to a directory, or when it is another user's; warn of what is only in danger."""
    if os.name == "nt":
        return
    for above in {*directory.parents, *directory.resolve().parents}:
        _check_above(directory, above)
    if not directory.is_dir():
        return
    found = directory.stat()
    if found.st_mode & stat.S_IWOTH:
        inside = f"name a directory inside it, such as {str(directory / 'taskroute')!r}, or " if found.st_mode & stat.S_ISVTX else ""
        raise ConfigurationError(
            f"everybody may write to {str(directory)!r}, and so put answers into the store; {inside}run chmod o-w on it"
        )
    # Root reads what it is given: a directory that is mounted into a container is often its owner's outside.
    if os.getuid() != 0 and found.st_uid not in {0, os.getuid()}:
        raise ConfigurationError(
            f"{str(directory)!r} belongs to the user {found.st_uid}, who may change what the store keeps; name a directory of your own, or"
            f" have it given to the user {os.getuid()} by chown"
        )
    if found.st_mode & stat.S_IWGRP:
        warn_once("store directory", str(directory), f"a group may write to {str(directory)!r}, and so change what the store keeps")


def _check_above(directory: Path, above: Path) -> None:
    try:
        mode = above.stat().st_mode
    except OSError:
        return
    # Of a directory with the sticky bit, such as /tmp, only who owns an entry may rename or remove it. In a container such a directory is
    # usual, and nobody else is there.
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        warn_once(
            "store directory",
            str(above),
            f"everybody may write to {str(above)!r}, and so replace {str(directory)!r}, which is below it; run chmod o-w on it, or name a"
            f" directory elsewhere",
        )


def make_private_file(file: Path) -> None:
    """Make an empty file for this user alone (mode 0600), unless there is one."""
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
