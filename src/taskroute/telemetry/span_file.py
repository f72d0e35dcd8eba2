"""The file that `telemetry.file` names: lines are added to it whole, by any number of threads and processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from taskroute.warn import warn_once

# A pipe that nobody reads must not hold up a call. On files this changes nothing.
_FLAGS: Final = (
    os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700


class SpanFile:
    """Adds lines to a file. What goes wrong costs one warning, and the lines.

    The file is opened for each line: it may be moved away or removed at any time, nothing is left open, and a fork has nothing to share.
    """

    __slots__ = ("_broke_off", "path")

    def __init__(self, path: str) -> None:
        # Once, so that a process that changes its directory goes on with the same file.
        self.path: Final = Path(path).expanduser().absolute()
        self._broke_off = False

    def add(self, line: bytes) -> None:
        """Write a line at the end of the file; a missing folder is made. Never raises."""
        try:
            self._add(line)
        except OSError as error:
            name = type(error).__name__
            reason = f"{name}: {error.strerror}" if error.strerror else name
            text = f"spans could not be written to {str(self.path)!r} ({reason}); calls go on without"
            warn_once("span file", f"{self.path} {name}", text)

    def _add(self, line: bytes) -> None:
        # After a line that broke off, the next one must not become part of it.
        whole = b"\n" + line if self._broke_off else line
        file = self._open()
        try:
            # One write, which the system adds in one piece: lines of several writers do not mix.
            written = os.write(file, whole)
        finally:
            os.close(file)
        self._broke_off = written < len(whole)
        if self._broke_off:
            raise OSError(None, "no room for a whole line")

    def _open(self) -> int:
        try:
            return os.open(self.path, _FLAGS, _FILE_MODE)
        except FileNotFoundError:
            self.path.parent.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
            return os.open(self.path, _FLAGS, _FILE_MODE)


def resource_in(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the standard variables of OpenTelemetry say of this process."""
    pairs = (pair.partition("=") for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    told = {name.strip(): unquote(value.strip()) for name, is_pair, value in pairs if is_pair and name.strip()}
    name = environ.get("OTEL_SERVICE_NAME", "").strip() or told.get("service.name") or "unknown_service"
    return {**told, "service.name": name}
