"""Sizes: cutting a text, and estimating the tokens of a call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.signals.size import MARGIN, MEDIA_TOKENS, OTHER_MEDIA_TOKENS, cap, estimate_tokens, token_ceiling
from taskroute.types import Call, Message

any_text = st.text(st.characters(exclude_categories=()), max_size=200)
media = st.lists(st.sampled_from(["image", "audio", "video", "file", "hologram"]), max_size=3).map(tuple)
messages = st.tuples(st.sampled_from(["system", "user", "tool"]), any_text, media).map(Message._make)
calls = st.tuples(any_text, st.lists(messages, max_size=3).map(tuple), st.lists(any_text, max_size=3).map(tuple)).map(
    lambda parts: Call(prompt=parts[0], messages=parts[1], parameters=parts[2])
)


@given(calls)
def test_the_ceiling_is_never_below_the_estimate(call: Call) -> None:
    assert 0 <= estimate_tokens(call) <= token_ceiling(call)


@given(calls, any_text)
def test_more_text_never_makes_a_call_smaller(call: Call, more: str) -> None:
    longer = call._replace(prompt=call.prompt + more)
    assert estimate_tokens(longer) >= estimate_tokens(call)
    assert token_ceiling(longer) >= token_ceiling(call)


@given(calls, messages)
def test_another_message_makes_a_call_larger(call: Call, message: Message) -> None:
    assert estimate_tokens(call._replace(messages=(*call.messages, message))) > estimate_tokens(call)


@given(calls, st.integers(min_value=0))
def test_a_count_of_the_callers_own_is_taken_as_it_is(call: Call, tokens: int) -> None:
    counted = call._replace(tokens=tokens)
    assert estimate_tokens(counted) == token_ceiling(counted) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a" * 400, 100),
        ("漢" * 100, 100),
        ("é" * 300, 200),
        ("я" * 300, 200),
        ("\ud800" * 3, 3),
        ("😀" * 3, 4),
        ("ab" * 200 + "漢" * 10, 110),
    ],
)
def test_a_message_costs_its_text_by_script_and_four_tokens(text: str, tokens: int) -> None:
    assert estimate_tokens(Call(text)) == tokens + 4


def test_parameters_by_the_character_and_media_are_counted() -> None:
    call = Call(messages=(Message("user", media=("image", "hologram")),), parameters=("s" * 300, "é" * 100))
    assert estimate_tokens(call) == 4 + 100 + MEDIA_TOKENS["image"] + OTHER_MEDIA_TOKENS


def test_an_empty_call_is_empty() -> None:
    assert estimate_tokens(Call()) == token_ceiling(Call()) == 0


def test_the_margin_makes_an_estimate_larger_and_stays_below_double() -> None:
    assert 0 < MARGIN < 1


@given(any_text, st.integers(min_value=1, max_value=50))
def test_a_capped_text_fits_and_keeps_head_and_tail(text: str, limit: int) -> None:
    cut = cap(text, limit)
    assert len(cut) <= limit
    if len(text) <= limit:
        assert cut == text
    else:
        tail = (limit - 1) // 2
        head = limit - 1 - tail
        assert cut == text[:head] + "\n" + text[len(text) - tail :]


def test_a_cap_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="limit=0 leaves no text"):
        cap("abc", 0)
