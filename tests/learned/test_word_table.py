"""What words add up to, whether or not they were asked for before."""

from __future__ import annotations

import numpy as np

from taskroute.learned.word_table import WordTable
from taskroute.learned.words import Reading, all_pieces

WORDS = [f"w{number:x}z" for number in range(3000)]


def table(known: list[str]) -> WordTable:
    """Return a table that knows these words and some of what they are made of."""
    ids = np.unique(all_pieces(known, Reading()).ids)[::2]
    rng = np.random.default_rng(1)
    return WordTable(Reading(), ids, rng.random(len(ids), dtype=np.float32), rng.normal(size=(len(ids), 3)).astype(np.float16), unseen=0.5)


def test_thousands_of_new_words_at_once_count_as_one_after_the_other() -> None:
    at_once, by_turns = table(WORDS), table(WORDS)
    for start in range(0, len(WORDS), 100):
        by_turns.sums(WORDS[start : start + 100])
    scores, known = at_once.sums(WORDS)
    assert scores.any()
    assert 0 < known < 1
    assert (by_turns.sums(WORDS).scores == scores).all()


def test_words_and_marks_that_are_said_twice_count_once() -> None:
    of_it = table(WORDS)
    once = of_it.total(["w1z", "w2z", "w1z"], ["\tshort"])
    again = of_it.total(["w1z", "w2z", "w1z", "w2z"], ["\tshort", "\tshort"])
    np.testing.assert_array_equal(once, again)


def test_a_table_that_knows_nothing_tells_nothing() -> None:
    scores, known = table([]).sums(["w1z", "w2z"])
    assert not scores.any()
    assert known == 0
