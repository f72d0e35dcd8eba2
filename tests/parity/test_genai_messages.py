"""An equal conversation is told in equal words, whichever host it comes through."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute_langchain.genai_messages import input_messages as langchain_messages
from taskroute_langchain.genai_messages import messages_given, system_instructions, tool_definitions
from taskroute_litellm.genai_messages import definitions, input_messages, instructions

PIXEL = "iVBORw0KGgo="
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "Paris"}'}}
SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


CONVERSATIONS: dict[str, list[dict[str, Any]]] = {
    "text": [said("user", "hi")],
    "turns": [said("user", "hi"), said("assistant", "ho"), said("user", "bye")],
    "named": [said("user", "hi", name="anna")],
    "instructions": [said("system", "Be kind."), said("user", "hi")],
    "instructions in blocks": [said("system", [{"type": "text", "text": "Be kind."}]), said("user", "hi")],
    "blocks": [said("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])],
    "an empty text": [said("user", "hi"), said("assistant", "")],
    "a call": [said("user", "hi"), said("assistant", "Let me see.", tool_calls=[CALL]), said("tool", "sunny", tool_call_id="call_1")],
    "a call alone": [said("user", "hi"), said("assistant", None, tool_calls=[CALL])],
    "a result in blocks": [said("user", "hi"), said("tool", [{"type": "text", "text": "sunny"}], tool_call_id="call_1")],
    "an image": [said("user", [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}])],
    "an image elsewhere": [
        said("user", [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://x.example/a"}}])
    ],
    "sound": [said("user", [{"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}}])],
    "a file": [said("user", [{"type": "file", "file": {"file_id": "file-1"}}])],
    "a document": [said("user", [{"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PIXEL}", "filename": "a.pdf"}}])],
}


@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_messages_and_instructions_are_the_same(conversation: list[dict[str, Any]]) -> None:
    theirs = messages_given(conversation)
    assert input_messages("completion", {"messages": conversation}) == langchain_messages(theirs)
    assert instructions("completion", {"messages": conversation}) == system_instructions(theirs)


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": SCHEMA}},
        {"type": "function", "function": {"name": "look"}},
        {"name": "look", "description": "Looks.", "input_schema": SCHEMA},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "mcp", "server_label": "crm", "server_url": "https://x.example", "authorization": "sk-secret"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ],
)
def test_tools_are_the_same(tool: dict[str, Any]) -> None:
    assert definitions({"tools": [tool]}) == tool_definitions([tool])
