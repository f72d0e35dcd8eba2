"""What the messages, instructions and tools of a request look like in the shapes of the GenAI conventions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute_litellm.conversation import Endpoint
from taskroute_litellm.genai_messages import definitions, input_messages, instructions
from tests.litellm_host.hearing import words

PIXEL = "iVBORw0KGgo="
CALL = {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": "Paris"}}
RESULT = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]}
SPOKEN = {"role": "assistant", "parts": [{"type": "text", "content": "Let me see."}, CALL]}
CONVERSATION = [words("How is it?"), SPOKEN, RESULT, words("Thanks")]
ARGUMENTS = '{"at": "Paris"}'


def chat(content: Any, role: str = "user", **more: Any) -> list[dict[str, Any]]:
    return input_messages("completion", {"messages": [{"role": role, "content": content, **more}]})


def parts(content: Any, role: str = "user", **more: Any) -> list[Any]:
    [message] = chat(content, role, **more)
    return list(message["parts"])


@pytest.mark.parametrize(
    ("endpoint", "arguments"),
    [
        (
            "completion",
            {
                "messages": [
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": "How is it?"},
                    {
                        "role": "assistant",
                        "content": "Let me see.",
                        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": ARGUMENTS}}],
                    },
                    {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
                    {"role": "user", "content": "Thanks"},
                ]
            },
        ),
        (
            "messages",
            {
                "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
                "messages": [
                    {"role": "user", "content": "How is it?"},
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "text", "text": "Let me see."},
                            {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "Paris"}},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "c1", "content": "sunny"},
                            {"type": "text", "text": "Thanks"},
                        ],
                    },
                ],
            },
        ),
        (
            "responses",
            {
                "instructions": "Be kind.",
                "input": [
                    {"role": "user", "content": [{"type": "input_text", "text": "How is it?"}]},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see."}]},
                    {"type": "function_call", "call_id": "c1", "name": "look", "arguments": ARGUMENTS},
                    {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
                    {"role": "user", "content": "Thanks"},
                ],
            },
        ),
    ],
)
def test_one_conversation_is_the_same_through_every_endpoint(endpoint: Endpoint, arguments: dict[str, Any]) -> None:
    assert input_messages(endpoint, arguments) == CONVERSATION
    assert instructions(endpoint, arguments) == [{"type": "text", "content": "Be kind."}]


@pytest.mark.parametrize(
    ("endpoint", "arguments", "texts"),
    [
        ("text_completion", {"prompt": "Once"}, ["Once"]),
        ("text_completion", {"prompt": ["Once", "Twice"]}, ["Once", "Twice"]),
        ("embedding", {"input": "a"}, ["a"]),
        ("embedding", {"input": ["a", "b"]}, ["a", "b"]),
        ("embedding", {"input": [1, 2, 3]}, []),
        ("embedding", {"input": [[1, 2], [3]]}, []),
        ("embedding", {}, []),
    ],
)
def test_prompts_and_inputs_are_texts_of_the_user(endpoint: Endpoint, arguments: dict[str, Any], texts: list[str]) -> None:
    found = input_messages(endpoint, arguments)
    assert [part["content"] for message in found for part in message["parts"]] == texts
    assert {message["role"] for message in found} <= {"user"}
    assert instructions(endpoint, arguments) == []


def test_instructions_stand_beside_the_messages_wherever_they_come() -> None:
    given = {"messages": [{"role": "user", "content": "a"}, {"role": "developer", "content": [{"type": "text", "text": "b"}]}]}
    assert input_messages("completion", given) == [words("a")]
    assert instructions("completion", given) == [{"type": "text", "content": "b"}]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": PIXEL},
        ),
        (
            {"type": "image_url", "image_url": "https://x.example/a.png"},
            {"type": "uri", "modality": "image", "uri": "https://x.example/a.png"},
        ),
        ({"type": "input_image", "image_url": "https://x.example/b"}, {"type": "uri", "modality": "image", "uri": "https://x.example/b"}),
        ({"type": "input_image", "file_id": "file-1"}, {"type": "file", "modality": "image", "file_id": "file-1"}),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": PIXEL},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x.example/c"}},
            {"type": "uri", "modality": "image", "uri": "https://x.example/c"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": PIXEL},
        ),
        ({"type": "file", "file": {"file_id": "file-2"}}, {"type": "file", "modality": "document", "file_id": "file-2"}),
        (
            {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PIXEL}", "filename": "a.pdf"}},
            {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": PIXEL},
        ),
        (
            {"type": "input_file", "file_url": "https://x.example/d.pdf"},
            {"type": "uri", "modality": "document", "uri": "https://x.example/d.pdf"},
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hello"}},
            {"type": "text", "content": "hello"},
        ),
    ],
)
def test_media_are_bytes_addresses_or_ids(block: dict[str, Any], part: dict[str, Any]) -> None:
    assert parts([block]) == [part]


def test_what_a_model_thought_comes_before_what_it_said() -> None:
    thought = {"type": "reasoning", "content": "Hm."}
    said = {"type": "text", "content": "Yes."}
    assert parts("Yes.", "assistant", reasoning_content="Hm.") == [thought, said]
    assert parts("Yes.", "assistant", thinking_blocks=[{"type": "thinking", "thinking": "Hm.", "signature": "x"}]) == [thought, said]
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "text", "text": "Yes."}]
    assert parts(blocks, "assistant") == [thought, said]
    items = [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}, {"role": "assistant", "content": "Yes."}]
    assert input_messages("responses", {"input": items}) == [{"role": "assistant", "parts": [thought, said]}]


def test_what_was_thought_is_told_once() -> None:
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "x"}]
    assert parts("Yes.", "assistant", reasoning_content="Hm.", thinking_blocks=blocks)[0] == {"type": "reasoning", "content": "Hm."}
    assert len(parts("Yes.", "assistant", reasoning_content="Hm.", thinking_blocks=blocks)) == 2


def test_what_is_kept_from_readers_is_no_part() -> None:
    assert parts([{"type": "redacted_thinking", "data": "AAAA"}, {"type": "text", "text": "a"}], "assistant") == [
        {"type": "text", "content": "a"}
    ]


@pytest.mark.parametrize("arguments", ["{not json", "[1]", '"text"'])
def test_arguments_that_are_no_object_stay_as_they_are(arguments: str) -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": arguments}}]
    assert parts(None, "assistant", tool_calls=calls)[0]["arguments"] == arguments


def test_a_tool_that_the_provider_runs_is_told_as_its() -> None:
    block = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"title": "t", "encrypted_content": "zzz"}]}
    call, result = parts([block, found], "assistant")
    assert call == {
        "type": "server_tool_call",
        "id": "srvtoolu_1",
        "name": "web_search",
        "server_tool_call": {"type": "web_search", "input": {"query": "x"}},
    }
    assert (result["type"], result["id"]) == ("server_tool_call_response", "srvtoolu_1")


def test_tools_are_told_alike_whatever_their_format() -> None:
    schema = {"type": "object", "properties": {"at": {"type": "string"}}}
    told = [{"type": "function", "name": "look", "description": "Looks.", "parameters": schema}]
    nested = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": schema}}
    flat = {"type": "function", "name": "look", "description": "Looks.", "parameters": schema, "strict": True}
    anthropic = {"name": "look", "description": "Looks.", "input_schema": schema}
    for tool in (nested, flat, anthropic):
        assert definitions({"tools": [tool]}) == told
    assert definitions({"functions": [nested["function"]]}) == told


def test_of_a_providers_own_tool_its_secrets_are_not_told() -> None:
    tool = {"type": "mcp", "server_label": "crm", "server_url": "https://x.example", "authorization": "sk-secret"}
    assert definitions({"tools": [tool]}) == [{"type": "mcp", "name": "crm"}]


CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "image_url", "source", "data", "url", "input", "name", "id", "role", "summary"]),
            inner | st.sampled_from(["text", "image", "file", "tool_use", "tool_result", "reasoning", "function_call_output", "document"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(given=CONTENT, endpoint=st.sampled_from(["completion", "messages", "responses", "text_completion", "embedding"]))
def test_whatever_a_caller_writes_there_is_a_shape_for_it(given: Any, endpoint: Endpoint) -> None:
    arguments: dict[str, Any] = dict.fromkeys(("messages", "input", "prompt", "system", "instructions", "tools", "functions"), given)
    for message in input_messages(endpoint, arguments):
        assert isinstance(message["role"], str)
        assert all(isinstance(part["type"], str) for part in message["parts"])
    assert all(part["type"] == "text" for part in instructions(endpoint, arguments))
    assert all(isinstance(tool["name"], str) for tool in definitions(arguments))


def test_the_shapes_are_json() -> None:
    assert json.loads(json.dumps(CONVERSATION)) == CONVERSATION
