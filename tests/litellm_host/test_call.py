"""From LiteLLM's requests to calls: what is sent to the model, whatever its shape, and nothing that is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any, get_args

import litellm
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from taskroute.signals.collect import modalities
from taskroute.types import Call, Message
from taskroute_litellm.call import Endpoint, call_of

ENDPOINTS: tuple[Any, ...] = get_args(Endpoint)


def asked(text: Any = "hi", **more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


def test_importing_it_does_not_import_litellm() -> None:
    code = "import sys, taskroute_litellm.call; sys.exit('litellm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plain_call_is_its_message() -> None:
    assert call_of("completion", asked()) == Call(messages=(Message("user", "hi"),))


def test_a_pin_is_kept() -> None:
    assert call_of("completion", asked(), pin="large").pin == "large"


@pytest.mark.parametrize(
    ("endpoint", "operation"),
    [
        ("completion", "chat"),
        ("responses", "chat"),
        ("messages", "chat"),
        ("text_completion", "text_completion"),
        ("embedding", "embeddings"),
    ],
)
def test_an_endpoint_has_an_operation(endpoint: Endpoint, operation: str) -> None:
    assert call_of(endpoint, {}).operation == operation


@pytest.mark.parametrize("content", ["x" * 100_000, [{"type": "text", "text": "x" * 100_000}]], ids=["string", "part"])
def test_a_long_text_is_not_copied(content: Any) -> None:
    (message,) = call_of("completion", asked(content)).messages
    assert message.text is (content if isinstance(content, str) else content[0]["text"])


def test_a_message_of_litellm_s_is_read_as_its_fields() -> None:
    function = {"name": "look", "arguments": '{"a":1}'}
    answer: Any = litellm.Message(content="wait", tool_calls=[{"id": "c1", "type": "function", "function": function}])
    assert call_of("completion", {"messages": [answer]}).messages == (Message("assistant", 'wait\nlook\nc1\n{"a": 1}'),)


def test_reasoning_that_litellm_holds_twice_is_counted_once() -> None:
    why = "because " * 20
    blocks = [{"type": "thinking", "thinking": why, "signature": "s1"}]
    answer = {"role": "assistant", "content": "so", "reasoning_content": why, "thinking_blocks": blocks}
    (message,) = call_of("completion", {"messages": [answer]}).messages
    assert message.text.count("because") == 20


def test_arguments_that_name_a_key_twice_are_read_in_full() -> None:
    function = {"name": "send", "arguments": '{"to":"bob\\u0040example.com","to":"x"}'}
    (message,) = call_of("completion", {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": function}]}]}).messages
    assert "bob@example.com" in message.text


def test_arguments_that_are_no_json_are_read_as_they_are() -> None:
    function = {"name": "send", "arguments": '{"to":"bob@example.com'}
    (message,) = call_of("completion", {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": function}]}]}).messages
    assert "bob@example.com" in message.text


def test_a_custom_tool_s_input_is_read() -> None:
    called = {"id": "1", "type": "custom", "custom": {"name": "sh", "input": "ls"}}
    (message,) = call_of("completion", {"messages": [{"role": "assistant", "tool_calls": [called]}]}).messages
    assert {"sh", "ls"} <= set(message.text.split("\n"))


@pytest.mark.parametrize("messages", [None, 3, {}, [], [None, {}], [{}]])
@pytest.mark.parametrize("endpoint", ["completion", "messages"])
def test_messages_of_no_known_shape_are_no_messages(endpoint: Endpoint, messages: Any) -> None:
    assert call_of(endpoint, {"messages": messages}).messages == ()


@pytest.mark.parametrize(
    ("given_messages", "texts"),
    [
        ("hi", ["hi"]),
        (["hi", {"role": "user", "content": "ho"}], ["hi", "ho"]),
        ({"role": "user", "content": "hi"}, ["hi"]),
        ([["hi", {"text": "ho"}]], ["hi\nho"]),
    ],
)
@pytest.mark.parametrize(("endpoint", "name"), [("completion", "messages"), ("messages", "messages"), ("responses", "input")])
def test_a_text_that_is_no_message_is_read_all_the_same(endpoint: Endpoint, name: str, given_messages: Any, texts: list[str]) -> None:
    assert [(message.role, message.text) for message in call_of(endpoint, {name: given_messages}).messages] == [
        ("user", text) for text in texts
    ]


@pytest.mark.parametrize(("endpoint", "name"), [("completion", "messages"), ("embedding", "input"), ("responses", "input")])
def test_what_has_no_truth_value_is_left_for_litellm(endpoint: Endpoint, name: str) -> None:
    class Array:
        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

    assert call_of(endpoint, {name: Array()}).messages == ()


def test_a_role_that_nobody_knows_is_the_user_s_and_is_read() -> None:
    assert call_of("completion", {"messages": [{"role": "critic", "content": "hm"}]}).messages == (Message("user", "hm\ncritic"),)


# Responses


def test_an_output_in_parts_is_the_tool_s_with_its_pictures() -> None:
    parts = [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]
    call = call_of("responses", {"input": [{"type": "function_call_output", "call_id": "c1", "output": parts}]})
    assert [(m.role, m.media) for m in call.messages] == [("tool", ("image",))]
    assert call.messages[0].text.split("\n")[0] == "see"


def test_reasoning_and_the_calls_that_follow_are_one_answer() -> None:
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "why"}]}
    called = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"a": 1}'}
    (message,) = call_of("responses", {"input": [reasoning, called, called]}).messages
    assert message.role == "assistant"
    assert message.text.count("look") == 2
    assert "why" in message.text


def test_a_template_of_a_prompt_goes_with_the_call() -> None:
    call = call_of("responses", {"prompt": {"id": "pmpt_1", "variables": {"who": "bob@example.com"}}})
    assert "bob@example.com" in call.parameters[0]


# Text completions and embeddings


@pytest.mark.parametrize(("endpoint", "name"), [("text_completion", "prompt"), ("embedding", "input")])
@pytest.mark.parametrize(
    ("given_input", "texts", "tokens"),
    [
        ("hi", ["hi"], None),
        (["a", "b"], ["a", "b"], None),
        ([1, 2, 3], [], 3),
        ([[1, 2], [3]], [], 2),
        ([], [], None),
        ([[]], [], None),
        (None, [], None),
        (7, [], None),
        ([{}], [], None),
        ([{"text": "hi"}], ["hi"], None),
        ({"text": "hi"}, ["hi"], None),
        ([["hi", {"text": "ho"}], "hu"], ["hi\nho", "hu"], None),
        ([1, "hi"], ["hi"], None),
    ],
)
def test_texts_are_messages_and_tokens_are_counted(
    endpoint: Endpoint, name: str, given_input: Any, texts: list[str], tokens: int | None
) -> None:
    call = call_of(endpoint, {"model": "auto", name: given_input})
    assert call.messages == tuple(Message("user", text) for text in texts)
    assert (call.tokens, call.parameters) == (tokens, ())


def test_a_picture_to_embed_is_no_text() -> None:
    call = call_of("embedding", {"input": ["data:image/png;base64," + "QUJD" * 100]})
    assert modalities(call) == ("image",)


# Anything at all


class Person(BaseModel):
    name: str


_circle: list[Any] = []
_circle.extend([_circle, _circle])


class Refusing(Mapping[str, Any]):
    """A model of pydantic's that cannot be dumped, among others."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        raise ValueError("no text")


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.sampled_from([_circle, Refusing(), object(), Person]),
)
names = st.sampled_from(
    [
        "role",
        "content",
        "type",
        "text",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "tool_result",
        "user",
        "assistant",
        "output",
        "tags",
        "headers",
    ]
)
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12)
NAMES = [
    *("messages", "prompt", "input", "system", "instructions", "tools", "metadata", "litellm_metadata", "tags", "headers", "extra_headers"),
    *("response_format", "text", "max_tokens", "user", "extra_body", "proxy_server_request", "litellm_session_id"),
]


@given(st.sampled_from(ENDPOINTS), st.dictionaries(st.sampled_from(NAMES), anything))
@example("responses", {"input": {"type": []}})
@pytest.mark.filterwarnings("ignore:.*of a LiteLLM call was a:RuntimeWarning")
def test_no_request_is_too_odd_to_be_read(endpoint: Endpoint, arguments: dict[str, Any]) -> None:
    call = call_of(endpoint, arguments)
    assert all(isinstance(text, str) for text in call.texts())
    assert all(isinstance(tag, str) for tag in call.tags)
