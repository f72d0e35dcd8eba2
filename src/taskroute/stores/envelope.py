"""What a value is wrapped in on disk: until when it holds, and a digest that tells damage and mix-ups from the value that was put."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from typing import Final, NamedTuple

_MARK: Final = b"tr\x01"
"""Our own mark and the version of the envelope."""

_DIGEST_SIZE: Final = 12
_HEAD: Final = struct.Struct(f">3s{_DIGEST_SIZE}sd")
_SUMMARY: Final = struct.Struct(">dQI")


class Damaged(ValueError):
    """Bytes that are not what was put under this name."""


class Kept(NamedTuple):
    value: bytes
    until: float
    """Seconds since the epoch; infinity when it is kept until it is deleted."""


def seal(key: str, kept: Kept) -> bytes:
    """Return the bytes to write for a value under a name."""
    return _HEAD.pack(_MARK, _digest(key, kept.value, kept.until), kept.until) + kept.value


def unseal(key: str, sealed: bytes) -> Kept:
    """Return what was put under this name. Raises Damaged when these bytes are anything else."""
    if len(sealed) < _HEAD.size or sealed[:3] != _MARK:
        raise Damaged("it was not written by this version of taskroute")
    _, digest, until = _HEAD.unpack_from(sealed)
    value = sealed[_HEAD.size :]
    if math.isnan(until) or digest != _digest(key, value, until):
        raise Damaged("its digest is wrong, so that it was damaged or put under another name")
    return Kept(value, until)


def _digest(key: str, value: bytes, until: float) -> bytes:
    # A checksum of the value, ten times as fast as a digest of all of it, is enough to tell damage. It keeps off nobody who may write here,
    # but nor would a digest without a secret.
    head = _SUMMARY.pack(until, len(value), zlib.crc32(value))
    return hashlib.blake2b(head + key.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_SIZE).digest()
