"""Stored answers as LiteLLM gives them out again, whichever function is called; and what is stored of its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from taskroute.steps import Found
from taskroute.stored import Entry, StoredAnswer, StoredCall
from taskroute_litellm.keepable import HOST, stored_of
from taskroute_litellm.kept_stream import KeptStream
from taskroute_litellm.message_stream import MessageSource
from taskroute_litellm.replaying import PROVIDER, Replayed, UnservableError, current, pieces, replayed, serving
from taskroute_litellm.replies import StreamSource, reply_of
from taskroute_litellm.served import send_stored, unpaid
from tests.litellm_host.routers import CHAT, GIVEN, WAYS, Way

litellm: Any = pytest.importorskip("litellm")

TEXT = "Paris is the capital of France. " * 30
PLAIN = StoredAnswer(text=TEXT, finish_reason="stop", model="gpt-5-mini-2025", provider="openai")
CALLS = (StoredCall("look", '{"at": "Paris"}', "call_old"), StoredCall("look", '{"at": "Rome"}', "call_older"))
CALLING = PLAIN._replace(text="", calls=CALLS, finish_reason="tool_calls")
LOOK = {"name": "look", "description": "Look.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
TOOLS: dict[str, list[dict[str, Any]]] = {
    "completion": [{"type": "function", "function": LOOK}],
    "responses": [{"type": "function", **LOOK}],
    "anthropic_messages": [{"name": "look", "input_schema": LOOK["parameters"]}],
}
SERVED = tuple(way for way in WAYS if way.endpoint in CHAT)
WITH_TOOLS = tuple(way for way in SERVED if way.endpoint in TOOLS)
ENDPOINTS: dict[str, Any] = {"anthropic_messages": "messages"}


@pytest.fixture(autouse=True)
def providers_of_one_test() -> Iterator[None]:
    """Take out of LiteLLM what gives out stored answers, which stays there once it was used."""
    before = [*litellm.custom_provider_map]
    yield
    litellm.custom_provider_map = before


def serve(way: Way, stored: StoredAnswer, **arguments: Any) -> Any:
    """Return the answer of LiteLLM's function; of a stream, its chunks."""
    given = {**GIVEN[way.endpoint], **arguments}
    endpoint: Any = ENDPOINTS.get(way.endpoint, way.endpoint)
    if way.is_async:
        return asyncio.run(_aserve(endpoint, given, stored, streams=way.streams))
    answer = send_stored(endpoint, given, Replayed(stored, "gpt-5-mini"), {}, streams=way.streams, is_async=False)
    return [unpaid(chunk) for chunk in answer] if way.streams else answer


async def _aserve(endpoint: Any, given: dict[str, Any], stored: StoredAnswer, *, streams: bool) -> Any:
    answer = await send_stored(endpoint, given, Replayed(stored, "gpt-5-mini"), {}, streams=streams, is_async=True)
    return [unpaid(chunk) async for chunk in answer] if streams else answer


def read_again(way: Way, answer: Any) -> Any:
    """Return what is to be stored of an answer that was given out."""
    if not way.streams:
        return stored_of(_as_new(answer))
    source = MessageSource(keeps=True) if way.endpoint == "anthropic_messages" else StreamSource(keeps=True)
    for chunk in answer:
        source.take(_as_new(chunk))
    return source.reply().kept


def _as_new(said: Any) -> Any:
    """Return what was given out as a model would say it, which is what is kept."""
    hidden = getattr(getattr(said, "response", None) or said, "_hidden_params", None)
    if isinstance(hidden, dict):
        hidden.pop("cache_hit", None)
    elif hidden is not None:
        hidden.cache_hit = None
    return said


@pytest.mark.parametrize("way", SERVED, ids=str)
def test_a_text_comes_out_as_it_was_stored(way: Way) -> None:
    kept = read_again(way, serve(way, PLAIN))
    assert (kept.text, kept.calls, kept.host) == (TEXT, (), None)


@pytest.mark.parametrize("way", WITH_TOOLS, ids=str)
def test_calls_of_tools_come_out_as_they_were_stored(way: Way) -> None:
    kept = read_again(way, serve(way, CALLING, tools=TOOLS[way.endpoint]))
    assert [(call.name, json.loads(call.arguments)) for call in kept.calls] == [("look", {"at": "Paris"}), ("look", {"at": "Rome"})]
    assert kept.text == ""


