"""What is written of messages: plain values in the shape of the conventions, whatever a host says, and nothing that must not leave."""

from __future__ import annotations

import json
import warnings
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.telemetry import attributes as names
from taskroute.telemetry.content import UNSAID, answered_content, asked_content
from taskroute.telemetry.content_parts import plain
from taskroute.telemetry.settings import SILENT, Telling
from taskroute.types import Reply

from .content_driven import ON, Host, asked_messages, message, raising, read, text, tool


def test_nothing_is_asked_for_while_content_is_off() -> None:
    host = Host(raising(AssertionError("asked")), raising(AssertionError("asked")), raising(AssertionError("asked")))
    assert asked_content(host, SILENT) is UNSAID
    assert answered_content(Reply("hi", said=raising(AssertionError("asked"))), SILENT) is UNSAID


def test_each_direction_is_written_by_the_names_of_the_conventions() -> None:
    written = asked_content(Host([message("Hello")], [text("Be brief.")], [tool("search", "Finds things")]), ON)
    assert read(written, names.INPUT_MESSAGES) == [message("Hello")]
    assert read(written, names.SYSTEM_INSTRUCTIONS) == [text("Be brief.")]
    assert read(written, names.TOOL_DEFINITIONS) == [tool("search", "Finds things")]
    assert names.CONTENT_CUT not in written.attributes
    assert names.CONTENT_WITHHELD not in written.attributes
    answer = {**message("Hi", role="assistant"), "finish_reason": "stop"}
    assert read(answered_content(Reply("hi", said=lambda: [answer]), ON), names.OUTPUT_MESSAGES) == [answer]


def test_what_is_empty_is_absent() -> None:
    assert asked_content(Host([message("Hello")]), ON).attributes.keys() == {names.INPUT_MESSAGES}
    assert not asked_content(Host(), ON).attributes
    assert asked_content(None, ON) is UNSAID
    assert answered_content(Reply("hi"), ON) is UNSAID


def test_what_cannot_be_read_is_withheld_and_the_rest_is_written() -> None:
    class Unreadable(Exception): ...

    with pytest.warns(RuntimeWarning) as said:
        written = asked_content(Host(raising(Unreadable("hunter2")), [text("Be brief.")]), ON)
    assert read(written, names.INPUT_MESSAGES) is None
    assert read(written, names.SYSTEM_INSTRUCTIONS) == [text("Be brief.")]
    assert written.attributes[names.CONTENT_WITHHELD] is True
    assert written.structured[names.CONTENT_WITHHELD] is True
    assert [("Unreadable" in str(one.message), "hunter2" in str(one.message)) for one in said] == [(True, False)]


def test_an_answer_that_cannot_be_read_is_withheld() -> None:
    class UnreadableAnswer(Exception): ...

    with pytest.warns(RuntimeWarning, match="UnreadableAnswer"):
        written = answered_content(Reply("hi", said=raising(UnreadableAnswer("hunter2"))), ON)
    assert written.attributes == {names.CONTENT_WITHHELD: True}


def test_a_second_failure_of_the_same_kind_does_not_warn_again() -> None:
    class UnreadableAgain(Exception): ...

    host = Host(raising(UnreadableAgain()))
    with pytest.warns(RuntimeWarning, match="UnreadableAgain"):
        asked_content(host, ON)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert asked_content(host, ON).attributes == {names.CONTENT_WITHHELD: True}


@pytest.mark.parametrize(
    "said", ["a text", {"role": "user"}, [{"role": "user"}], [{"role": "user", "parts": ["text"]}], [{"parts": []}], None, 3]
)
def test_messages_in_another_shape_are_withheld(said: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = asked_content(Host(lambda: said), ON)
    assert written.attributes == {names.CONTENT_WITHHELD: True}


def test_the_host_keeps_its_own_messages() -> None:
    own = [message("Hello", {"type": "tool_call", "name": "search", "arguments": {"q": ["sk-" + "a1" * 20]}})]
    before = json.dumps(own)
    asked_content(Host(own), Telling(content="span", redact=lambda kind, items: [one.clear() for one in items] and []))  # type: ignore[attr-defined]
    asked_content(Host(own), Telling(content="span", max_content=200))
    assert json.dumps(own) == before


class Client:
    def __repr__(self) -> str:
        return "Client(api_key='sk-secret')"


def test_an_object_is_written_as_the_name_of_its_class() -> None:
    part = {"type": "tool_call_response", "response": {"client": Client(), "when": date(2026, 1, 2), "price": Decimal("1.50")}}
    [found] = asked_messages(asked_content(Host([message(part)]), ON))
    assert found["parts"][0]["response"] == {"client": "<Client>", "when": "2026-01-02", "price": "1.50"}


def test_bytes_are_written_as_base64() -> None:
    part = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": b"\x89PNG"}
    [found] = asked_messages(asked_content(Host([message(part)]), ON))
    assert found["parts"][0]["content"] == "iVBORw=="


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (10**30, str(10**30)),
        (-(2**63), -(2**63)),
        pytest.param(10**5000, "[a very long number]", id="of 5000 digits"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d alone", "\ufffd alone"),
        ("a\0b", "a\ufffdb"),
        ((1, "a"), [1, "a"]),
        ({2: "a", None: "b", True: "c", (1,): "d"}, {"2": "a", "None": "b", "True": "c", "<tuple>": "d"}),
    ],
)
def test_values_that_json_or_otlp_cannot_hold_are_written_as_what_they_can(value: Any, written: Any) -> None:
    assert plain(value).value == written


def test_a_list_that_holds_itself_ends() -> None:
    own: list[Any] = ["a"]
    own.append(own)
    assert plain(own) == (["a", "[too deep]"], True)


def test_nesting_without_an_end_ends() -> None:
    deep: Any = "bottom"
    for _ in range(5000):
        deep = {"in": deep}
    written = asked_content(Host([message({"type": "tool_call", "arguments": deep})]), ON)
    assert "[too deep]" in str(written.attributes[names.INPUT_MESSAGES])
    assert written.attributes[names.CONTENT_CUT] is True


def test_lists_that_stand_for_billions_of_values_end() -> None:
    wide: Any = ["x"] * 10
    for _ in range(12):
        wide = [wide] * 10
    found = plain(wide)
    assert found.is_cut
    assert len(json.dumps(found.value)) < 2_000_000


def test_a_message_with_too_many_values_is_cut_and_the_others_are_whole() -> None:
    table = {"type": "tool_call_response", "id": "c1", "response": [[row, row] for row in range(50_000)]}
    written = asked_content(
        Host([message("Hello"), message(table, role="tool"), message("Well?")]), Telling(content="span_and_event", max_content=10**6)
    )
    first, cut, last = asked_messages(written)
    assert (first, last) == (message("Hello"), message("Well?"))
    assert 5_000 < len(cut["parts"][0]["response"]) < 10_000
    assert cut["parts"][0]["id"] == "c1"
    assert written.attributes[names.CONTENT_CUT] is True


def test_the_same_list_twice_is_written_twice() -> None:
    shared = ["a"]
    assert plain([shared, shared]) == ([["a"], ["a"]], False)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20) | st.decimals() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=5) | st.tuples(inner, inner)
    ),
    max_leaves=30,
)


@given(anything)
def test_any_value_becomes_json(value: Any) -> None:
    found = plain(value).value
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    json.dumps(found, ensure_ascii=False).encode()
    assert "\0" not in str(found)
