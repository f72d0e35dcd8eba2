"""What it takes to examine an answer of LiteLLM: arguments of calls, refusals, answers with nothing in them, the whole of a stream."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace as Made
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.execution.validate import Expected, examine
from taskroute.reading import Called, json_object
from taskroute.types import Reply
from taskroute_litellm.replies import StreamSource, reply_of
from tests.emulator import Cut, Emulator, Say, ToolCall
from tests.litellm_host.test_replies import chunk, completion, response
from tests.litellm_host.test_shapes import ANYTHING, EVENTS, RESPONSES

LOOK: Final = Made(id="1", function=Made(name="look", arguments='{"city": "Rome"}'))


def examined(*chunks: Any, stream: Any = None) -> Reply:
    source = StreamSource(stream, examined=True)
    for each in chunks:
        source.take(each)
    return source.reply()


def call_part(arguments: str | None, *, index: int | None = 0, id: str | None = None, name: str | None = None) -> Any:
    return chunk(tool_calls=[Made(index=index, id=id, function=Made(name=name, arguments=arguments))])


# Whole answers


def test_what_nobody_examines_is_not_looked_for() -> None:
    reply = reply_of(completion(content=None, tool_calls=[LOOK], refusal="no"))
    assert (reply.arguments, reply.refused, reply.empty) == ((), False, False)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"city": "Rome"}', {"city": "Rome"}),
        ({"city": "Rome"}, {"city": "Rome"}),
        ("", {}),
        (None, {}),
        ('{"city": "Ro', None),
        ("[1]", None),
        ("7", None),
        (7, None),
        ("[" * 100_000, None),
        ('{"text": "two\nlines"}', {"text": "two\nlines"}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_arguments_of_a_call_are_read(written: Any, read: Any) -> None:
    calls = [Made(id="1", function=Made(name="look", arguments=written))]
    assert reply_of(completion(tool_calls=calls), examined=True).arguments == (read,)


def test_each_call_has_its_arguments_and_those_that_the_provider_runs_are_left_out() -> None:
    calls = [
        Made(id="srvtoolu_1", function=Made(name="search", arguments="{")),
        Made(id="1", function=Made(name=None, arguments="{}")),
        LOOK,
        Made(id="2", custom=Made(name="shell", input="ls -l")),
    ]
    reply = reply_of(completion(tool_calls=calls), examined=True)
    assert (reply.tool_calls, reply.arguments) == (("look", "shell"), ({"city": "Rome"}, {"input": "ls -l"}))


@pytest.mark.parametrize("where", [{"refusal": "no"}, {"provider_specific_fields": {"refusal": "no"}}])
def test_a_completion_that_refuses_is_marked(where: dict[str, Any]) -> None:
    assert reply_of(completion(content=None, **where), examined=True).refused
    assert not reply_of(completion(), examined=True).refused


@pytest.mark.parametrize(
    ("message", "empty"),
    [
        ({"content": "hey"}, False),
        ({"content": None}, True),
        ({"content": " \n"}, True),
        ({"content": None, "reasoning_content": "hm"}, True),
        ({"content": None, "refusal": "no"}, True),
        ({"content": None, "tool_calls": [LOOK]}, False),
        ({"content": None, "tool_calls": [Made(id="srvtoolu_1", function=Made(name="search"))]}, False),
        ({"content": None, "function_call": Made(name="look", arguments="{}")}, False),
        ({"content": None, "audio": Made(data="")}, False),
        ({"content": "", "images": [{"type": "image_url"}]}, False),
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": ""}]}, True),
        ({"content": [{"type": "image"}]}, False),
        ({"content": [{"type": "text", "text": "hey"}]}, False),
    ],
    ids=str,
)
def test_an_answer_is_empty_when_there_is_nothing_in_it_for_the_caller(message: dict[str, Any], empty: bool) -> None:
    assert reply_of(completion(**message), examined=True).empty == empty


def test_a_response_says_what_it_takes_to_examine_it() -> None:
    output = [
        {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "name": "look", "arguments": '{"city": "Rome"}'},
        {"type": "custom_tool_call", "name": "shell", "input": "ls"},
    ]
    reply = reply_of(response(output=output), examined=True)
    assert (reply.tool_calls, reply.arguments) == (("look", "shell"), ({"city": "Rome"}, {"input": "ls"}))
    assert (reply.refused, reply.empty) == (True, False)


@pytest.mark.parametrize(
    ("output", "empty"),
    [
        ([], True),
        ([{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": " "}]}], True),
        ([{"type": "message", "content": [{"type": "output_text", "text": "hey"}]}], False),
        ([{"type": "image_generation_call"}], False),
    ],
)
def test_a_response_is_empty_when_there_is_nothing_in_it_for_the_caller(output: list[Any], empty: bool) -> None:
    assert reply_of(response(output=output), examined=True).empty == empty


@pytest.mark.parametrize(
    ("content", "arguments", "empty"),
    [
        ([{"type": "tool_use", "name": "look", "input": {"city": "Rome"}}], ({"city": "Rome"},), False),
        ([{"type": "tool_use", "name": "look", "input": "x"}], (None,), False),
        ([{"type": "thinking", "thinking": "hm"}], (), True),
        ([{"type": "server_tool_use", "name": "search"}], (), False),
        ([], (), True),
    ],
)
def test_a_message_says_what_it_takes_to_examine_it(content: list[Any], arguments: tuple[Any, ...], empty: bool) -> None:
    reply = reply_of({"type": "message", "content": content}, examined=True)
    assert (reply.arguments, reply.empty) == (arguments, empty)


@given(ANYTHING | RESPONSES)
def test_an_answer_of_any_shape_can_be_examined(answer: Any) -> None:
    reply = reply_of(answer, examined=True)
    assert len(reply.arguments) == len(reply.tool_calls)
    assert isinstance(reply.refused, bool)
    assert isinstance(reply.empty, bool)


def test_what_cannot_be_read_is_not_found_to_be_no_json() -> None:
    assert examine(reply_of("an answer of a kind unheard of", examined=True), Expected(schema={}), {"invalid_output"}).failure is None


# Streams


def test_arguments_are_put_together_by_call() -> None:
    parts = [
        call_part('{"a"', index=0, id="x", name="one"),
        call_part('{"b"', index=1, id="y", name="two"),
        call_part(": 1}", index=0),
        call_part(": 2}", index=1),
    ]
    reply = examined(*parts)
    assert (reply.tool_calls, reply.arguments) == (("one", "two"), ({"a": 1}, {"b": 2}))


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)), max_size=4), st.data())
def test_arguments_are_the_same_however_they_are_cut(objects: list[dict[str, Any]], data: st.DataObject) -> None:
    called = Called()
    for index, each in enumerate(objects):
        text = json.dumps(each)
        cut = data.draw(st.integers(0, len(text)))
        called.add(index=index, id=str(index), name="look", arguments=text[:cut])
        called.add(index=index, id=None, name=None, arguments=text[cut:])
    assert called.arguments() == tuple(objects)


def test_a_part_of_a_call_that_never_began_is_nothing() -> None:
    called = Called()
    called.add(index=None, id=None, name=None, arguments="{}")
    assert (tuple(called), called.arguments()) == ((), ())


@given(st.text(max_size=20))
def test_a_text_is_an_object_or_none(text: str) -> None:
    assert json_object(text) is None or isinstance(json_object(text), dict)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (chunk("hey"), (False, False)),
        (chunk(delta={"reasoning_content": "hm"}), (False, True)),
        (chunk(delta={"refusal": "no"}), (True, True)),
        (chunk(delta={"images": [{"type": "image_url"}]}), (False, False)),
        (chunk(delta={"function_call": Made(name="look")}), (False, False)),
        (chunk(tool_calls=[Made(index=0, id="srvtoolu_1", function=Made(name="search"))]), (False, False)),
        (call_part("{}", id="1", name="look"), (False, False)),
    ],
)
def test_a_stream_says_whether_it_refuses_and_whether_it_is_empty(given: Any, expected: tuple[bool, bool]) -> None:
    reply = examined(given, chunk(finish="stop"))
    assert (reply.refused, reply.empty) == expected


def test_a_refusal_is_something_to_give_out() -> None:
    assert StreamSource().take(chunk(delta={"refusal": "no"}))


def test_an_examined_stream_of_responses_has_its_whole_answer() -> None:
    answer = response()
    event = Made(type="response.completed", response=answer)
    assert examined(event).answer is answer
    source = StreamSource()
    source.take(event)
    assert source.reply().answer is None


def test_a_stream_that_litellm_cannot_build_has_no_whole_answer_and_says_the_rest() -> None:
    reply = examined(chunk("hey"), chunk(finish="stop"))
    assert (reply.answer, reply.text, reply.finish_reason) == (None, "hey", "stop")


@given(st.lists(ANYTHING | EVENTS, max_size=3))
def test_a_stream_of_events_of_any_shape_can_be_examined(events: list[Any]) -> None:
    source = StreamSource(examined=True)
    for each in events:
        source.take(each)
    reply = source.reply()
    assert len(reply.arguments) == len(reply.tool_calls)
    assert source.is_half() in (True, False)


# Through LiteLLM itself


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


@pytest.fixture
def emulator(live: Emulator) -> Emulator:
    live.reset()
    return live


TOOL: Final = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def ask(emulator: Emulator, **more: Any) -> Any:
    import litellm

    messages = [{"role": "user", "content": "What is the capital of France?"}]
    options: dict[str, Any] = {"api_base": f"{emulator.url}/v1", "api_key": "none", "num_retries": 0, "max_retries": 0, **more}
    return litellm.completion(model="openai/gpt-5-mini", messages=messages, **options)


def test_a_whole_answer_and_a_stream_are_examined_alike(emulator: Emulator) -> None:
    say = Say(tools=(ToolCall("look", {"city": "Rome"}), ToolCall("look", {"city": "Oslo"})))
    emulator.then(say, say)
    whole = reply_of(ask(emulator, tools=[TOOL]), examined=True)
    streamed = examined(*ask(emulator, tools=[TOOL], stream=True))
    assert whole.arguments == streamed.arguments == ({"city": "Rome"}, {"city": "Oslo"})
    built = [call.function.arguments for call in streamed.answer.choices[0].message.tool_calls]
    assert built == ['{"city": "Rome"}', '{"city": "Oslo"}']


def test_a_refusal_that_came_whole_is_marked(emulator: Emulator) -> None:
    emulator.then(Say(refusal="I would rather not."))
    reply = reply_of(ask(emulator), examined=True)
    assert (reply.refused, reply.empty) == (True, True)


def test_of_a_refusal_that_litellm_swallows_in_a_stream_nothing_is_left(emulator: Emulator) -> None:
    emulator.then(Say(refusal="I would rather not."))
    assert examined(*ask(emulator, stream=True)).empty


def test_the_check_gets_a_text_completion_that_came_in_pieces(emulator: Emulator) -> None:
    import litellm

    emulator.then(Say(text="Paris, of course"))
    options: dict[str, Any] = {"api_base": f"{emulator.url}/v1", "api_key": "none", "stream": True}
    reply = examined(*litellm.text_completion(model="openai/gpt-5-mini", prompt="The capital?", **options))
    assert reply.answer.choices[0].text == reply.text == "Paris, of course"


def test_litellm_is_not_imported_until_a_stream_was_examined() -> None:
    code = (
        "import sys\n"
        "from taskroute_litellm import expected, message_stream, replies\n"
        "source = replies.StreamSource()\n"
        "source.take({'choices': [{'delta': {'content': 'hey'}}]})\n"
        "assert source.reply().text == 'hey'\n"
        "sys.exit('litellm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_stream_that_was_cut_shows_it_or_litellm_raises(emulator: Emulator) -> None:
    emulator.then(Cut(4, clean=True))
    stream = ask(emulator, stream=True, stream_options={"include_usage": True})
    source = StreamSource(stream)
    try:
        for each in stream:
            source.take(each)
    except Exception as error:  # of newer releases
        assert "finish_reason" in str(error)
    else:
        assert source.is_half()
        assert source.reply().finish_reason is None