@pytest.mark.parametrize("way", SERVED, ids=str)
def test_what_is_served_used_no_tokens(way: Way) -> None:
    answer = serve(way, PLAIN, **({"stream_options": {"include_usage": True}} if way.endpoint == "completion" and way.streams else {}))
    if not way.streams:
        assert counts_of(answer) == {0}
    elif way.endpoint == "anthropic_messages":
        said = b"".join(answer).decode()
        events = [json.loads(line.removeprefix("data: ")) for line in said.splitlines() if line.startswith("data: ")]
        assert set().union(*(counts_of(event) | counts_of(event.get("message")) for event in events)) == {0}
    else:
        whole = [counts_of(getattr(chunk, "response", None) or chunk) for chunk in answer]
        assert set().union(*whole) <= {0}
        assert way.endpoint != "completion" or {0} in whole


def counts_of(answer: Any) -> set[int]:
    usage = answer.get("usage") if isinstance(answer, dict) else getattr(answer, "usage", None)
    found = usage if isinstance(usage, dict) else usage.model_dump() if usage is not None else {}
    return {value for name, value in found.items() if name.endswith("_tokens") and value is not None}


@pytest.mark.parametrize("way", tuple(way for way in WITH_TOOLS if not way.streams), ids=str)
def test_ids_are_new_each_time(way: Way) -> None:
    found = [json.dumps(dumped(serve(way, CALLING, tools=TOOLS[way.endpoint]))) for _ in range(2)]
    assert "call_old" not in found[0]
    ids = [dumped(serve(way, CALLING, tools=TOOLS[way.endpoint]))["id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert found[0] != found[1]


def dumped(answer: Any) -> dict[str, Any]:
    found = answer if isinstance(answer, dict) else answer.model_dump(mode="json")
    return {name: value for name, value in found.items() if name != "_hidden_params"}


@pytest.mark.parametrize("way", tuple(way for way in SERVED if way.endpoint == "completion" and way.streams), ids=str)
def test_a_stream_comes_in_a_few_chunks_under_one_id_and_the_name_of_its_model(way: Way) -> None:
    chunks = serve(way, PLAIN)
    assert 10 < len(chunks) <= 70
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} <= {"gpt-5-mini", "gpt-5-mini-2025"}
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]


@pytest.mark.parametrize("way", tuple(way for way in SERVED if way.endpoint == "completion"), ids=str)
def test_what_else_was_in_a_message_comes_out_too(way: Way) -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "signed"}
    message = {"reasoning_content": "Hm.", "thinking_blocks": [thought]}
    answer = serve(way, PLAIN._replace(host=HOST, native={"message": message}))
    if way.streams:
        deltas = [chunk.choices[0].delta for chunk in answer]
        assert [delta.reasoning_content for delta in deltas if getattr(delta, "reasoning_content", None)] == ["Hm."]
        assert [delta.thinking_blocks for delta in deltas if getattr(delta, "thinking_blocks", None)] == [[thought]]
    kept = read_again(way, answer)
    assert (kept.host, kept.text, kept.native) == (HOST, TEXT, {"message": message})


def test_an_answer_of_another_hosts_own_form_is_not_served() -> None:
    entry = Entry(PLAIN._replace(host="langchain", native={}), "small", 0.0, 1.0)
    with pytest.raises(UnservableError, match="langchain"):
        replayed(Found(0.0, entry, 1.0), "small")


def test_nobody_calls_the_provider_by_its_name() -> None:
    serve(Way("completion"), PLAIN)
    with pytest.raises(litellm.BadRequestError, match="no provider to call"):
        litellm.completion(model=f"{PROVIDER}/gpt-5-mini", messages=GIVEN["completion"]["messages"])


def test_an_answer_is_let_go_of_with_its_call() -> None:
    with serving(Replayed(PLAIN, "small")):
        assert current() is not None
    assert current() is None


def test_callbacks_hear_of_a_stored_answer_at_no_cost() -> None:
    told: list[Any] = []

    def note(kwargs: dict[str, Any], response: Any, start: Any, end: Any) -> None:
        told.append((kwargs["response_cost"], kwargs["model"]))

    async def ask() -> None:
        for streams in (False, True):
            answer = await send_stored("completion", GIVEN["completion"], Replayed(PLAIN, "gpt-4o"), {}, streams=streams, is_async=True)
            if streams:
                assert [chunk async for chunk in answer]
        worker: Any = __import__("importlib").import_module("litellm.litellm_core_utils.logging_worker").GLOBAL_LOGGING_WORKER
        await worker.flush()

    async def anote(kwargs: dict[str, Any], response: Any, start: Any, end: Any) -> None:
        note(kwargs, response, start, end)

    litellm._async_success_callback.append(anote)
    asyncio.run(ask())
    assert told == [(0.0, "gpt-4o")] * 2


# What is stored


def completion(*messages: dict[str, Any], **choice: Any) -> dict[str, Any]:
    choices = [{"index": index, "finish_reason": "stop", "message": message, **choice} for index, message in enumerate(messages)]
    return {"object": "chat.completion", "model": "gpt-5-mini-2025", "choices": choices}


