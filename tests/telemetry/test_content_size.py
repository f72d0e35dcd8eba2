"""How much is written: no more than there is room for, always in the shape of the conventions, and what matters most stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.telemetry import attributes as names
from taskroute.telemetry.content import Written, answered_content, asked_content
from taskroute.telemetry.content_size import encoded, least_size
from taskroute.telemetry.redaction import is_shaped
from taskroute.telemetry.settings import Telling
from taskroute.types import Reply

from .content_driven import Host, asked_messages, message, read, size, text, tool


def within(room: int, host: Host) -> Written:
    return asked_content(host, Telling(content="span_and_event", max_content=room))


def test_a_long_text_keeps_its_beginning_and_its_end_and_says_how_much_is_gone() -> None:
    words = "".join(f"<{index}>" for index in range(1000))
    written = within(400, Host([message(words)]))
    [found] = asked_messages(written)
    kept = found["parts"][0]["content"]
    head, rest = kept.split("[… ")
    gone, tail = rest.split(" characters cut …]")
    assert words.startswith(head)
    assert words.endswith(tail)
    assert len(head) > len(tail) > 20
    assert len(head) + int(gone) + len(tail) == len(words)
    assert 360 <= size(written) <= 400
    assert written.attributes[names.CONTENT_CUT] is True
    assert written.structured[names.CONTENT_CUT] is True


def test_the_first_and_the_latest_messages_stay() -> None:
    talk = [message(f"turn {index} " + "x" * 80, role="user" if index % 2 == 0 else "assistant") for index in range(50)]
    kept = asked_messages(within(1500, Host(talk)))
    assert kept[0] == talk[0]
    assert kept[-1] == talk[-1]
    whole = [one for one in kept if one in talk]
    assert whole[1:] == talk[-(len(whole) - 1) :]
    assert len(whole) >= 9


def test_a_long_latest_message_is_cut_and_the_first_one_stays() -> None:
    kept = asked_messages(within(1000, Host([message("the task"), message("old"), message("y" * 5000)])))
    assert [one["role"] for one in kept] == ["user", "user"]
    assert kept[0] == message("the task")
    assert kept[1]["parts"][0]["content"].startswith("yyy")


def test_binary_data_goes_before_any_text() -> None:
    blob = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "A" * 50_000}
    inline = {"type": "uri", "modality": "image", "uri": "data:image/png;base64," + "B" * 50_000}
    [found] = asked_messages(within(1000, Host([message("What is this?", blob, inline)])))
    assert found["parts"] == [
        text("What is this?"),
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "", "left_out": 50_000},
        {"type": "uri", "modality": "image", "uri": "", "left_out": 50_022},
    ]


def test_binary_data_in_the_latest_message_takes_no_room_from_the_ones_before() -> None:
    blob = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "A" * 50_000}
    kept = asked_messages(within(2000, Host([message(f"turn {index}") for index in range(10)] + [message("And this?", blob)])))
    assert [one["parts"][0]["content"] for one in kept] == [*(f"turn {index}" for index in range(10)), "And this?"]


def test_of_a_very_long_conversation_the_first_and_the_latest_messages_stay() -> None:
    talk = [message(f"turn {index} " + "x" * 400) for index in range(2000)]
    written = within(5000, Host(talk))
    kept = asked_messages(written)
    assert kept[0] == talk[0]
    assert kept[-9:] == talk[-9:]
    assert written.attributes[names.CONTENT_CUT] is True


def test_binary_data_stays_where_there_is_room() -> None:
    blob = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "A" * 500}
    written = within(1000, Host([message(blob)]))
    assert asked_messages(written) == [message(blob)]
    assert names.CONTENT_CUT not in written.attributes


def test_structured_arguments_that_do_not_fit_are_left_out_and_the_call_stays() -> None:
    call = {"type": "tool_call", "id": "c1", "name": "search", "arguments": {f"key{index}": index for index in range(500)}}
    [found] = asked_messages(within(300, Host([message(call, role="assistant")])))
    assert found == message({**call, "arguments": "[left out]"}, role="assistant")


def test_of_a_message_with_too_many_parts_the_first_and_the_latest_stay() -> None:
    parts = [text(f"part {index}") for index in range(200)]
    [found] = asked_messages(within(300, Host([message(*parts)])))
    assert found["parts"] == [parts[0], *parts[-len(found["parts"]) + 1 :]]
    assert len(found["parts"]) >= 5


def test_instructions_and_tools_leave_most_of_the_room_to_the_messages() -> None:
    written = within(4000, Host([message("z" * 9000)], [text("i" * 9000)], [tool("t", "d" * 9000)]))
    sizes = {name: len(str(written.attributes[name])) for name in (names.SYSTEM_INSTRUCTIONS, names.TOOL_DEFINITIONS, names.INPUT_MESSAGES)}
    assert sizes[names.SYSTEM_INSTRUCTIONS] <= 1000
    assert sizes[names.TOOL_DEFINITIONS] <= 1000
    assert sizes[names.INPUT_MESSAGES] > 1900
    assert size(written) <= 4000


def test_room_that_the_messages_do_not_need_goes_to_instructions_and_tools() -> None:
    written = within(4000, Host([message("hi")], [text("i" * 2500)], [tool("t", "d" * 300)]))
    assert names.CONTENT_CUT not in written.attributes
    assert read(written, names.SYSTEM_INSTRUCTIONS) == [text("i" * 2500)]


def test_the_foremost_tools_stay() -> None:
    tools = [tool(f"tool{index}", "does something useful") for index in range(40)]
    kept = read(within(1500, Host([message("x" * 800)], (), tools)), names.TOOL_DEFINITIONS)
    assert kept == tools[: len(kept)]
    assert 1 <= len(kept) < 40


def test_an_answer_has_room_of_its_own() -> None:
    said = [message("w" * 9000, role="assistant")]
    written = answered_content(Reply("hi", said=lambda: said), Telling(content="span", max_content=500))
    [found] = read(written, names.OUTPUT_MESSAGES)
    assert found["role"] == "assistant"
    assert 450 <= size(written) <= 500


@pytest.mark.parametrize("content", ["é" * 900, "😀" * 900, '"' * 900, "\n" * 900, "\x01" * 900])
def test_the_room_is_counted_in_bytes_of_json(content: str) -> None:
    written = within(300, Host([message(content)]))
    assert 270 <= size(written) <= 300


def test_what_has_the_size_of_the_room_is_whole() -> None:
    exact = len(json.dumps([message("q" * 300)], separators=(",", ":")))
    assert names.CONTENT_CUT not in within(exact, Host([message("q" * 300)])).attributes
    assert within(exact - 1, Host([message("q" * 300)])).attributes[names.CONTENT_CUT] is True


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner, max_size=4),
    max_leaves=8,
)
parts = st.one_of(
    st.builds(text, st.text(max_size=2000)),
    st.builds(lambda name, held: {"type": "tool_call", "id": "c1", "name": name, "arguments": held}, st.text(max_size=400), values),
    st.builds(lambda held: {"type": "tool_call_response", "id": "c1", "response": held}, values),
    st.builds(lambda data: {"type": "blob", "modality": "image", "mime_type": "image/png", "content": data}, st.binary(max_size=600)),
    st.builds(
        lambda held: {"type": "own", **{f"_{key}": inner for key, inner in held.items()}},
        st.dictionaries(st.text(max_size=300), values, max_size=5),
    ),
)
messages = st.builds(
    lambda role, held: {"role": role, "parts": held}, st.sampled_from(["user", "assistant", "tool"]), st.lists(parts, max_size=5)
)
tools = st.builds(lambda name, words, held: {**tool(name, words), "parameters": held}, st.text(max_size=50), st.text(max_size=500), values)


@given(values, st.integers(0, 1000))
def test_a_value_is_known_too_long_only_where_it_is(value: Any, within: int) -> None:
    whole = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    size = len(whole.encode())
    told = encoded(value, within=within)
    assert told == (value, size, whole) if size <= within else told.size > within
    assert least_size(value) <= size


@given(st.lists(messages, max_size=8), st.lists(parts, max_size=3), st.lists(tools, max_size=5), st.integers(200, 3000))
def test_whatever_is_cut_stays_json_of_the_right_shape_and_size(said: Any, system: Any, offered: Any, room: int) -> None:
    written = within(room, Host(said, system, offered))
    assert size(written) <= room
    for kind, name in (("input", names.INPUT_MESSAGES), ("instructions", names.SYSTEM_INSTRUCTIONS), ("tools", names.TOOL_DEFINITIONS)):
        found = read(written, name)
        assert found is None or is_shaped(kind, found)  # type: ignore[arg-type]
    roles = [one["role"] for one in asked_messages(written) or []]
    asked = iter([one["role"] for one in said])
    assert all(role in asked for role in roles), "the roles that stay are those that were said, in their order"
    if names.CONTENT_CUT not in written.attributes:
        assert len(roles) == len(said)
    assert names.CONTENT_WITHHELD not in written.attributes
