"""Streams of Anthropic's messages, as LiteLLM hands them out: read the same however they are cut, and refused where they are not whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import SimpleNamespace as Made
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute import IncompleteStreamError
from taskroute.execution.failures import classify
from taskroute.types import Reply, Usage
from taskroute_litellm.message_stream import MessageSource
from taskroute_litellm.sse import Events
from taskroute_litellm.stream_errors import EventError, failure_of, refuse_half
from tests.emulator import Cut, Emulator, Say, ToolCall
from tests.litellm_host.test_shapes import ANYTHING, USAGES, checked, mixed

START: Final = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "model": "claude-x",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 0, "output_tokens": 1},
    },
}
ENDS: Final = {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": {"output_tokens": 9}}
STOP: Final = {"type": "message_stop"}
CALL: Final = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}


def begins(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **more}}


WHOLE: Final[Sequence[dict[str, Any]]] = (
    START,
    begins(0, {"type": "thinking", "thinking": "", "signature": ""}),
    {"type": "ping"},
    delta(0, "thinking_delta", thinking="hm"),
    delta(0, "signature_delta", signature="c2ln"),
    {"type": "content_block_stop", "index": 0},
    begins(1, {"type": "text", "text": ""}),
    delta(1, "text_delta", text="Pärïs "),
    delta(1, "citations_delta", citation={"url": "u"}),
    delta(1, "text_delta", text="is\n\nit 🏛"),
    begins(2, CALL),
    delta(2, "input_json_delta", partial_json=""),
    delta(2, "input_json_delta", partial_json='{"city": "Ro'),
    delta(2, "input_json_delta", partial_json='me"}'),
    ENDS,
    STOP,
)
READ: Final = Reply(None, Usage(35, 9, 30, 0), "tool_use", "claude-x", None, "msg_1", "Pärïs is\n\nit 🏛", ("look",))


def sse(*events: Any, newline: str = "\n") -> bytes:
    each = (f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    return "".join(each).replace("\n", newline).encode()


def source_of(*chunks: Any, examined: bool = False, stream: Any = None) -> MessageSource:
    source = MessageSource(stream, examined=examined)
    for chunk in chunks:
        source.take(chunk)
    return source


# What it says


def test_a_stream_of_messages_says_everything() -> None:
    assert refuse_half(source_of(sse(*WHOLE))) == READ


def test_a_stream_that_is_examined_comes_to_the_message_that_a_whole_answer_is() -> None:
    reply = source_of(sse(*WHOLE), examined=True).reply()
    assert (reply.arguments, reply.empty) == (({"city": "Rome"},), False)
    assert reply.answer["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "text", "text": "Pärïs is\n\nit 🏛", "citations": [{"url": "u"}]},
        {**CALL, "input": {"city": "Rome"}},
    ]
    assert reply.answer["stop_reason"] == "tool_use"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@given(cuts=st.lists(st.integers(0, 2000), max_size=12), examined=st.booleans())
def test_it_says_the_same_however_it_is_cut(newline: str, cuts: list[int], examined: bool) -> None:
    data = sse(*WHOLE, newline=newline)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(places)]
    reply = refuse_half(source_of(*pieces, examined=examined))
    assert reply._replace(answer=None, arguments=()) == READ
    assert reply.arguments == (({"city": "Rome"},) if examined else ())


@pytest.mark.parametrize("form", [lambda event: event, sse, lambda event: sse(event).decode()])
def test_events_may_come_as_mappings_bytes_or_text(form: Any) -> None:
    assert refuse_half(source_of(*map(form, WHOLE))) == READ


def test_counts_at_the_end_come_before_those_at_the_beginning() -> None:
    ends = {**ENDS, "usage": {"input_tokens": 7, "output_tokens": 9, "cache_read_input_tokens": None}}
    assert source_of(sse(START, ends)).reply().usage == Usage(37, 9, 30, 0)


def test_the_provider_is_the_one_that_litellm_names_beside_the_stream() -> None:
    stream = Made(_hidden_params={"custom_llm_provider": "anthropic"})
    assert source_of(sse(*WHOLE), stream=stream).reply().provider == "anthropic"
    cached = Made(_hidden_params={"custom_llm_provider": "anthropic", "cache_hit": True})
    assert source_of(sse(*WHOLE), stream=cached).reply().usage is None


def test_an_id_that_litellm_made_is_unknown() -> None:
    start = {"type": "message_start", "message": {"id": "msg_0b3f3f6e-6a2b-4f0e-9d7a-0123456789ab"}}
    assert source_of(sse(start)).reply().id is None


@pytest.mark.parametrize(
    ("event", "useful"),
    [
        (START, False),
        ({"type": "ping"}, False),
        (begins(0, {"type": "text", "text": ""}), False),
        (begins(0, {"type": "text", "text": "hey"}), True),
        (begins(0, CALL), True),
        (begins(0, {"type": "thinking", "thinking": ""}), False),
        (delta(0, "text_delta", text="hey"), True),
        (delta(0, "text_delta", text=""), False),
        (delta(0, "thinking_delta", thinking="hm"), True),
        (delta(0, "input_json_delta", partial_json="{"), True),
        (delta(0, "signature_delta", signature="c2ln"), False),
        (ENDS, False),
        (STOP, False),
    ],
    ids=str,
)
def test_a_chunk_is_useful_when_a_caller_could_use_it(event: Any, useful: bool) -> None:
    assert MessageSource().take(sse(event)) == useful
    source = MessageSource()
    data = sse(event)
    assert [source.take(data[:-1]), source.take(data[-1:])] == [False, useful]


def test_input_that_is_no_json_is_no_object() -> None:
    events = (START, begins(0, CALL), delta(0, "input_json_delta", partial_json='{"city": "Ro'), ENDS, STOP)
    reply = source_of(sse(*events), examined=True).reply()
    assert (reply.tool_calls, reply.arguments) == (("look",), (None,))


# Streams that are not whole


@pytest.mark.parametrize("length", range(len(WHOLE) - 2))
def test_a_stream_without_its_end_is_refused(length: int) -> None:
    source = source_of(sse(*WHOLE[:length]))
    with pytest.raises(IncompleteStreamError):
        refuse_half(source)
    # A server that never says why, by the policy.
    assert refuse_half(source, says_why=False) == source.reply()


@pytest.mark.parametrize("events", [WHOLE[:-1], (*WHOLE[:-2], STOP)])
def test_one_sign_of_its_end_is_enough(events: Sequence[Any]) -> None:
    assert refuse_half(source_of(sse(*events))).text == READ.text


def test_a_last_event_without_its_blank_line_counts() -> None:
    assert refuse_half(source_of(sse(*WHOLE[:-1])[:-1])) == READ


@pytest.mark.parametrize(
    ("kind", "message", "failure"),
    [
        ("overloaded_error", "Overloaded", "server_error"),
        ("api_error", "Internal server error", "server_error"),
        ("rate_limit_error", "slow down", "rate_limit"),
        ("authentication_error", "invalid x-api-key", "auth"),
        ("invalid_request_error", "temperature: range: 0..1", "bad_request"),
        ("invalid_request_error", "prompt is too long: 210412 tokens > 200000 maximum", "context_overflow"),
        ("unheard_of", "hm", "server_error"),
    ],
)
def test_an_error_in_a_stream_is_raised_at_its_end_for_what_it_is(kind: str, message: str, failure: str) -> None:
    source = source_of(sse(START, {"type": "error", "error": {"type": kind, "message": message}}))
    with pytest.raises(EventError, match=message.split(":", maxsplit=1)[0]) as caught:
        refuse_half(source, says_why=False)
    assert classify(caught.value).kind == failure


def test_what_comes_with_an_error_is_not_given_out() -> None:
    text = delta(0, "text_delta", text="hey")
    assert not MessageSource().take(sse(text, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))


def test_a_response_that_came_whole_and_failed_has_an_error() -> None:
    failed = Made(object="response", status="failed", error={"code": "rate_limit_exceeded", "message": "slow down"})
    error = failure_of(failed)
    assert error is not None
    assert classify(error).kind == "rate_limit"
    assert failure_of(Made(object="response", status="completed", error=None)) is None
    assert failure_of({"choices": []}) is None


# Whatever comes


BLOCK: Final = mixed("name", "input", type=st.sampled_from(["text", "tool_use", "thinking"]), text=ANYTHING, thinking=ANYTHING)
EVENT: Final = mixed(
    type=st.sampled_from([each["type"] for each in WHOLE] + ["error"]),
    index=st.integers(0, 2),
    delta=mixed("text", "partial_json", "stop_reason", type=st.sampled_from(["text_delta", "input_json_delta"])),
    content_block=BLOCK,
    message=mixed("id", "model", "stop_reason", usage=USAGES),
    usage=USAGES,
    error=mixed("type", "message"),
)


@given(st.lists(ANYTHING | EVENT | st.binary(max_size=40), max_size=5), st.booleans())
@pytest.mark.filterwarnings("ignore:an answer of class:RuntimeWarning")
def test_a_stream_of_any_shape_is_read(chunks: list[Any], examined: bool) -> None:
    source = source_of(*chunks, examined=examined)
    checked(source.reply())
    assert source.is_half() in (True, False)


def test_a_stream_of_which_a_part_cannot_be_read_is_believed_in_nothing_and_never_refused() -> None:
    class Odd:
        @property
        def type(self) -> str:
            raise RuntimeError("the secret of the prompt")

    source = MessageSource(examined=True)
    with pytest.warns(RuntimeWarning, match="class Odd could not be read") as caught:
        assert [source.take(sse(START)), source.take(Odd())] == [False, True]
    assert "secret" not in str(caught[0].message)
    assert refuse_half(source) == Reply(answer=None, misfit="")


def test_an_event_that_is_no_json_makes_usage_unknown_and_the_stream_is_not_refused() -> None:
    source = source_of(sse(START), b"data: {broken\n\n")
    assert refuse_half(source).usage is None


def test_an_event_that_is_too_long_is_left_out_and_what_follows_is_read() -> None:
    events = Events(most=200)
    pieces = [b'data: {"text": "', *([b"x" * 50] * 40), b'"}\n', b'\ndata: {"a": 1}\n\n']
    assert [found for piece in pieces for found in events.feed(piece)] == [{"a": 1}]
    assert events.lost
    assert list(events.rest()) == []


def test_comments_and_marks_of_the_end_are_no_events() -> None:
    events = Events()
    assert list(events.feed(b": ping\n\ndata: [DONE]\n\ndata:{\ndata:}\n\n")) == [{}]
    assert not events.lost


# Through LiteLLM itself


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    pytest.importorskip("fastapi", reason="LiteLLM's streams of messages need it")
    with Emulator().running() as emulator:
        yield emulator


@pytest.fixture
def emulator(live: Emulator) -> Emulator:
    live.reset()
    return live


TOOL: Final = {"name": "look", "description": "Look.", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


async def through_litellm(emulator: Emulator, group: str, *, examined: bool = False) -> MessageSource:
    import litellm

    groups = [
        {"model_name": "claude", "litellm_params": {"model": "anthropic/claude-haiku-4-5", "api_base": emulator.url, "api_key": "none"}},
        {"model_name": "gpt", "litellm_params": {"model": "openai/gpt-5-mini", "api_base": f"{emulator.url}/v1", "api_key": "none"}},
    ]
    router: Any = litellm.Router(model_list=groups, num_retries=0)  # pyright: ignore[reportPrivateImportUsage]
    messages = [{"role": "user", "content": "What is the weather?"}]
    stream = await router.aanthropic_messages(model=group, max_tokens=100, messages=messages, tools=[TOOL], stream=True)
    source = MessageSource(stream, examined=examined)
    async for chunk in stream:
        source.take(chunk)
    return source


@pytest.mark.parametrize("group", ["claude", "gpt"])
async def test_what_litellm_hands_out_is_read(group: str, emulator: Emulator) -> None:
    emulator.then(Say(text="", tools=(ToolCall("look", {"city": "Rome"}),), input=40, output=8, cached=30))
    reply = refuse_half(await through_litellm(emulator, group, examined=True))
    assert reply.usage is not None
    assert (reply.usage[:3], reply.finish_reason) == ((40, 8, 30), "tool_use")
    assert (reply.tool_calls, reply.arguments) == (("look",), ({"city": "Rome"},))
    assert (reply.id is None) == (group == "gpt")


@pytest.mark.parametrize("group", ["claude", "gpt"])
@pytest.mark.parametrize("broken", [Cut(6, clean=True), Say(text="Paris is it", error_after=6)])
async def test_what_litellm_does_not_say_of_a_broken_stream_is_told_at_its_end(group: str, broken: Any, emulator: Emulator) -> None:
    emulator.then(broken)
    source = await through_litellm(emulator, group)
    with pytest.raises((IncompleteStreamError, EventError)) as caught:
        refuse_half(source)
    assert classify(caught.value).kind == "server_error"