HI: dict[str, Any] = {"role": "assistant", "content": "Hi"}
FUNCTION = {"name": "look", "arguments": '{"at": 1}'}


def test_a_completion_is_kept_in_a_form_for_every_host() -> None:
    call = {"id": "call_1", "type": "function", "function": FUNCTION}
    empty: dict[str, Any] = {"provider_specific_fields": {"refusal": None}, "annotations": [], "reasoning_content": None}
    kept = stored_of(completion({**HI, "tool_calls": [call], **empty}))
    assert kept == StoredAnswer("Hi", (StoredCall("look", '{"at": 1}', "call_1"),), "stop", "gpt-5-mini-2025")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(completion(HI, HI), id="several choices"),
        pytest.param(completion({**HI, "audio": {"id": "a"}}), id="audio"),
        pytest.param(completion({**HI, "content": [{"type": "text", "text": "Hi"}]}), id="blocks"),
        pytest.param(
            completion({**HI, "tool_calls": [{"type": "custom", "custom": {"name": "sql", "input": "select"}}]}), id="custom call"
        ),
        pytest.param(completion({**HI, "tool_calls": [{"id": "srvtoolu_1", "function": FUNCTION}]}), id="run by the provider"),
        pytest.param({**completion(HI), "_hidden_params": {"cache_hit": True}}, id="from LiteLLM's cache"),
        pytest.param({"choices": [{"text": "Hi", "logprobs": {"tokens": ["Hi"]}}]}, id="text with logprobs"),
        pytest.param({"object": "response", "output": [{"type": "reasoning"}]}, id="response with reasoning"),
        pytest.param({"type": "message", "content": [{"type": "thinking", "thinking": "Hm"}]}, id="message with thinking"),
        pytest.param({"type": "message", "content": [{"type": "text", "text": "a"}] * 2}, id="message of two texts"),
        pytest.param({"object": "list", "data": []}, id="vectors"),
        pytest.param(None, id="nothing"),
    ],
)
def test_what_could_not_be_served_as_it_was_is_not_kept(answer: Any) -> None:
    assert stored_of(answer) is None


def test_probabilities_are_kept_in_litellms_own_form() -> None:
    kept = stored_of(completion(HI, logprobs={"content": [{"token": "Hi", "logprob": -0.1, "bytes": None, "top_logprobs": []}]}))
    assert kept is not None
    assert kept.host == HOST
    way = Way("completion")
    assert serve(way, kept).choices[0].logprobs["content"][0]["token"] == "Hi"


@pytest.fixture(params=["logprobs", "index", "annotations"])
def beside(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {
        "logprobs": {"delta": {"content": "Hi"}, "logprobs": {"content": [{"token": "Hi"}]}},
        "index": {"delta": {"content": "Hi"}, "index": 1},
        "annotations": {"delta": {"content": "Hi", "annotations": [{"type": "url_citation"}]}},
    }
    return found[request.param]


def test_a_stream_with_more_than_can_be_put_together_again_is_not_kept(beside: dict[str, Any]) -> None:
    kept = KeptStream()
    kept.take([{"delta": {"content": "Hi"}}])
    assert kept.stored(reply_of(completion(HI), examined=True)) is not None
    kept.take([beside])
    assert kept.stored(reply_of(completion(HI), examined=True)) is None


def test_thoughts_of_a_stream_are_put_together_whether_or_not_they_are_repeated_at_their_end() -> None:
    def delta(thinking: str, **more: str) -> dict[str, Any]:
        block = {"type": "thinking", "thinking": thinking, "index": 0, **more}
        return {
            "delta": {"reasoning_content": thinking, "thinking_blocks": [block], "provider_specific_fields": {"thinking_blocks": [block]}}
        }

    for last in ("", "Hm."):
        kept = KeptStream()
        signed = delta(last, signature="signed")
        signed["delta"]["reasoning_content"] = ""
        for one in (delta("H"), delta("m."), signed, {"delta": {"content": "Hi"}}):
            kept.take([one])
        found = kept.stored(reply_of(completion(HI), examined=True))
        assert found is not None
        blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "signed"}]
        assert found.native == {"message": {"reasoning_content": "Hm.", "thinking_blocks": blocks}}


@pytest.mark.parametrize("text", ["", "a", "one two three ", " \n x", "ab" * 500, "word " * 1000])
def test_a_text_is_cut_into_a_few_pieces_that_are_all_of_it(text: str) -> None:
    found = list(pieces(text))
    assert "".join(found) == text
    assert len(found) <= 64
    assert all(found)
