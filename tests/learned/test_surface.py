"""What a text looks like, as numbers: the same for the same text, finite for any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.learned.surface import WIDTH, surface

QUESTION = "Which of these is NOT prime?\nA. 2\nB. 3\nC. 4\nD. 5"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_as_many_finite_numbers(text: str) -> None:
    found = surface(text)
    assert found.shape == (WIDTH,)
    assert np.isfinite(found).all()


def test_the_middle_of_a_long_text_does_not_count() -> None:
    head, tail = "a question " * 200, " and its end." * 200
    assert surface(head + "x" * 10_000 + tail) == pytest.approx(surface(head + "y" * 90_000 + tail))


def test_options_are_told_from_the_question() -> None:
    with_options, without = surface(QUESTION), surface(QUESTION.split("\n", maxsplit=1)[0])
    assert with_options[7] == pytest.approx(0.4)
    assert with_options[8] == 1
    assert without[7] == 0
    assert with_options[1] == pytest.approx(without[1], abs=0.1)


def test_an_accent_changes_no_more_than_its_word() -> None:
    plain, accented = surface("What is the cafe on the corner called?"), surface("What is the café on the corner called?")
    assert plain == pytest.approx(accented, abs=0.1)
