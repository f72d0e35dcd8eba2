"""Lines of data out of files, whatever their format: JSON lines, CSV, Parquet, packed with gzip or not. Nothing is read at once."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, BinaryIO, Final, NamedTuple, cast

from taskroute.errors import ConfigurationError, DataError

Progress = Callable[[int, int], object]
"""Is told how many bytes of how many were read."""

_LONGEST_LINE: Final = 64 * 2**20
_TOLD_EVERY: Final = 1000
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_DELIMITERS: Final = ",;\t"
_FORMS: Final = "JSON lines, CSV with a line of names, or Parquet"


class Line(NamedTuple):
    """One line of data: what stands in it by column, and its number in the file, from 1."""

    number: int
    values: Mapping[str, Any]


def lines_of(path: str, progress: Progress | None = None) -> Iterator[Line]:
    """Yield the lines of a file. Raises DataError for what cannot be read, ConfigurationError where a package is missing for it."""
    try:
        total = os.path.getsize(path)
        with open(path, "rb") as file:
            packed = _begins(file).startswith(_GZIP)
            plain = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
            if _begins(plain) != _PARQUET:
                yield from _text_lines(path, _Told(plain, file, total, progress))
                return
            if not packed:
                yield from _parquet(path, plain, total, progress)
                return
            # Parquet is read from its end.
            with tempfile.TemporaryFile() as unpacked:
                shutil.copyfileobj(plain, unpacked)
                yield from _parquet(path, unpacked, total, progress)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(path, "the gzip file is broken or cut off; pack it again") from None
    except (OSError, ValueError) as error:
        if isinstance(error, DataError | ConfigurationError):
            raise
        reason = f"{error.strerror or error}, looked for {os.path.abspath(path)!r}" if isinstance(error, OSError) else error
        raise DataError(path, f"cannot be read: {reason}; check the path and that you may read it") from None


def _begins(file: BinaryIO) -> bytes:
    head = file.read(4)
    file.seek(0)
    return head


class _Told:
    """Lines of bytes as text; the reader's place in the file is told now and then."""

    def __init__(self, plain: BinaryIO, file: BinaryIO, total: int, progress: Progress | None) -> None:
        self._plain, self._file, self._total, self._progress = plain, file, total, progress
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        while line := self._plain.readline(_LONGEST_LINE + 1):
            self.number += 1
            if self._progress is not None and self.number % _TOLD_EVERY == 0:
                self._progress(self._file.tell(), self._total)
            yield line
        if self._progress is not None:
            self._progress(self._total, self._total)


def _decoded(path: str, told: _Told) -> Iterator[str]:
    for line in told:
        if len(line) > _LONGEST_LINE:
            raise DataError(path, f"the line is longer than {_LONGEST_LINE // 2**20} MB; shorten its prompt", line=told.number)
        if b"\0" in line:
            raise DataError(path, f"this is no text; give {_FORMS}", line=told.number)
        try:
            yield line.decode("utf-8-sig" if told.number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise DataError(path, "this is not UTF-8; save the file as UTF-8 text", line=told.number) from None


def _text_lines(path: str, told: _Told) -> Iterator[Line]:
    texts = _decoded(path, told)
    first = next((text for text in texts if text.strip()), None)
    if first is None:
        return
    opened = first.lstrip()[0]
    if opened == "[":
        raise DataError(path, "this is a JSON list; write one object a line (JSON lines)", line=told.number)
    yield from (_json(path, _with_first(first, texts), told) if opened == "{" else _csv(path, first, texts, told))


def _with_first(first: str, texts: Iterator[str]) -> Iterator[str]:
    yield first
    yield from texts


def _json(path: str, texts: Iterator[str], told: _Told) -> Iterator[Line]:
    for text in texts:
        if not text.strip():
            continue
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "too large or too deep"
            raise DataError(path, f"this is no JSON ({what}); write one object a line", line=told.number) from None
        if not isinstance(value, dict):
            raise DataError(
                path, f"this is a {type(value).__name__}, not an object; write {{…}} with a name for each value", line=told.number
            )
        yield Line(told.number, cast("Mapping[str, Any]", value))


def _csv(path: str, first: str, texts: Iterator[str], told: _Told) -> Iterator[Line]:
    before = csv.field_size_limit()
    reader = csv.reader(_with_first(first, texts), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    try:
        names = [name.strip() for name in _next(reader) or []]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise DataError(path, f"two columns are named {twice[0]!r}; leave one of them out", line=told.number)
        while True:
            # The limit is the whole process's, and others may read between two of our lines.
            csv.field_size_limit(_LONGEST_LINE)
            cells = _next(reader)
            csv.field_size_limit(before)
            if cells is None:
                return
            if not any(cells):
                continue
            if len(cells) != len(names):
                raise DataError(
                    path, f"there are {len(cells)} cells under {len(names)} names; quote cells that hold commas", line=told.number
                )
            yield Line(told.number, dict(zip(names, cells, strict=True)))
    except csv.Error as error:
        raise DataError(path, f"this is no CSV ({error}); give {_FORMS}", line=told.number) from None
    finally:
        csv.field_size_limit(before)


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    return next(reader, None)


def _parquet(path: str, file: BinaryIO, total: int, progress: Progress | None) -> Iterator[Line]:
    try:
        parquet = import_module("pyarrow.parquet")
        broken = import_module("pyarrow.lib").ArrowException
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pyarrow":
            raise
        raise ConfigurationError(f"{path}: Parquet needs the pyarrow package: pip install 'taskroute[parquet]'") from None
    number = 0
    try:
        table = parquet.ParquetFile(file)
        rows = max(1, table.metadata.num_rows)
        for batch in table.iter_batches(batch_size=_TOLD_EVERY):
            for values in batch.to_pylist():
                number += 1
                yield Line(number, values)
            if progress is not None:
                progress(total * number // rows, total)
    except (broken, OSError) as error:
        raise DataError(path, f"this Parquet file cannot be read ({type(error).__name__}); write it again") from None
