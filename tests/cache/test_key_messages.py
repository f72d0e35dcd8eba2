"""What of a conversation is in the key of its answer, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.cache.conversations import call, of, result, said, user

IMAGE: dict[str, Any] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SAME: Mapping[str, tuple[list[Any], list[Any]]] = {
    "the id of a message": ([user("a", id="1")], [user("a", id="2")]),
    "one block of text": ([user("a")], [user([{"type": "text", "text": "a"}])]),
    "a text in a list": ([user("a")], [user(["a"])]),
    "a mark on a block": ([user("a")], [user([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}])]),
    "a mark on a message": ([user("a")], [user("a", cache_control={"type": "ephemeral"})]),
    "a mark in what LangChain adds": (
        [user("a")],
        [user([{"type": "text", "text": "a", "extras": {"cache_control": {"type": "ephemeral"}}}])],
    ),
    "an id that LangChain made": (
        [user([{"type": "image", "url": "http://a/i.png", "id": "lc_1"}])],
        [user([{"type": "image", "url": "http://a/i.png", "id": "lc_2"}])],
    ),
    "which item a call was": (
        [said(content=[{"type": "tool_call", "id": "x", "name": "f", "args": {}, "extras": {"item_id": "fc_1", "status": "completed"}}])],
        [said(content=[{"type": "tool_call", "id": "y", "name": "f", "args": {}, "extras": {"item_id": "fc_2"}}])],
    ),
    "id and index of a text": ([user("a")], [user([{"type": "text", "text": "a", "id": "b1", "index": 0, "annotations": []}])]),
    "the id of a thought": (
        [said(content=[{"type": "thinking", "thinking": "a", "signature": "s", "index": 1}])],
        [said(content=[{"type": "thinking", "thinking": "a", "signature": "s", "id": "2"}])],
    ),
    "empty fields": (
        [{"role": "assistant", "content": "a"}],
        [{"role": "assistant", "content": "a", "refusal": None, "function_call": None, "tool_calls": []}],
    ),
    "a mapping of nothing": (
        [{"role": "assistant", "content": "a"}],
        [{"role": "assistant", "content": "a", "provider_specific_fields": {"refusal": None}}],
    ),
    "no content": ([said(call())], [said(call(), content="")]),
    "ids of calls": ([said(call("x")), result("x")], [said(call("y")), result("y")]),
    "ids of calls in blocks": (
        [
            said(content=[{"type": "tool_use", "id": "x", "name": "f", "input": {}}]),
            user([{"type": "tool_result", "tool_use_id": "x", "content": "a"}]),
        ],
        [
            said(content=[{"type": "tool_use", "id": "y", "name": "f", "input": {}}]),
            user([{"type": "tool_result", "tool_use_id": "y", "content": [{"type": "text", "text": "a"}]}]),
        ],
    ),
    "ids of items": (
        [
            {"type": "function_call", "id": "fc_1", "call_id": "x", "name": "f", "arguments": "{}", "status": "completed"},
            {"type": "function_call_output", "call_id": "x", "output": "a"},
        ],
        [
            {"type": "function_call", "id": "fc_2", "call_id": "y", "name": "f", "arguments": "{ }"},
            {"type": "function_call_output", "call_id": "y", "output": "a"},
        ],
    ),
    "an item of the responses API": ([user("a")], [{"type": "message", "id": "m", "status": "completed", **user("a")}]),
    "spacing and order of arguments": ([said(call(arguments='{"a": 1, "b": 2.0}'))], [said(call(arguments='{"b":2,"a":1}'))]),
    "arguments as values": ([said(call(arguments='{"a": 1}'))], [said(call(arguments={"a": 1}))]),
    "no arguments": ([said(call(arguments=""))], [said(call(arguments="{}"))]),
    "the index of a call": ([said(call())], [said(call(index=0))]),
    "the name of a tool in its result": ([said(call()), result()], [said(call()), result(name="look_up")]),
    "the address of an image": (
        [user([{"type": "image_url", "image_url": "http://a"}])],
        [user([{"type": "image_url", "image_url": {"url": "http://a"}}])],
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_it_does_not_change_the_key_of_messages(name: str) -> None:
    one, other = SAME[name]
    assert of(*one) == of(*other)


TWO = said(call("x"), call("y", '{"what": "y"}'))
APART: Mapping[str, tuple[list[Any], list[Any]]] = {
    "developer and system": ([{"role": "developer", "content": "a"}], [{"role": "system", "content": "a"}]),
    "the name of who speaks": ([user("a", name="Ann")], [user("a", name="Bob")]),
    "two blocks and one": ([user(["a", "b"])], [user("ab")]),
    "results of other calls": ([TWO, result("x", "1"), result("y", "2")], [TWO, result("y", "1"), result("x", "2")]),
    "one call and two": ([said(call("x"), call("x"))], [said(call("x"), call("y"))]),
    "a text of JSON, and what it says": ([said(call(arguments='"a"'))], [said(call(arguments="a"))]),
    "arguments that are no JSON": ([said(call(arguments='{"a": '))], [said(call(arguments='{"a":'))]),
    "arguments that say a key twice": ([said(call(arguments='{"a": 1, "a": 2}'))], [said(call(arguments='{"a": 2}'))]),
    "numbers that JSON does not have": ([said(call(arguments='{"a": NaN}'))], [said(call(arguments='{"a": Infinity}'))]),
    "numbers that are too large": ([said(call(arguments='{"a": 1e999}'))], [said(call(arguments='{"a": 1e998}'))]),
    "ids among the arguments": ([said(call(arguments='{"id": "1"}'))], [said(call(arguments='{"id": "2"}'))]),
    "ids in the input of a tool": (
        [said(content=[{"type": "tool_use", "id": "x", "name": "f", "input": {"id": 1, "index": 1}}])],
        [said(content=[{"type": "tool_use", "id": "x", "name": "f", "input": {"id": 2, "index": 1}}])],
    ),
    "the name of a tool that was not called": ([said(call()), result()], [said(call()), result(name="other")]),
    "media by value": ([user([IMAGE])], [user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAB"}}])]),
    "the id of a file": ([user([{"type": "file", "file": {"file_id": "f1"}}])], [user([{"type": "file", "file": {"file_id": "f2"}}])]),
    "a file by its id": ([user([{"type": "input_file", "file_id": "f1"}])], [user([{"type": "input_file", "file_id": "f2"}])]),
    "an image by its id": ([user([{"type": "image", "id": "i1"}])], [user([{"type": "image", "id": "i2"}])]),
    "an item by its id": ([{"type": "item_reference", "id": "a"}], [{"type": "item_reference", "id": "b"}]),
    "how finely an image is looked at": ([user([IMAGE])], [user([{**IMAGE, "image_url": {**IMAGE["image_url"], "detail": "low"}}])]),
    "what else LangChain adds": (
        [user([{"type": "text", "text": "a", "extras": {"cache_control": {}, "phase": "1"}}])],
        [user([{"type": "text", "text": "a", "extras": {"phase": "2"}}])],
    ),
    "a thought that the provider has": (
        [user("a"), {"type": "reasoning", "id": "rs_1", "summary": []}, user("b")],
        [user("a"), {"type": "reasoning", "id": "rs_2", "summary": []}, user("b")],
    ),
    "a signature": (
        [said(content=[{"type": "thinking", "thinking": "a", "signature": "s"}])],
        [said(content=[{"type": "thinking", "thinking": "a", "signature": "t"}])],
    ),
    "what else a provider is sent": ([user("a", reasoning_content="b")], [user("a", reasoning_content="c")]),
    "a failed tool": ([result()], [result(status="error")]),
}


@pytest.mark.parametrize("name", APART)
def test_it_changes_the_key_of_messages(name: str) -> None:
    one, other = APART[name]
    assert of(*one) != of(*other)
