"""Arrays in a file of the safetensors layout: a JSON header, then raw little-endian numbers. Nothing in it can be run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ArraysError

_DTYPES: Final[Mapping[str, str]] = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
_NAMES: Final = {np.dtype(code): name for name, code in _DTYPES.items()}
_LONGEST_HEADER: Final = 1_000_000
_LARGEST: Final = 256_000_000
"""Bytes; a file of more is refused before it is read."""
_MOST_ARRAYS: Final = 256
_SUM: Final = "sha256"
_CURE: Final = "delete it and let it be made again, or put back a copy"


class Arrays(NamedTuple):
    """What a file holds."""

    arrays: Mapping[str, NDArray[Any]]
    """By name; they cannot be written to."""
    meta: Mapping[str, str]


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> None:
    """Write arrays and texts about them as one file, whole or not at all; its folder is made where it is missing.

    Raises OSError where that cannot be written, and ArraysError for numbers that the layout does not know.
    """
    target = Path(path)
    content = dump_arrays(arrays, meta)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.parent / f".{target.name}.{secrets.token_hex(8)}"
    # With the mode of an ordinary file: others may have to read it.
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            made.unlink()
        raise


def dump_arrays(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> bytes:
    """Return the content of such a file. The same arrays and texts give the same bytes."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name]).reshape(arrays[name].shape)
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        dtype = _NAMES.get(little.dtype)
        if dtype is None:
            raise ArraysError("these arrays", f"{name!r} is of the type {array.dtype}", f"use one of {', '.join(_DTYPES)}")
        part = little.tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + len(part)]}
        parts.append(part)
        at += len(part)
    data = b"".join(parts)
    texts = {**{str(key): str(value) for key, value in meta.items()}, _SUM: hashlib.sha256(data).hexdigest()}
    head = json.dumps({"__metadata__": dict(sorted(texts.items())), **header}, separators=(",", ":"), ensure_ascii=True).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + data


def read_arrays(source: str | os.PathLike[str] | bytes, *, largest: int = _LARGEST, cure: str = _CURE) -> Arrays:
    """Return the arrays and texts of a file, or of its content.

    Raises ArraysError, with `cure` as what to do, where it is larger than `largest` bytes or is not whole: sizes, places, types and the
    checksum of the numbers are looked at; and where it cannot be read.
    """
    if isinstance(source, bytes):
        return _parse(source, "these bytes", largest, cure)
    where = str(source)
    try:
        with Path(source).open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise ArraysError(where, f"cannot be read ({type(error).__name__}: {error})", "check the path and its permissions") from error
    return _parse(content, where, largest, cure)


def _parse(content: bytes, where: str, largest: int, cure: str) -> Arrays:
    def broken(what: str) -> ArraysError:
        return ArraysError(where, what, cure)

    if len(content) > largest:
        raise broken(f"is larger than {largest} bytes")
    if len(content) < 8:
        raise broken("is cut short")
    size = int.from_bytes(content[:8], "little")
    if size > _LONGEST_HEADER or 8 + size > len(content):
        raise broken("is no file of arrays, or is cut short")
    try:
        header: Any = json.loads(content[8 : 8 + size].decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise broken("has a header that is no JSON") from error
    if not isinstance(header, dict):
        raise broken("has a header that is no JSON object")
    entries = cast("dict[str, Any]", header)
    meta = _texts(entries.pop("__metadata__", {}), broken)
    data = memoryview(content)[8 + size :]
    if meta.get(_SUM) != hashlib.sha256(data).hexdigest():
        raise broken("was changed or is cut short: its checksum does not fit")
    if len(entries) > _MOST_ARRAYS:
        raise broken(f"holds more than {_MOST_ARRAYS} arrays")
    places = sorted((_place(name, entry, broken) for name, entry in entries.items()), key=lambda place: (place.start, place.end))
    at = 0
    arrays: dict[str, NDArray[Any]] = {}
    for place in places:
        if place.start != at or place.end > len(data):
            raise broken(f"has {place.name!r} in a wrong place")
        at = place.end
        arrays[place.name] = np.frombuffer(data[place.start : place.end], dtype=place.dtype).reshape(place.shape)
    if at != len(data):
        raise broken("holds bytes that belong to no array")
    return Arrays(MappingProxyType(arrays), MappingProxyType({key: value for key, value in meta.items() if key != _SUM}))


class _Place(NamedTuple):
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    end: int


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _texts(found: Any, broken: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in cast("dict[str, Any]", found).values()):
        raise broken("has texts in its header that are none")
    return cast("dict[str, str]", found)


def _counts(found: Any) -> list[int] | None:
    if not isinstance(found, list):
        return None
    counts: list[Any] = list(cast("Any", found))
    for value in counts:
        if type(value) is not int or not 0 <= value <= _LARGEST:
            return None
    return counts


def _place(name: str, entry: Any, broken: Any) -> _Place:
    if not isinstance(entry, dict):
        raise broken(f"says nothing of {name!r}")
    known = cast("dict[str, Any]", entry)
    code, shape, ends = _DTYPES.get(str(known.get("dtype"))), known.get("shape"), known.get("data_offsets")
    if code is None:
        raise broken(f"has {name!r} of an unknown type")
    sizes, places = _counts(shape), _counts(ends)
    if sizes is None or len(sizes) > 8:
        raise broken(f"has {name!r} of an impossible shape")
    if places is None or len(places) != 2:
        raise broken(f"has {name!r} in an impossible place")
    start, end = places
    dtype = np.dtype(code)
    if end - start != math.prod(sizes) * dtype.itemsize:
        raise broken(f"has {name!r} with more or fewer numbers than its shape says")
    return _Place(name, dtype, tuple(sizes), start, end)
