"""Entries as bytes: JSON and a text under a version and a checksum, compressed where that pays. Never pickle. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, Final

from taskroute.stored import Entry, StoredAnswer, StoredCall
from taskroute.types import Cost, Usage

_MARK: Final = b"tr1"
"""Our own mark and the version: one line of JSON, then the text of the answer as it is, which is read far faster than one in JSON."""
_PLAIN: Final = b":"
_PACKED: Final = b"z"
_HEAD: Final = len(_MARK) + 1
_SUM: Final = 4
"""Bytes of the checksum that follows: it tells damage, and keeps off nobody who may write to the store."""
_WORTH_PACKING: Final = 2048
"""Bytes below which unpacking takes longer than all the rest of reading, for little room."""
_LEVEL: Final = 3
"""Of compression: smaller and faster to read than the fastest level, and a save takes little longer."""
_PAYS: Final = 0.8
"""The share of its size that an entry must shrink to for reading it to take longer."""
_LARGEST: Final = 256 * 2**20
"""Bytes that an entry may unpack to: whoever can write to a store must not be able to fill the memory."""
_COSTLIEST: Final = 10**9
_PLACES: Final = 30
"""Digits of a cost after the point. Without a limit a few bytes in a store could stand for a number that fills the memory."""
_EXACT: Final = Context(prec=64)


class UnreadableError(ValueError):
    """These bytes are no entry of this version."""


def dumps(entry: Entry) -> bytes:
    """Return an entry as bytes. Raises TypeError or ValueError for an answer that is no JSON."""
    line = json.dumps(_plain(entry), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    data = "\n".join((line, entry.answer.text)).encode("utf-8", "surrogatepass")
    if len(data) >= _WORTH_PACKING:
        packed = zlib.compress(data, _LEVEL)
        if len(packed) <= _PAYS * len(data):
            return _MARK + _PACKED + _sum(packed) + packed
    return _MARK + _PLAIN + _sum(data) + data


def loads(data: bytes) -> Entry:
    """Return the entry that bytes stand for. Raises UnreadableError."""
    try:
        line, end, text = _unpacked(data).partition(b"\n")
        if not end:
            raise UnreadableError("an entry without the line that comes first")
        return _entry(json.loads(line.decode("utf-8", "surrogatepass")), text.decode("utf-8", "surrogatepass"))
    except UnreadableError:
        raise
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, zlib.error) as error:
        raise UnreadableError(f"an entry cannot be read ({type(error).__name__})") from None


def digest(kind: str, value: str | None) -> str | None:
    """Return what stands for a tenant or a user in an entry: the same for the same, and no way back."""
    if not value:
        return None
    return hashlib.sha256(f"taskroute {kind}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def is_sound(amount: Decimal) -> bool:
    """Return whether an amount can be what an answer cost."""
    if not amount.is_finite():
        return False
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and -_PLACES <= exponent <= len(str(_COSTLIEST)) and 0 <= amount <= _COSTLIEST


def _sum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_SUM)


def _unpacked(data: bytes) -> bytes:
    how = data[_HEAD - 1 : _HEAD]
    if not data.startswith(_MARK) or how not in (_PLAIN, _PACKED):
        raise UnreadableError("an entry of another version, or none")
    body = data[_HEAD + _SUM :]
    if data[_HEAD : _HEAD + _SUM] != _sum(body):
        raise UnreadableError("an entry that is cut off or damaged")
    if how == _PLAIN:
        return body
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(body, _LARGEST)
    if not unpacking.eof:
        raise UnreadableError("an entry that is too large")
    return text


def _plain(entry: Entry) -> dict[str, Any]:
    answer, usage, cost = entry.answer, entry.usage, entry.cost
    found: dict[str, Any] = {
        "model": entry.model,
        "made": entry.made,
        "until": entry.until,
        "stage": entry.stage,
        "task": entry.task,
        "tenant": entry.tenant,
        "user": entry.user,
        "usage": None if usage is None else list(usage),
        "cost": None if cost is None else _told(cost),
        "answer": _known({**answer._asdict(), "text": None, "calls": [list(call) for call in answer.calls] or None}),
    }
    return _known(found)


def _told(cost: Cost) -> list[str] | None:
    """Return a cost as it is stored, without what it was made of; None for one that would be taken for damage."""
    amount = cost.amount
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_PLACES and amount <= _COSTLIEST:
        amount = _EXACT.quantize(amount, Decimal(1).scaleb(-_PLACES))
    return [str(amount), cost.source, cost.currency] if is_sound(amount) else None


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _entry(values: Any, text: str) -> Entry:
    usage, cost = values.get("usage"), values.get("cost")
    return Entry(
        answer=_answer(values["answer"], text),
        model=_text(values["model"]) or "",
        made=_seconds(values["made"]),
        until=_seconds(values["until"]),
        stage=_text(values.get("stage")),
        task=_text(values.get("task")),
        tenant=_text(values.get("tenant")),
        user=_text(values.get("user")),
        usage=None if usage is None else Usage(*[None if count is None else int(count) for count in usage]),
        cost=None if cost is None else _cost(*cost),
    )


def _answer(values: Any, text: str) -> StoredAnswer:
    native = values.get("native")
    if native is not None and not isinstance(native, dict):
        raise UnreadableError("an entry whose answer is none")
    return StoredAnswer(
        text=text,
        calls=tuple(_call(*call) for call in values.get("calls", ())),
        finish_reason=_text(values.get("finish_reason")),
        model=_text(values.get("model")),
        provider=_text(values.get("provider")),
        host=_text(values.get("host")),
        native=native,  # pyright: ignore[reportUnknownArgumentType]
    )


def _call(name: Any, arguments: Any, call_id: Any) -> StoredCall:
    return StoredCall(_text(name) or "", _text(arguments) or "", _text(call_id) or "")


def _cost(amount: Any, source: Any, currency: Any) -> Cost:
    exact = Decimal(amount)
    if not is_sound(exact):
        raise UnreadableError("an entry whose cost cannot be")
    return Cost(exact, _text(source) or "", _text(currency) or "")


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not math.isfinite(seconds):
        raise UnreadableError("an entry with no time where one should be")
    return seconds


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UnreadableError("an entry with something else where a text should be")
