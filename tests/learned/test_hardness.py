"""Which words of a prompt make it hard, by where they stand."""

from __future__ import annotations

import pytest

from taskroute.learned.hardness import measures
from taskroute.learned.request import read_prompt

LENGTH = 120


def points(*said: str, at: int) -> float:
    """Return the points of a long prompt that says this from the word of that number on, beyond those of its length."""
    words = ["lamp"] * LENGTH
    words[at : at + len(said)] = said
    return measures(read_prompt(" ".join(words)))[0] - measures(read_prompt(" ".join(["lamp"] * LENGTH)))[0]


@pytest.mark.parametrize("said", [["prove"], ["at", "scale"], ["ten", "million", "users"]])
def test_a_term_counts_at_the_ends_of_a_prompt_only(said: list[str]) -> None:
    at_the_end = points(*said, at=LENGTH - len(said))
    assert at_the_end > 0
    assert points(*said, at=0) == points(*said, at=39) == points(*said, at=LENGTH - 40) == at_the_end
    assert points(*said, at=40) == points(*said, at=LENGTH - 41) == 0


def test_the_words_of_a_phrase_count_one_after_the_other_only() -> None:
    assert points("scale", "at", at=0) == points("at", "lamp", "scale", at=0) == 0
    assert points("at", "lamp", "at", "scale", at=0) == points("at", "scale", at=0)
