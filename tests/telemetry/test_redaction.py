"""The redaction hook sees everything, and what it does not pass is never written; keys never are."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.policy.credentials import looks_like_key
from taskroute.telemetry import attributes as names
from taskroute.telemetry.content import answered_content, asked_content
from taskroute.telemetry.masking import MASK, masked, without_keys
from taskroute.telemetry.settings import Redact, Telling
from taskroute.types import Reply

from .content_driven import Host, asked_messages, message, read, text, tool

WITHHELD = {names.CONTENT_WITHHELD: True}


def through(hook: Any, *said: Any, room: int = 32_000) -> Any:
    return asked_content(Host(list(said)), Telling(content="span_and_event", max_content=room, redact=hook))


def test_the_hook_is_given_each_kind_and_returns_what_is_written() -> None:
    seen: list[str] = []

    def hook(kind: str, items: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        seen.append(kind)
        return [{**item, "seen": kind} for item in items]

    telling = Telling(content="span", redact=hook)
    asked = asked_content(Host([message("Hello")], [text("Be brief.")], [tool("search")]), telling)
    answer = answered_content(Reply("hi", said=lambda: [message("Hi", role="assistant")]), telling)
    assert seen == ["instructions", "input", "tools", "output"]
    assert asked_messages(asked) == [{**message("Hello"), "seen": "input"}]
    assert read(asked, names.SYSTEM_INSTRUCTIONS)[0]["seen"] == "instructions"
    assert read(asked, names.TOOL_DEFINITIONS)[0]["seen"] == "tools"
    assert read(answer, names.OUTPUT_MESSAGES)[0]["seen"] == "output"


def test_the_hook_sees_what_there_is_no_room_for() -> None:
    seen: list[int] = []

    def hook(kind: str, items: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        seen.append(len(items[0]["parts"][0]["content"]))
        return items

    through(hook, message("x" * 50_000), room=200)
    assert seen == [50_000]


def test_a_hook_may_change_what_it_is_given_in_place() -> None:
    own = message("my password is hunter2")

    def hook(kind: str, items: Any) -> Any:
        items[0]["parts"][0]["content"] = "gone"
        return items

    assert asked_messages(through(hook, own)) == [message("gone")]
    assert own == message("my password is hunter2")


def test_none_withholds() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written = through(lambda kind, items: None, message("hunter2"))
    assert written == (WITHHELD, WITHHELD)


def test_one_kind_may_be_withheld_alone() -> None:
    hook: Redact = lambda kind, items: items if kind == "input" else None  # noqa: E731
    written = asked_content(Host([message("Hello")], [text("secret")]), Telling(content="span", redact=hook))
    assert written.attributes.keys() == {names.INPUT_MESSAGES, names.CONTENT_WITHHELD}


def test_an_empty_list_writes_nothing_and_withholds_nothing() -> None:
    assert through(lambda kind, items: [], message("hunter2")) == ({}, {})


def test_a_hook_that_raises_withholds_and_warns_with_the_class_alone() -> None:
    class HookBroke(Exception): ...

    def hook(kind: str, items: Any) -> Any:
        raise HookBroke("hunter2")

    with pytest.warns(RuntimeWarning) as said:
        written = through(hook, message("hunter2"))
    assert written == (WITHHELD, WITHHELD)
    assert len(said) == 1
    assert "HookBroke" in str(said[0].message)
    assert "hunter2" not in str(said[0].message)


def test_a_hook_that_panics_withholds_and_warns_as_one_that_raises() -> None:
    class PanicException(BaseException):
        """As what Rust code raises, which is no Exception."""

    def hook(kind: str, items: Any) -> Any:
        raise PanicException("hunter2")

    with pytest.warns(RuntimeWarning, match="PanicException") as said:
        written = through(hook, message("hunter2"))
    assert written == (WITHHELD, WITHHELD)
    assert "hunter2" not in str(said[0].message)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_control_flow_passes_through_a_hook(interrupt: type[BaseException]) -> None:
    def hook(kind: str, items: Any) -> Any:
        raise interrupt

    with pytest.raises(interrupt):
        through(hook, message("Hello"))


@pytest.mark.parametrize(
    "given_back", ["a text", 3, {"role": "user"}, [message("x"), "text"], [{"role": "user"}], [{"parts": []}], [None], True]
)
def test_a_hook_that_gives_no_messages_withholds(given_back: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert through(lambda kind, items: given_back, message("hunter2")).attributes == WITHHELD


def test_a_hook_that_is_async_withholds_and_leaves_no_coroutine_behind() -> None:
    async def hook(kind: str, items: Any) -> Any:
        return items

    with pytest.warns(RuntimeWarning, match="gave a coroutine") as said:
        assert through(hook, message("hunter2")).attributes == WITHHELD
    assert not [one for one in said if "never awaited" in str(one.message)]


def test_a_hook_that_asks_a_routed_model_is_not_asked_of_that_call() -> None:
    inner: list[Any] = []

    def hook(kind: str, items: Any) -> Any:
        inner.append(through(hook, message("is this private?")).attributes)
        return items

    assert asked_messages(through(hook, message("Hello"))) == [message("Hello")]
    assert inner == [WITHHELD]
    assert asked_messages(through(hook, message("Again"))) == [message("Again")], "the next call is as the first"


def test_what_a_hook_adds_is_read_like_anything_else() -> None:
    written = through(lambda kind, items: ({"role": "user", "parts": ({"type": "text", "content": b"\0"},)},), message("x"))
    assert asked_messages(written) == [message("AA==")]


KEYS = [
    "sk-proj-abcdefghij1234567890",
    "sk-abc123",
    "Bearer abcdefghijklmnop1234",
    "bearer short",
    "AKIAABCDEFGHIJKLMNOP",
    "ASIAABCDEFGHIJKLMNOP",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    *(
        f"{word}abcdefghijklmnop1234"
        for word in ("gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "gsk_", "hf_", "xai-", "pplx-")
    ),
    *(f"{word}abcdefghijklmnop1234" for word in ("nvapi-", "r8_", "xoxb-", "xoxp-")),
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_masked_without_a_hook(key: str) -> None:
    assert looks_like_key(key)
    assert asked_messages(through(None, message(key))) == [message(MASK)]


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("sk-abc123", "bearer short")])
def test_a_key_is_masked_inside_a_text_and_nothing_else_is(key: str) -> None:
    [found] = asked_messages(through(None, message(f"use {key}, please")))
    assert found["parts"][0]["content"] == f"use {MASK}, please"


def test_a_private_key_that_does_not_end_is_masked_to_the_end() -> None:
    assert masked("x -----BEGIN PRIVATE KEY-----\nMIIEow") == f"x {MASK}"


@pytest.mark.parametrize(
    "words", ["a task-based risk-averse plan", "desk-12345678901234567890", "ask sk- now", "the bearer of news", "hf_models", "sk-"]
)
def test_common_words_are_no_keys(words: str) -> None:
    assert masked(words) == words


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("see postgres://ada:hunter2@db.example/x, please", f"see postgres://{MASK}@db.example/x, please"),
        ("https://:hunter2@a.example and redis://u:hunter2@b", f"https://{MASK}@a.example and redis://{MASK}@b"),
        ("https://a.example:8080/x@y", "https://a.example:8080/x@y"),
        ("https://ada@a.example", "https://ada@a.example"),
    ],
)
def test_a_password_in_an_address_is_masked(words: str, written: str) -> None:
    assert masked(words) == written


def test_what_the_name_says_is_a_key_is_masked() -> None:
    arguments = {
        "api_key": "abc",
        "password": ["one", 2],
        "q": "weather",
        "token_count": 5,
        "secret": {"name": "x"},
        "auth": True,
        "AKIAABCDEFGHIJKLMNOP": 1,
    }
    masked_too = {
        "api_key": MASK,
        "password": [MASK, MASK],
        "q": "weather",
        "token_count": 5,
        "secret": {"name": "x"},
        "auth": True,
        MASK: 1,
    }
    assert without_keys(arguments) == masked_too


def test_a_hook_cannot_let_a_key_pass() -> None:
    assert asked_messages(through(lambda kind, items: [message(KEYS[0])], message("x"))) == [message(MASK)]


def test_a_key_on_the_edge_of_what_is_cut_leaves_no_part_of_itself() -> None:
    for before in range(100, 300, 7):
        kept = str(through(None, message("x " * before + KEYS[0] + " y" * 400), room=400).attributes)
        assert "proj" not in kept
        assert "7890" not in kept


def test_binary_data_is_not_searched_for_keys() -> None:
    blob = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AKIAABCDEFGHIJKLMNOP"}
    assert asked_messages(through(None, message(blob))) == [message(blob)]


keys = st.one_of(
    st.from_regex(re.compile(r"(?:sk-|gsk_|hf_|xai-|ghp_|glpat-|nvapi-|xoxb-)[\w-]{16,40}1", re.ASCII), fullmatch=True),
    st.from_regex(r"AKIA[0-9A-Z]{16}", fullmatch=True),
    st.from_regex(re.compile(r"eyJ[\w-]{8,20}\.eyJ[\w-]{8,20}\.[\w-]{5,20}", re.ASCII), fullmatch=True),
)


@given(st.text(max_size=40), keys, st.text(max_size=40))
def test_nothing_that_is_written_looks_like_a_key(before: str, key: str, after: str) -> None:
    assert not looks_like_key(masked(f"{before} {key} {after}"))


@given(st.text(max_size=200))
def test_a_text_that_does_not_look_like_a_key_is_left_alone(words: str) -> None:
    if not looks_like_key(words) and "earer" not in words.lower() and "://" not in words:
        assert masked(words) == words
