"""Folding: lower case, no accents, the same whatever stands beside a character."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskroute.signals.classifiers.terms import fold, tokenize


@settings(max_examples=150)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
@example("ÉTÉ à l'École")
@example("e\u0301\u0327=\u0338x")
@example("ﬁn Straße İstanbul")
@example("한국어 \u1112\u1161\u11ab")
def test_a_text_is_folded_as_unicode_decomposes_it(text: str) -> None:
    plain = unicodedata.normalize("NFKD", text.casefold())
    assert fold(text) == unicodedata.normalize("NFC", "".join(char for char in plain if not unicodedata.combining(char)))


@given(st.text(st.characters(max_codepoint=127)))
def test_an_ascii_text_has_the_words_and_sentences_that_it_has_beside_other_text(text: str) -> None:
    alone, beside = tokenize(text), tokenize(f"{text}\nж")
    assert alone.words == beside.words[:-1]
    assert alone.starts <= beside.starts
