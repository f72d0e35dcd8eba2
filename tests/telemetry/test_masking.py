"""Every form of a key is found, whatever stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.telemetry.masking import MASK, masked

from .test_redaction import KEYS

INSIDE = [key for key in KEYS if key not in ("sk-abc123", "bearer short")]
"""Those that are keys inside a text, too."""
WORDS = st.text(alphabet=st.sampled_from("ab AEJ-_\n.é漢"), max_size=60)


@pytest.mark.parametrize("key", INSIDE)
@given(before=WORDS, after=WORDS)
def test_a_key_between_any_words_is_masked(key: str, before: str, after: str) -> None:
    assert masked(f"{before} {key} {after}") == f"{before} {MASK} {after}"


@given(first=st.sampled_from(INSIDE), second=st.sampled_from(INSIDE))
def test_keys_of_two_kinds_are_both_masked(first: str, second: str) -> None:
    assert masked(f"{first} and {second} here") == f"{MASK} and {MASK} here"
