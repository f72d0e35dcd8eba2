"""Server-sent events out of pieces that may end anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

MOST: Final = 16 * 1024 * 1024
"""Bytes that one event may have. What is longer is left out: its end is waited for, and nothing of it is kept."""
_BLANK: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
"""What ends an event, by the ends of lines that a server may use."""


class Events:
    """Puts events together that come in pieces, and gives the JSON in each."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held = bytearray()
        self._looked = 0
        """How much of what is held has been looked through for an end."""
        self._skips = False
        """Whether what comes is the rest of an event that was too long."""
        self.lost = False
        """Whether an event was too long, or was no JSON."""

    def feed(self, piece: bytes | bytearray | str) -> Iterator[Any]:
        """Yield what is whole after one more piece."""
        self._held += piece.encode() if isinstance(piece, str) else piece
        while (end := self._end()) is not None:
            event = bytes(self._held[: end[0]])
            del self._held[: end[1]]
            self._looked = 0
            if self._skips:
                self._skips = False
            else:
                yield from self._data_of(event)
        if len(self._held) > self._most:
            # An end may be cut in two.
            del self._held[:-3]
            self._looked = 0
            self._skips = self.lost = True

    def rest(self) -> Iterator[Any]:
        """Yield the last event, where nothing but its end is missing."""
        if self._held.strip() and not self._skips:
            yield from self._data_of(bytes(self._held))
        self._held.clear()

    def _end(self) -> tuple[int, int] | None:
        """Return where the first event ends, and where the next one begins."""
        since = max(0, self._looked - 3)
        found = [(place, place + len(blank)) for blank in _BLANK if (place := self._held.find(blank, since)) >= 0]
        self._looked = len(self._held)
        return min(found, default=None)

    def _data_of(self, event: bytes) -> Iterator[Any]:
        lines = [line[5:].removeprefix(b" ") for line in event.splitlines() if line.startswith(b"data:")]
        data = b"\n".join(lines)
        if not data or data == b"[DONE]":
            return
        try:
            yield json.loads(data)
        except (ValueError, RecursionError):
            self.lost = True
