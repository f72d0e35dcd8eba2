"""The values that layers hand over are had from `taskroute.types`, wherever they are defined, and survive a pickle."""

from __future__ import annotations

import pickle

import pytest

from taskroute import types
from taskroute.types import NO_STATE, NOTHING, Call, ModelHealth, Usage


@pytest.mark.parametrize("name", types.__all__)
def test_a_pickle_that_names_a_value_by_its_public_path_is_read(name: str) -> None:
    by_name = f"ctaskroute.types\n{name}\n.".encode()
    assert pickle.loads(by_name) is getattr(types, name)


def test_the_mapping_that_is_a_default_is_the_same_one_after_a_pickle() -> None:
    assert pickle.loads(pickle.dumps(NOTHING)) is NOTHING
    assert repr(Call("q").metadata) == "{}"
    assert pickle.loads(pickle.dumps(Call("q"))).metadata is NOTHING


@pytest.mark.parametrize("value", [Call("q"), Usage(1, 2), ModelHealth(), NO_STATE], ids=lambda value: type(value).__name__)
def test_a_value_is_shown_by_its_name_and_fields_and_is_equal_after_a_pickle(value: tuple[object, ...]) -> None:
    assert repr(value).startswith(f"{type(value).__name__}(")
    assert pickle.loads(pickle.dumps(value)) == value
