"""LiteLLM's answers are read whatever their shape: what they say may stay unknown, and the caller gets them all the same."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace as Made
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.types import Reply
from taskroute_litellm.replies import StreamSource, reply_of
from tests.litellm_host.test_replies import chunk, taken

ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | st.just(Made(a=1)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
COUNTED: Final = (
    *("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "num_cached_tokens", "cache_write_tokens"),
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "reasoning_tokens", "tool_use_tokens"),
)


def mixed(*names: str, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give mappings and objects with some of these names, each with anything or with what it has as a rule."""
    fields = {name: ANYTHING | known[name] if name in known else ANYTHING for name in (*names, *known)}
    mappings = st.fixed_dictionaries({}, optional=fields)
    return mappings | mappings.map(lambda fields: Made(**fields))


DETAILS: Final = mixed(*COUNTED)
STEPS: Final = st.lists(ANYTHING | mixed(*COUNTED, type=st.sampled_from(["message", "compaction", "advisor_message"])), max_size=2)
USAGES: Final = mixed(
    *COUNTED,
    prompt_tokens_details=DETAILS,
    completion_tokens_details=DETAILS,
    input_tokens_details=DETAILS,
    output_tokens_details=DETAILS,
    iterations=STEPS,
)
CALLS: Final = st.lists(ANYTHING | mixed("index", "id", "name", function=mixed("name")), max_size=2)
BESIDE: Final = mixed("stop_reason", "native_finish_reason", server_tool_calls=CALLS)
MESSAGES: Final = mixed("content", "text", "reasoning_content", "thinking_blocks", tool_calls=CALLS, provider_specific_fields=BESIDE)
CHOICES: Final = st.lists(ANYTHING | mixed("index", "finish_reason", "text", message=MESSAGES, delta=MESSAGES), max_size=2)
BLOCKS: Final = st.lists(ANYTHING | mixed("text", "name", type=st.sampled_from(["text", "output_text", "tool_use"])), max_size=2)
HIDDEN: Final = mixed(
    "litellm_model_name",
    "provider_response_model",
    "cache_hit",
    custom_llm_provider=st.sampled_from(["openai", "anthropic", "gemini", "bedrock"]),
    usage=USAGES,
)
RESPONSES: Final = mixed(
    "id",
    "model",
    "status",
    "stop_reason",
    "incomplete_details",
    object=st.sampled_from(["response", "list"]),
    type=st.just("message"),
    output=st.lists(ANYTHING | mixed("name", content=BLOCKS, type=st.sampled_from(["message", "function_call"])), max_size=2),
    content=BLOCKS,
    choices=CHOICES,
    usage=USAGES,
    _hidden_params=HIDDEN,
)
EVENTS: Final = mixed("delta", "item", type=st.sampled_from(["response.completed", "response.output_item.added"]), response=RESPONSES)


def checked(reply: Reply) -> None:
    """Check that what is known is of its type."""
    assert all(each is None or (type(each) is int and each >= 0) for each in reply.usage or ())
    assert all(each is None or isinstance(each, str) for each in (reply.finish_reason, reply.model, reply.provider, reply.id))
    assert isinstance(reply.text, str)
    assert all(isinstance(name, str) for name in reply.tool_calls)


ODD: Final[tuple[Mapping[str, Any], ...]] = (
    {"choices": {"0": {}}},
    {"choices": "hey", "usage": {"prompt_tokens": 5}},
    {"choices": [{"message": {"content": ["hey"], "tool_calls": 3}}], "usage": {"prompt_tokens": -5}},
    {"choices": [{"message": {"tool_calls": [{"id": ["1"], "function": {"name": 3}}]}}], "_hidden_params": {"custom_llm_provider": ["x"]}},
    {"choices": [{}], "usage": {"prompt_tokens": "5", "completion_tokens": None, "iterations": 3}},
    {"type": "message", "content": 3, "usage": {"iterations": 3, "input_tokens": True}, "stop_reason": ["x"]},
    {"type": "message", "content": [{"type": "text", "text": 3}], "usage": {"input_tokens": 5.0, "iterations": ["compaction"]}},
    {"object": "response", "output": [{"type": "message", "content": 3}, "x"], "incomplete_details": "too long", "status": 3},
    {"object": "list", "usage": [5], "model": 3},
)


@pytest.mark.parametrize("answer", ODD, ids=str)
def test_an_answer_of_another_shape_says_nothing(answer: Mapping[str, Any]) -> None:
    for reply in (reply_of(answer), taken(answer, {"type": "response.completed", "response": answer})):
        assert [*reply[1:6]] == [None] * 5
        assert (reply.text, reply.tool_calls) == ("", ())


@given(ANYTHING | RESPONSES)
def test_an_answer_of_any_shape_is_read(answer: Any) -> None:
    reply = reply_of(answer)
    assert reply.answer is answer
    checked(reply)


@given(
    st.lists(ANYTHING | RESPONSES | EVENTS, max_size=3), ANYTHING | mixed("received_finish_reason", chunks=st.lists(RESPONSES, max_size=2))
)
def test_a_stream_of_any_shape_is_read(chunks: list[Any], stream: Any) -> None:
    checked(taken(*chunks, stream=stream))


# What cannot be read at all


class Unreadable:
    """An answer that breaks when it is looked into."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("the secret of the prompt")


def test_an_answer_that_cannot_be_read_costs_one_warning_for_its_class_and_says_nothing() -> None:
    class OddAnswer(Unreadable): ...

    answer = OddAnswer()
    with pytest.warns(RuntimeWarning, match=r"class OddAnswer could not be read \(RuntimeError\)") as caught:
        assert reply_of(answer) == Reply(answer=answer)
    assert "secret" not in str(caught[0].message)
    assert reply_of(answer) == Reply(answer=answer)


def test_of_a_stream_with_a_chunk_that_cannot_be_read_nothing_is_believed() -> None:
    class Piece(Unreadable): ...

    source = StreamSource()
    with pytest.warns(RuntimeWarning, match="class Piece could not be read"):
        assert [source.take(each) for each in (chunk("hey"), Piece(), chunk("you", finish="stop"))] == [True, True, True]
    assert source.reply() == Reply(answer=None)


def test_a_stream_that_breaks_when_its_end_is_looked_into_says_nothing() -> None:
    class Broken(Made):
        @property
        def chunks(self) -> Any:
            raise RuntimeError

    with pytest.warns(RuntimeWarning, match="class Broken could not be read"):
        assert taken(chunk("hey"), stream=Broken()) == Reply(answer=None)
