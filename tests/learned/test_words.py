"""Reading a text: what counts as a word, what a word is made of, and how little of a long text is looked at."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.learned.words import MARK, Reading, all_pieces, capped, pieces, units, words

READING = Reading()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Why was I charged TWICE?", ["why", "was", "i", "charged", "twice"]),
        ("Größe: 10 m²", ["grosse", "10", "m2"]),
        ("Crème  brûlée", ["creme", "brulee"]),
        ("写一首诗 now", ["写", "一", "首", "诗", "now"]),
        ("привет, мир", ["привет", "мир"]),
        ("snake_case(x)", ["snake", "case", "x"]),
        ("", []),
        ("😀 \x00 …", []),
    ],
)
def test_words_are_folded_and_characters_of_unspaced_scripts_stand_alone(text: str, found: list[str]) -> None:
    assert words(text, READING) == found


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_is_read_like_other_text(text: str) -> None:
    assert words(text, READING) == words(text + " ж", READING)[:-1]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    counted = units(words(text, READING), READING)
    found = all_pieces(counted, READING)
    assert len(found.starts) == len(counted)
    assert len(found.ids) == len(found.values)


def test_numbers_count_by_their_length_only() -> None:
    assert pieces("1234", READING) == pieces("9876", READING)
    assert pieces("1234", READING) != pieces("12", READING)


def test_a_word_is_made_of_itself_and_of_short_pieces_within_it() -> None:
    assert len(pieces("refund", READING)) == 1 + 6 + 5 + 4
    shared = set(pieces("refund", READING)) & set(pieces("refunds", READING))
    assert len(shared) >= 8
    assert len(pieces("a", READING)) == 1
    assert len(pieces(f"{MARK}has code", READING)) == 1


def test_numbers_of_pieces_are_the_same_on_every_machine() -> None:
    assert pieces("a", READING) == [0xE8B7BE43]
    assert pieces(("a", "b"), READING) == [0x806C5CD3]


@pytest.mark.parametrize("word", ["refund", "возврат", "größe", "a", "łódź", "写"])
def test_the_number_of_a_part_is_its_sum_behind_a_line_break(word: str) -> None:
    edged = f" {word} "
    parts = [edged[i : i + size] for size in (2, 3) if size < len(edged) for i in range(len(edged) - size + 1)]
    expected = [zlib.crc32(word.encode()), *(zlib.crc32(f"\n{part}".encode()) for part in parts)]
    assert pieces(word, Reading(shortest=2, longest=3)) == expected


def test_the_pieces_of_a_word_count_together_what_is_said() -> None:
    found = all_pieces(["refund", ("a", "b")], Reading(share=2.0, pair_share=0.25))
    squares = np.add.reduceat(found.values**2, found.starts)
    assert squares == pytest.approx([3.0, 0.25])


def test_the_middle_of_a_long_text_is_not_looked_at() -> None:
    reading = Reading(head=10, tail=5)
    assert capped("x" * 15, reading) == "x" * 15
    assert capped("a" * 10 + "m" * 10_000_000 + "z" * 5, reading) == "a" * 10 + "\n" + "z" * 5
    assert capped("a" * 30, Reading(head=10, tail=0)) == "a" * 10 + "\n"


def test_a_reading_comes_back_from_its_text() -> None:
    reading = Reading(head=7, tail=0, longest=2, pairs=False, share=0.5)
    assert Reading.load(reading.dump()) == reading
    for broken in ("", "1 2 3", "1 2 3 4 1 x 1", "-1 0 3 5 1 2.0 0.5", "0 0 3 99 1 2.0 0.5"):
        with pytest.raises(ValueError):
            Reading.load(broken)
