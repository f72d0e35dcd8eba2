"""What is read of a prompt: its words and signs in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.learned.request import HEAD, TAIL, read_prompt


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Sort x2 by (a+b)?!", ["sort", "x", "2", "by", "(", "a", "+", "b", ")?!"]),
        ("Złoty łódź, smørrebrød", ["złoty", "łodz", ",", "smørrebrød"]),
        ("Größe “naïve” – 10€", ["grosse", "“", "naive", "”", "–", "10", "€"]),
        ("日本go __init__ × 2", ["日", "本", "go", "__", "init", "__", "×", "2"]),
        ("Où\nest-elle\n\n\nici ?", ["ou", "est", "-", "elle", "\n\n\n", "ici", "?"]),
        ("ещё раз, x²", ["еще", "раз", ",", "x", "2"]),
    ],
)
def test_words_numbers_and_runs_of_signs_are_told_apart(text: str, tokens: list[str]) -> None:
    assert read_prompt(text).tokens == tokens


@given(st.text(max_size=HEAD + TAIL))
def test_nothing_but_blanks_is_left_out_of_what_is_read(text: str) -> None:
    prompt = read_prompt(text)
    assert "".join(token for token in prompt.tokens if not token.isspace()) == "".join(prompt.text.split())
