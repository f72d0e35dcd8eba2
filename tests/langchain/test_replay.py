"""A stored answer given back: as the same message, and through everything that can be done with a chat model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, message_chunk_to_message
from pydantic import BaseModel

from taskroute.stored import StoredAnswer, StoredCall
from taskroute_langchain.replay import ReplayModel
from taskroute_langchain.replayed_chunks import chunks_of
from taskroute_langchain.stored_message import NotServableError, message_of, stored_of
from tests.langchain.listening import Listener

_CHOSEN = FakeListChatModel(responses=["never said"])
_NOISE = {
    "id": "resp_1",
    "token_usage": {"total_tokens": 9},
    "system_fingerprint": "fp_1",
    "headers": {"x": "1"},
    "taskroute": {"model": "m"},
}
_SAID_BY_ANTHROPIC = AIMessage(
    content=[
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "text", "text": "I will look at both of them, one after the other"},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "a"}},
        {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}},
    ],
    tool_calls=[{"name": "look", "args": {"at": "a"}, "id": "toolu_1"}, {"name": "look", "args": {}, "id": "toolu_2"}],
    response_metadata={"model_name": "claude", "stop_reason": "tool_use", "model_provider": "anthropic"},
)
_SAID_BY_RESPONSES = AIMessage(
    content=[
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "text", "text": "yes", "annotations": [{"type": "url_citation", "url": "https://example.org"}], "id": "msg_1"},
        {"type": "function_call", "name": "look", "arguments": "{}", "call_id": "call_9", "id": "fc_1"},
    ],
    tool_calls=[{"name": "look", "args": {}, "id": "call_9"}],
    response_metadata={"model_name": "gpt", "status": "completed", "object": "response", "model_provider": "openai"},
)
_SAID_BY_GOOGLE = AIMessage(
    content="",
    tool_calls=[{"name": "look", "args": {"at": "a"}, "id": "c-1"}],
    additional_kwargs={"__gemini_function_call_thought_signatures__": {"c-1": "c2ln"}},
    response_metadata={"model_name": "gemini", "finish_reason": "STOP", "model_provider": "google_genai"},
)


def replay(answer: StoredAnswer | AIMessage) -> ReplayModel:
    stored = stored_of(answer) if isinstance(answer, AIMessage) else answer
    assert stored is not None
    return ReplayModel.of(stored, _CHOSEN)


def whole(chunks: list[AIMessageChunk]) -> AIMessage:
    joined: Any = chunks[0] + chunks[1:] if len(chunks) > 1 else chunks[0]
    message: Any = message_chunk_to_message(joined)
    return message


# What comes back

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
_blocks = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("text"), "text": st.text(max_size=80)}, optional={"annotations": st.lists(_json, max_size=1)}
        ),
        st.fixed_dictionaries({"type": st.just("thinking"), "thinking": st.text(max_size=8), "signature": st.text(max_size=4)}),
        st.fixed_dictionaries({"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": st.text(max_size=8)})}),
    ),
    max_size=4,
)
_calls = st.lists(st.tuples(st.sampled_from(["look", "add"]), st.dictionaries(st.text(max_size=4), _json, max_size=2)), max_size=3)


@st.composite
def _messages(draw: st.DrawFn) -> AIMessage:
    calls: list[Any] = [{"name": name, "args": args, "id": f"call_{n}"} for n, (name, args) in enumerate(draw(_calls))]
    content: Any = draw(st.text(max_size=60) | _blocks)
    if isinstance(content, list):
        content += [{"type": "tool_use", "id": call["id"], "name": call["name"], "input": call["args"]} for call in calls]
    broken: list[Any] = [{"name": "look", "args": "{", "id": "bad_1", "error": None}] if draw(st.booleans()) else []
    about = draw(st.dictionaries(st.sampled_from(["finish_reason", "model_name", "model_provider"]), st.text(min_size=1, max_size=6)))
    more = draw(st.dictionaries(st.sampled_from(["refusal", "reasoning_content", "extra"]), st.lists(_json, max_size=2), max_size=2))
    logprobs = draw(st.dictionaries(st.just("logprobs"), _json))
    return AIMessage(
        content=content,
        tool_calls=calls,
        invalid_tool_calls=broken,
        additional_kwargs=more,
        response_metadata={**about, **logprobs, **_NOISE},
        usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        id="lc_run--1",
    )


def _said(message: AIMessage) -> dict[str, Any]:
    """Return all that a message says, under ids that its calls have by their order. What is blank is as good as absent."""
    ids = [call["id"] for call in [*message.tool_calls, *message.invalid_tool_calls]]
    names = {call_id: f"#{n}" for n, call_id in enumerate(ids)}

    def known(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: names.get(inner, inner) if key == "id" else known(inner) for key, inner in value.items()}
        return [known(each) for each in value] if isinstance(value, list) else value

    blank: tuple[Any, ...] = (None, "", [], {})
    counts = {"usage", "token_usage"}
    alone = isinstance(message.content, list) and [set(block) - {"index"} for block in message.content if isinstance(block, dict)] == [
        {"type", "text"}
    ]
    return {
        "content": message.text if alone else known(message.content),
        "tool_calls": known(message.tool_calls),
        "invalid_tool_calls": known(message.invalid_tool_calls),
        "more": {key: value for key, value in message.additional_kwargs.items() if value not in blank},
        "about": {
            key: value for key, value in message.response_metadata.items() if key not in _NOISE.keys() | counts and value not in blank
        },
    }


def _without_places(said: dict[str, Any]) -> dict[str, Any]:
    content = said["content"]
    if isinstance(content, list):
        content = [{key: value for key, value in block.items() if key != "index"} for block in content]
    return {**said, "content": content}


@settings(deadline=None)
@given(_messages())
def test_a_stored_message_comes_back_as_it_was_but_for_its_ids_and_what_it_cost(message: AIMessage) -> None:
    stored = stored_of(message)

    assert stored is not None
    back = message_of(stored)
    assert _said(back) == _said(message)
    assert back.id is None
    assert back.usage_metadata is not None
    assert [back.usage_metadata[name] for name in ("input_tokens", "output_tokens", "total_tokens")] == [0, 0, 0]  # type: ignore[literal-required]
    assert not back.response_metadata.keys() & _NOISE.keys()
    before = {call["id"] for call in message.tool_calls}
    assert not {call["id"] for call in back.tool_calls} & before


@settings(deadline=None)
@given(_messages())
def test_the_chunks_of_a_message_come_to_the_message(message: AIMessage) -> None:
    # LangChain mends broken arguments when it adds chunks up.
    message = message.model_copy(update={"invalid_tool_calls": []})

    joined = whole(list(chunks_of(message)))

    assert _without_places(_said(joined)) == _without_places(_said(message))
    assert joined.usage_metadata == message.usage_metadata


@pytest.mark.parametrize("message", [_SAID_BY_ANTHROPIC, _SAID_BY_RESPONSES, _SAID_BY_GOOGLE], ids=["anthropic", "responses", "google"])
def test_what_providers_say_beside_text_and_calls_is_kept_for_langchain_alone(message: AIMessage) -> None:
    stored = stored_of(message)

    assert stored is not None
    assert stored.host == "langchain"
    assert [call.name for call in stored.calls] == [call["name"] for call in message.tool_calls]
    assert _said(message_of(stored))["more"].keys() == message.additional_kwargs.keys()


def test_fresh_ids_of_calls_stand_wherever_the_old_ones_stood() -> None:
    anthropic, responses, google = (replay(each).invoke("hi") for each in (_SAID_BY_ANTHROPIC, _SAID_BY_RESPONSES, _SAID_BY_GOOGLE))

    used: list[Any] = [block["id"] for block in anthropic.content if isinstance(block, dict) and block["type"] == "tool_use"]
    assert used == [call["id"] for call in anthropic.tool_calls]
    assert not {"toolu_1", "toolu_2"} & set(used)
    block: Any = responses.content[1]
    assert block["call_id"] == responses.tool_calls[0]["id"] != "call_9"
    [call_id] = google.additional_kwargs["__gemini_function_call_thought_signatures__"]
    assert call_id == google.tool_calls[0]["id"] != "c-1"


def test_two_servings_of_one_answer_share_no_id_and_no_object() -> None:
    model = replay(_SAID_BY_ANTHROPIC)

    first, second = model.invoke("hi"), model.invoke("hi")

    assert first.id != second.id
    assert {call["id"] for call in first.tool_calls}.isdisjoint(call["id"] for call in second.tool_calls)
    block: Any = first.content[0]
    block["thinking"] = "changed by its reader"
    assert second.content[0] == {"type": "thinking", "thinking": "hm", "signature": "sig"} == model.invoke("hi").content[0]


@pytest.mark.parametrize(
    ("message", "finish", "about"),
    [
        (
            AIMessage("hi", response_metadata={"finish_reason": "stop", "model_provider": "openai", "logprobs": None}),
            "stop",
            "finish_reason",
        ),
        (AIMessage("hi", response_metadata={"stop_reason": "end_turn", "model_provider": "anthropic"}), "stop", "stop_reason"),
        (AIMessage("hi", response_metadata={"finish_reason": "STOP", "model_provider": "google_genai"}), "stop", "finish_reason"),
        (AIMessage("hi", response_metadata={"done_reason": "stop", "done": True, "model_provider": "ollama"}), "stop", "done_reason"),
    ],
    ids=["openai", "anthropic", "google", "ollama"],
)
def test_a_plain_answer_is_for_every_host_and_its_reason_in_words_of_openai(message: AIMessage, finish: str, about: str) -> None:
    stored = stored_of(message)

    assert stored is not None
    assert (stored.host, stored.native, stored.finish_reason) == (None, None, finish)
    assert message_of(stored).response_metadata[about] == message.response_metadata[about]


def test_an_answer_in_langchains_own_blocks_is_the_same_as_its_text() -> None:
    blocks: Any = [{"type": "text", "text": "hi", "index": 0}, {"type": "tool_call", "id": "c", "name": "look", "args": {}}]
    message = AIMessage(blocks, tool_calls=[{"name": "look", "args": {}, "id": "c"}], response_metadata={"output_version": "v1"})

    stored = stored_of(message)

    assert stored is not None
    assert (stored.text, stored.native) == ("hi", None)
    assert message_of(stored).content == "hi"


@pytest.mark.parametrize(
    "message",
    [
        AIMessage("hi", additional_kwargs={"seen": object()}),
        AIMessage("hi", response_metadata={"logprobs": float("nan")}),
        AIMessage("hi", response_metadata={"ratings": (1, 2)}),
        AIMessage("hi", additional_kwargs={"by": {1: "a"}}),
        AIMessage("", tool_calls=[{"name": "look", "args": {"at": b"x"}, "id": "c"}]),
        HumanMessage("hi"),
        AIMessageChunk(content="", tool_call_chunks=[{"name": "look", "args": '{"at": "half', "id": "c", "index": 0}]),
    ],
    ids=["object", "nan", "tuple", "key", "bytes", "human", "half a call"],
)
def test_what_json_cannot_hold_and_what_is_no_whole_answer_is_not_kept(message: Any) -> None:
    assert stored_of(message) is None


def test_an_answer_in_the_form_of_another_host_is_refused_before_anything_runs() -> None:
    with pytest.raises(NotServableError, match="'litellm'"):
        ReplayModel.of(StoredAnswer("hi", host="litellm", native={"message": {}}), _CHOSEN)


def test_arguments_that_are_no_json_come_back_as_an_invalid_call() -> None:
    message = message_of(StoredAnswer(calls=(StoredCall("look", "{half"),)))

    assert message.tool_calls == []
    assert [(call["name"], call["args"]) for call in message.invalid_tool_calls] == [("look", "{half")]


# As a model


def test_a_long_text_is_streamed_in_a_few_dozen_chunks_that_end_with_words() -> None:
    text = "word " * 20_000

    chunks = list(replay(StoredAnswer(text)).stream("hi"))

    assert "".join(str(chunk.content) for chunk in chunks) == text
    assert 32 <= len(chunks) <= 66
    assert all(str(chunk.content).endswith(" ") for chunk in chunks[:-1])
    assert chunks[-1].chunk_position == "last"


@pytest.mark.parametrize("text", ["It is forty-two, unquestionably", "one unquestionably", "a" * 16 + " " + "b" * 20, "two words  "])
def test_no_word_is_cut_in_two_not_even_the_last(text: str) -> None:
    pieces = [str(chunk.content) for chunk in replay(StoredAnswer(text)).stream("hi")]

    assert "".join(pieces) == text
    assert [word for piece in pieces for word in piece.split()] == text.split()


def test_a_text_without_blanks_is_cut_all_the_same() -> None:
    chunks = list(replay(StoredAnswer("字" * 10_000)).stream("hi"))

    assert 32 <= len(chunks) <= 66


def test_a_stream_has_its_usage_and_what_ends_it_once() -> None:
    chunks = list(replay(StoredAnswer("one two three", finish_reason="stop", model="gpt", provider="openai")).stream("hi"))

    assert [chunk.usage_metadata["total_tokens"] for chunk in chunks if chunk.usage_metadata] == [0]
    assert [chunk.response_metadata.get("finish_reason") for chunk in chunks if chunk.response_metadata] == ["stop"]


@pytest.mark.parametrize("message", [_SAID_BY_ANTHROPIC, _SAID_BY_RESPONSES, _SAID_BY_GOOGLE], ids=["anthropic", "responses", "google"])
def test_events_of_version_3_tell_the_blocks_of_a_provider_as_langchain_reads_them(message: AIMessage) -> None:
    told = replay(message).stream_events("hi", version="v3").output

    assert [(call["name"], call["args"]) for call in told.tool_calls] == [(call["name"], call["args"]) for call in message.tool_calls]
    known = [block["type"] for block in message.content_blocks if not str(block.get("id", "")).startswith("rs_")]
    assert [block["type"] for block in told.content_blocks] == known
    assert told.text == message.text


def test_what_events_of_version_3_told_can_be_stored_and_streamed_again() -> None:
    told: Any = replay(_SAID_BY_ANTHROPIC).stream_events("hi", version="v3").output

    again = replay(told)

    joined = whole(list(again.stream("hi")))
    assert [(call["name"], call["args"]) for call in joined.tool_calls] == [("look", {"at": "a"}), ("look", {})]
    assert [block["type"] for block in again.stream_events("hi", version="v3").output.content_blocks] == [
        block["type"] for block in told.content_blocks
    ]


class Point(BaseModel):
    """A point."""

    x: int


def test_tools_and_schemas_may_be_bound_and_change_nothing() -> None:
    model = replay(StoredAnswer(calls=(StoredCall("Point", '{"x": 3}'),)))

    assert model.bind_tools([Point], tool_choice="any").invoke("hi").tool_calls[0]["args"] == {"x": 3}
    assert model.with_structured_output(Point).invoke("hi") == Point(x=3)


def test_an_answer_in_json_has_the_parsed_object_where_a_parser_of_openais_looks_for_it() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "Point", "schema": Point.model_json_schema()}}
    model = replay(StoredAnswer('{"x": 3}'))

    assert model.invoke("hi", response_format=Point).additional_kwargs == {"parsed": Point(x=3)}
    assert model.invoke("hi", response_format=wanted).additional_kwargs == {}
    assert model.invoke("hi").additional_kwargs == {}


@pytest.mark.parametrize("text", ["no JSON", '{"y": 3}'])
def test_an_answer_that_does_not_fit_the_class_asked_for_is_not_served(text: str) -> None:
    with pytest.raises(NotServableError, match="Point"):
        replay(StoredAnswer(text)).invoke("hi", response_format=Point)


def test_the_run_of_a_replay_says_which_model_answered_and_counts_nothing() -> None:
    listener, counter = Listener(), UsageMetadataCallbackHandler()
    stored = StoredAnswer("hi", model="gpt-5", provider="openai")

    replay(stored).invoke("hi", {"callbacks": [listener, counter]})

    [run] = listener.all
    assert (run.metadata["ls_provider"], run.metadata["ls_model_name"]) == ("openai", "gpt-5")
    assert [usage["total_tokens"] for usage in counter.usage_metadata.values()] == [0]


def test_langchains_own_cache_is_not_asked_for_a_replay() -> None:
    from langchain_core.caches import InMemoryCache
    from langchain_core.globals import get_llm_cache, set_llm_cache

    before, cache = get_llm_cache(), InMemoryCache()
    set_llm_cache(cache)
    try:
        assert replay(StoredAnswer("one")).invoke("hi").content == "one"
        assert replay(StoredAnswer("two")).invoke("hi").content == "two"
    finally:
        set_llm_cache(before)


async def test_the_async_forms_give_the_same() -> None:
    model = replay(_SAID_BY_ANTHROPIC)

    message = await model.ainvoke("hi")
    joined = whole([chunk async for chunk in model.astream("hi")])

    assert _without_places(_said(joined)) == _without_places(_said(message)) == _without_places(_said(_SAID_BY_ANTHROPIC))
