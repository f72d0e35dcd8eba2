"""Writes the files that commands make: whole or not at all, and never over another unless that is asked for."""

from __future__ import annotations

import os
from pathlib import Path

from taskroute.cli.policies import CommandError


def write_file(path: str, content: str | bytes, *, force: bool = False) -> None:
    """Write a file, text in UTF-8. Raises CommandError for one that exists, unless `force` is set, and for one that cannot be written."""
    try:
        target = Path(os.path.realpath(path))
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        if target.is_dir():
            raise CommandError(f"{path}: this is a directory; give the name of a file")
        with open(beside, "xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        try:
            _put(beside, target, force=force)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        raise CommandError(_exists(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise CommandError(f"{path}: cannot be written: {reason or error}") from None


def check_place(path: str) -> None:
    """Raise CommandError where no file of this name can be made, for commands that would find that out after a lot of work."""
    where = Path(os.path.realpath(path))
    if not path or path.endswith(os.sep) or where.is_dir():
        raise CommandError(f"{path!r} is a directory, not a file; give the name of a file")
    if not where.parent.is_dir():
        raise CommandError(f"{path}: cannot be written: there is no folder {str(where.parent)!r}; make it first")
    if not os.access(where.parent, os.W_OK):
        raise CommandError(f"{path}: cannot be written: you may not write into the folder {str(where.parent)!r}")


def check_free(*paths: str | Path) -> None:
    """Raise CommandError where one of these exists already, for the same commands."""
    for path in paths:
        if os.path.lexists(path):
            raise CommandError(_exists(path))


def _exists(path: str | Path) -> str:
    return f"{path}: this file exists already; give another name, or --force to write over it"


def _put(beside: Path, target: Path, *, force: bool) -> None:
    """Give the finished file its name, at once."""
    if force:
        os.replace(beside, target)
        return
    try:
        # Unlike a look at what is there first, this cannot lose a file that appears in between.
        os.link(beside, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links.
        if target.exists():
            raise FileExistsError from None
        os.replace(beside, target)
