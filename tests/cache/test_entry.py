"""Entries as bytes: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import json
import os
import pickle
import random
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.cache.entry import UnreadableError, digest, dumps, loads
from taskroute.stored import Entry, StoredAnswer, StoredCall
from taskroute.types import Cost, Usage

ENTRY = Entry(StoredAnswer("hi", finish_reason="stop"), "small", 1_800_000_000.5, 1_800_086_400.5)

texts = st.text(st.characters(), max_size=40)
maybe = st.none() | texts
counts = st.none() | st.integers(0, 10**9)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
answers = st.builds(
    StoredAnswer,
    text=texts | st.integers(0, 4000).map("word ".__mul__),
    calls=st.lists(st.builds(StoredCall, texts, texts, texts), max_size=3).map(tuple),
    finish_reason=maybe,
    model=maybe,
    provider=maybe,
    host=maybe,
    native=st.none() | st.dictionaries(texts, json_values, max_size=4),
)
seconds = st.floats(0, 10**11)
entries = st.builds(
    Entry,
    answer=answers,
    model=texts,
    made=seconds,
    until=seconds,
    stage=maybe,
    task=maybe,
    tenant=maybe,
    user=maybe,
    usage=st.none() | st.builds(Usage, **dict.fromkeys(Usage._fields, counts)),
    cost=st.none() | st.builds(Cost, st.decimals(0, 1000, allow_nan=False, places=9), texts, texts, st.none()),
)


@given(entries)
def test_what_goes_in_comes_out(entry: Entry) -> None:
    assert loads(dumps(entry)) == entry


def test_a_surrogate_that_stands_alone_comes_back_as_it_was() -> None:
    entry = ENTRY._replace(answer=StoredAnswer("\ud83d \ude00 \ud83d\ude00 \x00"))
    assert loads(dumps(entry)) == entry


@given(entries, st.data())
def test_what_is_cut_off_is_none(entry: Entry, data: st.DataObject) -> None:
    written = dumps(entry)
    with pytest.raises(UnreadableError):
        loads(written[: data.draw(st.integers(0, len(written) - 1))])


@given(entries, st.data())
def test_a_byte_that_was_changed_never_makes_another_answer(entry: Entry, data: st.DataObject) -> None:
    written = bytearray(dumps(entry))
    written[data.draw(st.integers(0, len(written) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(UnreadableError):
        loads(bytes(written))


@pytest.mark.parametrize("more", [b"\0", b"}", b" ", b"tr1:"])
def test_what_has_something_after_it_is_none(more: bytes) -> None:
    with pytest.raises(UnreadableError):
        loads(dumps(ENTRY) + more)


@given(st.binary(max_size=200))
def test_garbage_is_none(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        loads(data)


@pytest.mark.parametrize("data", ["text", 7, None, [1]])
def test_what_is_not_even_bytes_is_none(data: Any) -> None:
    with pytest.raises(UnreadableError):
        loads(data)


def sealed(text: bytes, *, packed: bool = False, version: bytes = b"1") -> bytes:
    """Return an entry as somebody would write it who knows how."""
    body = zlib.compress(text) if packed else text
    return b"tr" + version + (b"z" if packed else b":") + zlib.crc32(body).to_bytes(4) + body


def plain(**changes: Any) -> dict[str, Any]:
    """Return a whole entry as JSON values, with changes; `...` leaves a field out."""
    values = {"model": "small", "made": 1.0, "until": 2.0, "answer": {}, **changes}
    return {name: value for name, value in values.items() if value is not ...}


@pytest.mark.parametrize("packed", [False, True])
def test_what_the_tests_below_begin_with_is_an_entry(packed: bool) -> None:
    written = json.dumps(plain(answer={"finish_reason": "stop"})).encode() + "\nhi\nyou \ud83d".encode("utf-8", "surrogatepass")
    assert loads(sealed(written, packed=packed)).answer == StoredAnswer("hi\nyou \ud83d", finish_reason="stop")


@pytest.mark.parametrize("way", [b"x", b"Z", b" ", b""])
def test_another_way_to_write_it_is_none(way: bytes) -> None:
    body = json.dumps(plain()).encode()
    with pytest.raises(UnreadableError, match="another version"):
        loads(b"tr1" + way + zlib.crc32(body).to_bytes(4) + body)


def test_a_text_that_is_no_text_is_none() -> None:
    with pytest.raises(UnreadableError):
        loads(sealed(json.dumps(plain()).encode() + b"\nhi \xff"))


@pytest.mark.parametrize("version", [b"0", b"2", b"\x00", b"a"])
def test_another_version_is_none(version: bytes) -> None:
    with pytest.raises(UnreadableError, match="another version"):
        loads(sealed(json.dumps(plain()).encode(), version=version))


@pytest.mark.parametrize(
    "values",
    [
        [],
        "text",
        None,
        7,
        {},
        plain(answer=...),
        plain(answer=[]),
        plain(answer="hi"),
        plain(answer={"calls": ["ab"]}),
        plain(answer={"calls": [["f", {}, "1"]]}),
        plain(answer={"calls": [["f", "{}"]]}),
        plain(answer={"calls": 7}),
        plain(answer={"native": []}),
        plain(answer={"host": 7}),
        plain(model=...),
        plain(model=7),
        plain(made=...),
        plain(made="soon"),
        plain(made=None),
        plain(until=[]),
        plain(stage={}),
        plain(usage=7),
        plain(usage=[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        plain(usage=["many"]),
        plain(cost=[]),
        plain(cost=["1"]),
        plain(cost=["dear", "user", "USD"]),
        plain(cost=["NaN", "user", "USD"]),
        plain(cost=["Infinity", "user", "USD"]),
        plain(cost=["1E+999999", "user", "USD"]),
        plain(cost=["0E+999999", "user", "USD"]),
        plain(cost=["1E-999999", "user", "USD"]),
        plain(cost=["1000000001", "user", "USD"]),
        plain(cost=["-1", "user", "USD"]),
        plain(cost={}),
    ],
    ids=str,
)
def test_json_that_is_no_entry_is_none(values: Any) -> None:
    with pytest.raises(UnreadableError):
        loads(sealed(json.dumps(values).encode() + b"\nhi"))


@pytest.mark.parametrize("made", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, '"nan"', '"inf"'])
def test_a_time_that_is_none_does_not_make_an_answer_that_holds_for_ever(made: str) -> None:
    text = json.dumps(plain(until=9e99)).replace('"made": 1.0', f'"made": {made}')
    with pytest.raises(UnreadableError):
        loads(sealed(text.encode() + b"\nhi"))


def test_json_that_is_nested_too_deeply_is_none() -> None:
    with pytest.raises(UnreadableError):
        loads(sealed(b"[" * 200_000 + b"\nhi"))


def test_a_line_without_a_text_after_it_is_none() -> None:
    assert loads(sealed(json.dumps(plain()).encode() + b"\n")).answer.text == ""
    with pytest.raises(UnreadableError, match="without the line"):
        loads(sealed(json.dumps(plain(answer={"text": "hi"})).encode()))


class Exploit:
    """Makes a directory when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_none_and_is_not_unpickled(tmp_path: Path) -> None:
    planted = pickle.dumps(Exploit(tmp_path / "run"))
    for data in (planted, sealed(planted), sealed(planted, packed=True), sealed(planted + b"\nhi")):
        with pytest.raises(UnreadableError):
            loads(data)
    assert not (tmp_path / "run").exists()
    pickle.loads(planted)
    assert (tmp_path / "run").exists()


