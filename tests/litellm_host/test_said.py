"""What observers hear of an answer, whole or as a stream, through every door of the LiteLLM host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taskroute import Router
from taskroute_litellm import register, unregister
from taskroute_litellm.chunk_stream import StreamSource
from taskroute_litellm.genai_output import output_messages
from taskroute_litellm.genai_stream import SpokenStream
from taskroute_litellm.message_stream import MessageSource
from tests.emulator import Emulator, Say, ToolCall
from tests.litellm_host.hearing import TELLS, Hears
from tests.litellm_host.routers import ANSWER, LONG, MESSAGES, POLICY, WAYS, Way, call, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages

litellm: Any = pytest.importorskip("litellm")
SPOKEN = [way for way in WAYS if way.endpoint != "embedding"]
CHAT = [way for way in SPOKEN if way.endpoint != "text_completion"]
TOOL: dict[str, Any] = {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
TOOLS: dict[str, Any] = {
    "completion": [{"type": "function", "function": TOOL}],
    "responses": [{"type": "function", **TOOL}],
    "anthropic_messages": [{"name": "look", "description": "Looks.", "input_schema": TOOL["parameters"]}],
}


def heard(emulator: Emulator, way: Way, *, tells: bool = True, stage: str = "generate", **arguments: Any) -> Hears:
    needs_proxys_packages(way)
    hears = Hears()
    policy = {**POLICY, **(TELLS if tells else {})}
    with routed(emulator, policy=policy, options={"observers": [hears]}) as found:
        call(found, way, **arguments, **told(found, way, stage=stage))
    return hears


@pytest.mark.parametrize("way", SPOKEN, ids=str)
def test_every_answer_is_told(emulator: Emulator, way: Way) -> None:
    [[message]] = heard(emulator, way).said  # type: ignore[misc]
    assert (message["role"], message["parts"]) == ("assistant", [{"type": "text", "content": ANSWER}])
    assert message["finish_reason"] in ("stop", "end_turn", "completed")


@pytest.mark.parametrize("way", [way for way in WAYS if way.endpoint == "embedding"], ids=str)
def test_of_vectors_there_is_nothing_to_tell(emulator: Emulator, way: Way) -> None:
    assert heard(emulator, way, stage="embed").said == [[]]


@pytest.mark.parametrize("way", SPOKEN, ids=str)
def test_nothing_is_told_where_no_content_is_wanted(emulator: Emulator, way: Way) -> None:
    assert heard(emulator, way, tells=False).said == [None]


@pytest.mark.parametrize("way", CHAT, ids=str)
def test_a_call_of_a_tool_is_told_with_its_arguments(emulator: Emulator, way: Way) -> None:
    emulator.on("gpt-5", Say("Let me see.", tools=(ToolCall("look", {"at": "Paris"}), ToolCall("look", {"at": "Rome"}))))
    [[message]] = heard(emulator, way, tools=TOOLS[way.endpoint]).said  # type: ignore[misc]
    text, *calls = message["parts"]
    assert text == {"type": "text", "content": "Let me see."}
    assert [(part["type"], part["name"], part["arguments"]) for part in calls] == [
        ("tool_call", "look", {"at": "Paris"}),
        ("tool_call", "look", {"at": "Rome"}),
    ]
    assert all(part["id"] for part in calls)


@pytest.mark.parametrize("way", [way for way in CHAT if way.endpoint != "responses"], ids=str)
def test_what_a_model_thought_is_told_first(emulator: Emulator, way: Way) -> None:
    emulator.on("claude-opus-5-5", Say("Yes.", reasoning="Hm."))
    [[message]] = heard(emulator, way, stage="grade").said  # type: ignore[misc]
    assert message["parts"] == [{"type": "reasoning", "content": "Hm."}, {"type": "text", "content": "Yes."}]


@pytest.mark.parametrize("way", [way for way in CHAT if way.streams], ids=str)
def test_of_a_stream_that_breaks_the_part_that_came_is_told(emulator: Emulator, way: Way) -> None:
    emulator.on("gpt-5", LONG)
    needs_proxys_packages(way)
    hears = Hears()
    with (
        routed(emulator, policy={**POLICY, **TELLS}, options={"observers": [hears]}) as found,
        pytest.raises(Exception),  # noqa: B017 - whatever LiteLLM makes of it
    ):
        call(found, way, **told(found, way, stage="generate"))
    [[message]] = hears.said  # type: ignore[misc]
    [part] = message["parts"]
    assert part["content"].startswith("one two three")
    assert len(part["content"]) < len(LONG.text or "")


def test_of_a_stream_that_is_left_the_part_that_came_is_told(emulator: Emulator) -> None:
    emulator.on("gpt-5", Say("one two three four five six seven"))
    hears = Hears()
    with routed(emulator, policy={**POLICY, **TELLS}, options={"observers": [hears]}) as found:
        stream = found.litellm.completion("auto", MESSAGES, stream=True, metadata={"stage": "generate"})
        text = ""
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
            if len(text) > 5:
                break
        stream.close()
    [[message]] = hears.said  # type: ignore[misc]
    assert message["parts"][0]["content"].startswith(text)


def test_each_of_several_choices_is_a_message() -> None:
    choices = [{"index": at, "finish_reason": "stop", "message": {"role": "assistant", "content": text}} for at, text in enumerate("ab")]
    assert [message["parts"][0]["content"] for message in output_messages({"choices": choices})] == ["a", "b"]


def test_choices_of_a_stream_are_not_mixed_up() -> None:
    spoken = SpokenStream()
    for index, text in ((0, "a"), (1, "x"), (0, "b"), (1, "y")):
        spoken.take({"choices": [{"index": index, "delta": {"content": text}}]})
    assert [message["parts"][0]["content"] for message in spoken.said()] == ["ab", "xy"]


def test_calls_with_one_index_are_two_calls() -> None:
    spoken = SpokenStream()
    for call_id, name, arguments in (("c1", "look", '{"at"'), (None, None, ": 1}"), ("c2", "look", ""), (None, None, '{"at": 2}')):
        call_ = {"index": 0, "id": call_id, "function": {"name": name, "arguments": arguments}}
        spoken.take({"choices": [{"index": 0, "delta": {"tool_calls": [call_]}}]})
    [message] = spoken.said()
    assert [(part["id"], part["arguments"]) for part in message["parts"]] == [("c1", {"at": 1}), ("c2", {"at": 2})]


@pytest.mark.parametrize("kind", [StreamSource, MessageSource])
def test_a_stream_is_not_kept_unless_it_is_told(kind: Any) -> None:
    source = kind(None)
    source.take(
        {"choices": [{"index": 0, "delta": {"content": "a"}}]} if kind is StreamSource else {"type": "message_start", "message": {}}
    )
    assert source.reply().said is None


def test_pieces_of_a_response_are_told_when_its_end_does_not_come() -> None:
    spoken = SpokenStream()
    spoken.take({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "summary": []}})
    spoken.take({"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "Hm."})
    spoken.take({"type": "response.output_item.added", "output_index": 1, "item": {"type": "message", "role": "assistant", "content": []}})
    spoken.take({"type": "response.output_text.delta", "output_index": 1, "delta": "Ye"})
    spoken.take(
        {"type": "response.output_item.added", "output_index": 2, "item": {"type": "function_call", "call_id": "c", "name": "look"}}
    )
    spoken.take({"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"at'})
    [message] = spoken.said()
    assert message["parts"] == [
        {"type": "reasoning", "content": "Hm."},
        {"type": "text", "content": "Ye"},
        {"type": "tool_call", "id": "c", "name": "look", "arguments": '{"at'},
    ]


class Unreadable:
    @property
    def choices(self) -> Any:
        raise ValueError("a part of the answer")


def test_what_cannot_be_kept_is_left_out_with_one_warning_without_its_words() -> None:
    spoken = SpokenStream()
    with pytest.warns(RuntimeWarning, match="ValueError") as warned:
        spoken.take(Unreadable())
    spoken.take(Unreadable())
    assert spoken.said() == ()
    assert len(warned) == 1
    assert "a part of the answer" not in str(warned[0].message)


# Behind plain `litellm.completion`


@pytest.fixture
def hears(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hears]:
    monkeypatch.setenv("KEY", "sk-emulated")
    found = Hears()
    models = {"small": {"model": "openai:gpt-4o-mini", "base_url": f"{emulator.url}/v1", "api_key_env": "KEY"}}
    cached = {"cache": {"store": "memory"}}
    register(Router({"models": models, "default": "small", **cached, **TELLS}, observers=[found]))
    yield found
    unregister()


@pytest.mark.parametrize("streams", [False, True])
def test_the_provider_tells_answers_and_stored_ones_alike(hears: Hears, streams: bool) -> None:
    for _ in range(2):
        answer = litellm.completion("taskroute/auto", MESSAGES, stream=streams, temperature=0)
        _ = list(answer) if streams else None
    first, second = hears.said
    assert first == second
    assert first is not None
    assert first[0]["parts"] == [{"type": "text", "content": ANSWER}]
