"""Reads the lines of files of spans, packed or not, without ever holding more than one."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Generator, Iterable
from contextlib import closing, nullcontext
from io import BufferedReader
from typing import IO, Any, Final, cast

from taskroute.reporting.collect import Collector

_LONGEST: Final = 64 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
STDIN: Final = "-"


def collect(paths: Iterable[str], collector: Collector) -> None:
    """Give all lines of these files to a collector; `-` stands for the standard input. Raises OSError for a file that cannot be read."""
    for path in paths:
        with _opened(path) as raw:
            for line in _lines(_unpacked(raw)):
                if line is None:
                    collector.skip_line()
                else:
                    collector.take_line(line)


def _opened(path: str) -> Any:
    return nullcontext(sys.stdin.buffer) if path == STDIN else closing(open(path, "rb"))


def _unpacked(raw: BufferedReader) -> IO[bytes]:
    # By what is in it: a stream has no name, and a collector names its files as it is told.
    packed = raw.peek(len(_GZIP))[: len(_GZIP)] == _GZIP
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw


def _lines(file: IO[bytes]) -> Generator[bytes | None]:
    """Yield each line that is not blank; None for one that is too long to be one, and for what is left of a damaged file."""
    is_rest = False
    while True:
        try:
            line = file.readline(_LONGEST)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            yield None
            return
        if not line:
            return
        is_cut = len(line) == _LONGEST and not line.endswith(b"\n")
        if not is_rest and is_cut:
            yield None
        elif not is_rest and not line.isspace():
            yield line
        is_rest = is_cut