def test_a_small_text_that_unpacks_to_more_than_fits_is_refused() -> None:
    packer = zlib.compressobj(9)
    body = b"".join([*(packer.compress(bytes(2**20)) for _ in range(257)), packer.flush()])
    assert len(body) < 2**19
    with pytest.raises(UnreadableError, match="too large"):
        loads(b"tr1z" + zlib.crc32(body).to_bytes(4) + body)


PLAIN = [chr(n) for n in range(33, 127) if chr(n) not in '"\\']
"""What JSON writes as it is."""


def with_text(text: str) -> bytes:
    return dumps(ENTRY._replace(answer=StoredAnswer(text)))


def test_a_long_text_is_packed_where_that_pays() -> None:
    long = "The same words come again and again. " * 100
    assert len(with_text(long)) < len(long) / 5
    assert loads(with_text(long)).answer.text == long


@pytest.mark.parametrize("text", ["short", "aaaa" * 400, "".join(random.Random(1).choices(PLAIN, k=4000))])
def test_a_short_text_and_one_without_pattern_are_left_as_they_are(text: str) -> None:
    assert text.encode() in with_text(text)


@pytest.mark.parametrize("native", [{"a": b"bytes"}, {"a": {1, 2}}, {"a": float("nan")}, {"a": object()}])
def test_what_is_no_json_is_not_written(native: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        dumps(ENTRY._replace(answer=StoredAnswer(native=native)))


def test_an_exact_cost_stays_exact() -> None:
    entry = ENTRY._replace(cost=Cost(Decimal("0.000000123456789"), "user", "EUR"))
    assert loads(dumps(entry)).cost == entry.cost


def test_a_digest_is_the_same_for_the_same_and_tells_kinds_apart() -> None:
    assert digest("tenant", "acme") == digest("tenant", "acme")
    assert len({digest("tenant", "acme"), digest("user", "acme"), digest("tenant", "acme2"), digest("tenant", "a\ud800")}) == 4
    assert "acme" not in str(digest("tenant", "acme"))
    assert digest("tenant", None) is digest("tenant", "") is None


@pytest.mark.parametrize(
    ("amount", "found"),
    [
        ("1E+9", Decimal("1E+9")),
        ("0", Decimal(0)),
        ("0.1234567890123456789012345678901234", Decimal("0.123456789012345678901234567890")),
        ("3.333333333333333333333333333E-38", Decimal(0)),
        ("1E+10", None),
        ("-1", None),
        ("NaN", None),
        ("Infinity", None),
    ],
)
def test_a_cost_is_stored_to_thirty_places_and_one_that_cannot_be_is_not_known(amount: str, found: Decimal | None) -> None:
    cost = loads(dumps(ENTRY._replace(cost=Cost(Decimal(amount), "user")))).cost
    assert (None if cost is None else cost.amount) == found
