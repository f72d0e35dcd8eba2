"""Files of arrays: what is written comes back, and what is broken is told with its place and cure."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.errors import ArraysError
from taskroute.learned.arrays import dump_arrays, read_arrays, write_arrays

SOME = {"weights": np.arange(6, dtype=np.float16).reshape(2, 3), "ids": np.array([1, 5], dtype=np.uint32), "none": np.zeros((0, 3))}


def content(header: Any, data: bytes, *, checksum: bool = True) -> bytes:
    if checksum and isinstance(header, dict):
        header = {**header, "__metadata__": {"sha256": hashlib.sha256(data).hexdigest()}}
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + data


def entry(dtype: Any = "U8", shape: Any = (2,), ends: Any = (0, 2)) -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": ends}}


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "model.safetensors"
    write_arrays(path, SOME, {"format": "x"})
    arrays, meta = read_arrays(path)
    assert dict(meta) == {"format": "x"}
    assert set(arrays) == set(SOME)
    for name, array in SOME.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert (arrays[name] == array).all()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_has_the_mode_of_an_ordinary_one(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_bytes(b"")
    write_arrays(tmp_path / "model", SOME, {})
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_the_same_arrays_give_the_same_bytes() -> None:
    assert dump_arrays(SOME, {"b": "1", "a": "2"}) == dump_arrays(dict(reversed(SOME.items())), {"a": "2", "b": "1"})


def test_the_layout_is_that_of_safetensors() -> None:
    whole = dump_arrays({"a": np.array([[1, 2]], dtype=np.int16)}, {"k": "v"})
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    assert size % 8 == 0
    assert header["a"] == {"dtype": "I16", "shape": [1, 2], "data_offsets": [0, 4]}
    assert header["__metadata__"]["k"] == "v"
    assert whole[8 + size :] == b"\x01\x00\x02\x00"


def test_big_endian_and_scattered_arrays_are_written_as_little_endian_rows() -> None:
    big = np.arange(6, dtype=">i4").reshape(2, 3).T
    arrays, _ = read_arrays(dump_arrays({"a": big}, {}))
    assert (arrays["a"] == big).all()


def test_arrays_that_were_read_cannot_be_written_to() -> None:
    arrays, _ = read_arrays(dump_arrays(SOME, {}))
    with pytest.raises(ValueError, match="read-only"):
        arrays["weights"][0, 0] = 1


def test_objects_are_refused() -> None:
    with pytest.raises(ArraysError, match="object"):
        dump_arrays({"a": np.array([{}], dtype=object)}, {})


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x08",
        (2**63).to_bytes(8, "little") + b"{}",
        content(b"nonsense", b""),
        content(b"[1]", b""),
        content(b'{"a": 1, "a": 2}', b""),
        content(b"[" * 5000, b""),
        content(entry(), b"ab", checksum=False),
        content(entry("PICKLE"), b"ab"),
        content(entry(shape="2"), b"ab"),
        content(entry(shape=[-2]), b"ab"),
        content(entry(shape=[True, 2]), b"ab"),
        content(entry(shape=[3]), b"ab"),
        content(entry(ends=[0, 3]), b"ab"),
        content(entry(ends=[1, 3]), b"abc"),
        content(entry(ends=None), b"ab"),
        content(entry(), b"abc"),
        content({"a": 7}, b""),
        content({**entry(), "b": entry()["a"]}, b"ab"),
        content({"__metadata__": 1}, b"", checksum=False),
    ],
)
def test_what_is_no_whole_file_is_refused(broken: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(broken)
    with pytest.raises(ArraysError) as caught:
        read_arrays(path)
    assert str(path) in str(caught.value)
    assert "delete it" in str(caught.value)


def test_a_missing_file_and_one_that_is_too_large_are_told(tmp_path: Path) -> None:
    with pytest.raises(ArraysError, match="cannot be read"):
        read_arrays(tmp_path / "none")
    path = tmp_path / "large"
    write_arrays(path, SOME, {})
    with pytest.raises(ArraysError, match="larger than 10 bytes"):
        read_arrays(path, largest=10)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
def test_no_change_of_a_file_goes_unseen(at: int, bit: int, cut: bool) -> None:
    whole = bytearray(dump_arrays(SOME, {"format": "x"}))
    place = at % len(whole)
    if cut:
        changed = bytes(whole[:place])
    else:
        whole[place] ^= 1 << bit
        changed = bytes(whole)
    try:
        arrays, _ = read_arrays(changed)
    except ArraysError:
        return
    # A change of the header may leave a file that is whole; its numbers are those that were written.
    assert sum(array.nbytes for array in arrays.values()) == sum(array.nbytes for array in SOME.values())


@pytest.mark.parametrize("where", ["a file in the place of the folder"])
def test_a_file_that_cannot_be_written_leaves_nothing_behind(where: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text(where)
    with pytest.raises(OSError, match="taken"):
        write_arrays(tmp_path / "taken" / "model", SOME, {})
    assert os.listdir(tmp_path) == ["taken"]
