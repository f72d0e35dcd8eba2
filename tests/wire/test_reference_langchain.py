"""The recorded answers of real providers, through LangChain's clients and our adapter: each reading is right or unknown, never wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_mistralai import ChatMistralAI
from langchain_openai import ChatOpenAI

from taskroute import StreamInterruptedError
from taskroute.types import Reply, Usage
from taskroute_langchain.answers import answer_of
from tests.langchain.ways import STREAMS, WAYS, Stage, ask
from tests.wire import made_up
from tests.wire.reference import FAILURES, Case, Loopback, differences, loopback, params, present, supported

pytestmark = [
    # Of blocks that Anthropic's own tools leave in an answer, and that LangChain passes on as they are.
    pytest.mark.filterwarnings("ignore:Received unexpected tool content block:UserWarning"),
    # Of code that Gemini ran.
    pytest.mark.filterwarnings(r"ignore:\s*Warning. Output may vary each run:UserWarning"),
]

PLAIN: Final = tuple(way for way in WAYS if way not in STREAMS)
SYNC: Final = {"ainvoke": "invoke", "astream": "stream", "aevents": "events"}


class Known(NamedTuple):
    """Something that is not read although the bytes say it."""

    count: int
    """Recorded answers in which that is so."""
    why: str


UNKNOWN: Final[Mapping[tuple[str, str, str], Known]] = {
    ("openai-chat", "invoke", "input"): Known(
        1, "the host counts 0 tokens for a video, and nothing tells a true 0 from one that a client filled in"
    ),
    ("openai-chat", "stream", "model"): Known(2, "langchain-openai gives the model with the finish reason, and the host sends none"),
    ("openai-chat", "events", "model"): Known(2, "as above"),
    ("mistral", "invoke", "model"): Known(26, "langchain-mistralai repeats the model that was asked for"),
    ("gemini", "events", "reasoning"): Known(
        11, "LangChain's events keep the details of the last chunk, and Gemini's package spreads them"
    ),
    ("openai-chat", "stream", "reported"): Known(11, "of the usage in a stream langchain-openai passes on the tokens alone"),
    ("openai-chat", "events", "reported"): Known(11, "as above"),
    ("openai-responses", "stream", "reported"): Known(1, "langchain-openai passes on the tokens of a response alone"),
    ("openai-responses", "events", "reported"): Known(1, "as above"),
    ("anthropic", "stream", "service_tier"): Known(
        9, "a stream says it at its beginning, from which langchain-anthropic takes the model alone"
    ),
    ("anthropic", "events", "service_tier"): Known(9, "as above"),
    ("anthropic", "stream", "cache_write_1h"): Known(9, "as above"),
    ("anthropic", "events", "cache_write_1h"): Known(9, "as above"),
    ("gemini", "invoke", "service_tier"): Known(4, "langchain-google-genai passes on sums of tokens alone"),
    ("gemini", "stream", "service_tier"): Known(3, "as above"),
    ("gemini", "events", "service_tier"): Known(3, "as above"),
    ("gemini", "invoke", "input_audio"): Known(1, "as above"),
}
"""By format, way to ask (the async twin is the same) and what is not read."""

_STRIPPED: Final = "langchain-google-genai takes the line end off a text"
NOT_AS_SENT: Final[Mapping[tuple[str, str], str]] = {
    ("0f2a46192ea9f98c", "invoke"): _STRIPPED,
    ("3a67b5222c2d95db", "invoke"): _STRIPPED,
    ("395ebd8ac6ac3d54", "invoke"): _STRIPPED,
    ("c2d55f4c41ac687f", "stream"): "the host repeats the name of a tool with each part of a call, and LangChain joins the names",
}
"""Text or calls that LangChain itself gives otherwise than the provider sent them, by answer and way. What the reply says of it is right."""

MISTAKEN: Final[Mapping[str, str]] = {"ae5481c840a3a8a4": "server_error"}
"""Errors taken for others by some releases: with openai 3, langchain-openai leaves the code, 400, out of the error that it makes of an
event in a stream."""


class Reader:
    """Asks a routed model for recorded answers, for each in each way once."""

    def __init__(self, here: Loopback) -> None:
        self._here = here
        common: dict[str, Any] = {"model": "asked-for", "api_key": "none", "max_retries": 0}
        local: dict[str, Any] = {**common, "base_url": here.url}
        clients: dict[str, BaseChatModel] = {
            "openai-chat": ChatOpenAI(**local),
            "openai-responses": ChatOpenAI(**local, use_responses_api=True),
            "anthropic": ChatAnthropic(**local),
            "gemini": ChatGoogleGenerativeAI(**local),
            "mistral": ChatMistralAI(**{**common, "endpoint": here.url}),
        }
        self._stages = {wire: Stage({}, given={wire: client}) for wire, client in clients.items()}
        self._read: dict[tuple[str, str], tuple[Reply, AIMessage]] = {}

    def stage(self, case: Case) -> Stage:
        """Return the routed model for an answer's format, with that answer waiting for it."""
        self._here.now(case)
        return self._stages[str(case.wire)]

    def read(self, case: Case, way: str) -> tuple[Reply, AIMessage]:
        """Return what the adapter read, and the message that the caller was given."""
        key = case.body, way
        if key not in self._read:
            stage = self.stage(case)
            message = ask(way, stage.llm)
            reply = stage.outcomes.last.reply
            assert reply is not None
            self._read[key] = reply, message
        return self._read[key]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with loopback() as here:
        yield Reader(here)


def kind_of(way: str) -> str:
    return SYNC.get(way, way)


@pytest.mark.parametrize(("case", "way"), [*params(supported(streamed=False), PLAIN), *params(supported(streamed=True), STREAMS)])
def test_what_is_read_of_an_answer_is_what_was_sent(case: Case, way: str, reader: Reader) -> None:
    reply, message = reader.read(case, way)
    truth = case.said()
    assert not [each for each in differences(reply, truth) if each.read is not None]
    assert reply.id is None or json.dumps(reply.id) in case.body
    given = str(message.text), tuple((call["name"], call["args"]) for call in message.tool_calls)
    assert (given == (truth.text, truth.tool_calls)) == ((case.id, kind_of(way)) not in NOT_AS_SENT)
    if (case.id, kind_of(way)) not in NOT_AS_SENT:
        assert reply.text == truth.text


@pytest.mark.parametrize(("case", "way"), params(supported(streamed=True), ("stream", "astream")))
def test_the_chunks_of_a_stream_added_up_say_the_same(case: Case, way: str, reader: Reader) -> None:
    reply, message = reader.read(case, way)
    whole = answer_of(message)
    assert (whole.usage, whole.finish_reason, whole.model) == (reply.usage, reply.finish_reason, reply.model)


def test_what_is_not_read_is_in_the_table(reader: Reader) -> None:
    present()
    missing: dict[str, Counter[tuple[str, str, str]]] = {way: Counter() for way in WAYS}
    for case in supported():
        for way in STREAMS if case.streamed else PLAIN:
            found = differences(reader.read(case, way)[0], case.said())
            missing[way].update((str(case.wire), kind_of(way), each.name) for each in found if each.read is None)
    for way, counted in missing.items():
        assert counted == {key: known.count for key, known in UNKNOWN.items() if key[1] == kind_of(way)}, way


@pytest.mark.parametrize(
    ("case", "way"), [*params(supported(fails=True, streamed=False), WAYS), *params(supported(fails=True, streamed=True), STREAMS)]
)
def test_an_error_is_raised_and_is_of_its_kind(case: Case, way: str, reader: Reader) -> None:
    stage = reader.stage(case)
    with pytest.raises(Exception):  # noqa: B017 - each provider has classes of its own
        ask(way, stage.llm)
    [attempt] = stage.outcomes.last.tries
    assert attempt.failure in (FAILURES[case.id], MISTAKEN.get(case.id))


def test_every_recorded_error_is_in_the_table() -> None:
    present()
    assert {case.id for case in supported(fails=True)} == FAILURES.keys()


# What no recording has


def read_of(reader: Reader, case: Case, *, without: tuple[str, ...] = ()) -> None:
    """Check that an answer is read in every way, right but for what is unknown."""
    for way in STREAMS if case.streamed else PLAIN:
        reply, _ = reader.read(case, way)
        found = differences(reply, case.said())
        assert not [each for each in found if each.read is not None], way
        assert tuple(each.name for each in found) == without, way


# Google's client says so of a word that it does not know.
@pytest.mark.filterwarnings("ignore:.* is not a valid FinishReason:UserWarning")
@pytest.mark.parametrize("finish", ["unheard_of", "error", "content_filter"])
def test_any_finish_reason_is_read_as_it_is(finish: str, reader: Reader) -> None:
    read_of(reader, made_up.chat(finish))
    read_of(reader, made_up.chat_stream(made_up.COUNTS, finish=finish))
    read_of(reader, made_up.message({"input_tokens": 5, "output_tokens": 2}, stop=finish))
    read_of(reader, made_up.whole("gemini", made_up.content(finish)))
    read_of(reader, made_up.stream("gemini", made_up.content(finish)))


def test_a_missing_finish_reason_is_unknown(reader: Reader) -> None:
    read_of(reader, made_up.chat(None))
    read_of(reader, made_up.chat_stream(made_up.COUNTS, finish=None), without=("model",))
    # A stream of Gemini's without one was cut.
    with pytest.raises(StreamInterruptedError, match="without a finish reason"):
        read_of(reader, made_up.stream("gemini", made_up.content(None)))


def test_missing_counts_are_unknown(reader: Reader) -> None:
    read_of(reader, made_up.chat(usage=None))
    read_of(reader, made_up.chat_stream())
    read_of(reader, made_up.chat(usage={"completion_tokens": 2}))
    read_of(reader, made_up.chat(usage={"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}))


def test_what_nobody_has_heard_of_changes_nothing(reader: Reader) -> None:
    more = {**made_up.COUNTS, "unheard_of": {"of": 1.5}, "cost": 0.1, "prompt_tokens_details": {"cached_tokens": 1, "unheard_of": 2.5}}
    read_of(reader, made_up.chat(usage=more, unheard_of=[1]))
    read_of(reader, made_up.chat_stream(more), without=("reported",))
    read_of(reader, made_up.message({"input_tokens": 5, "output_tokens": 2, "unheard_of": {"of": 1}}))


@pytest.mark.parametrize("tier", ["flex", "priority", "default"])
def test_the_tier_of_a_service_hides_no_count(tier: str, reader: Reader) -> None:
    more = {**made_up.COUNTS, "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 1}}
    read_of(reader, made_up.chat(usage=more, service_tier=tier))


def test_without_input_tokens_at_its_end_a_message_stream_has_unknown_input(reader: Reader) -> None:
    at_start = {"input_tokens": 5, "output_tokens": 1}
    read_of(reader, made_up.message_stream(at_start, {"output_tokens": 2}), without=("input",))


def test_what_came_from_a_cache_alone_is_no_input(reader: Reader) -> None:
    at_end = {"output_tokens": 2, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 20}
    read_of(reader, made_up.message_stream({"output_tokens": 1}, at_end))


@pytest.mark.parametrize("age", ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"])
def test_what_was_written_to_a_cache_is_read_whatever_its_age(age: str, reader: Reader) -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 20, "output_tokens": 2}
    ages = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0, age: 20}
    read_of(reader, made_up.message({**usage, "cache_creation": ages}))


def test_summaries_of_a_conversation_are_counted_in_a_whole_message_and_unknown_in_a_stream(reader: Reader) -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 180, "output_tokens": 35},
        {"type": "message", "input_tokens": 10, "output_tokens": 3},
    ]
    usage = {"input_tokens": 10, "output_tokens": 3, "iterations": iterations}
    summary = {"type": "compaction", "content": "so far"}
    read_of(reader, made_up.message(usage, before=[summary]))
    read_of(reader, made_up.message_stream(usage, usage, before=[summary]), without=("input", "output"))


def test_openais_own_summaries_of_a_conversation_are_in_its_counts(reader: Reader) -> None:
    summary = {"id": "cmp_1", "type": "compaction", "encrypted_content": "so far"}
    read_of(reader, made_up.whole("openai-responses", made_up.response(summary)))
    read_of(reader, made_up.response_stream(summary))


def test_what_was_cached_is_input_also_where_a_host_counts_it_beside_the_prompt(reader: Reader) -> None:
    cached = {**made_up.COUNTS, "total_tokens": 107, "prompt_tokens_details": {"cached_tokens": 100}}
    assert made_up.chat(usage=cached).said().usage == Usage(105, 2, 100)
    read_of(reader, made_up.chat(usage=cached))
    read_of(reader, made_up.chat_stream(cached))


@pytest.mark.parametrize("way", STREAMS)
def test_a_host_that_speaks_like_mistral_may_end_a_stream_without_a_reason(way: str, reader: Reader) -> None:
    reply, message = reader.read(made_up.chat_stream(made_up.COUNTS, finish=None, wire="mistral"), way)
    assert (message.text, reply.finish_reason, reply.usage) == ("hey", None, Usage(5, 2))


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_usage_that_a_host_repeats_is_not_added_up(way: str, reader: Reader) -> None:
    case = made_up.chat_stream({**made_up.COUNTS, "completion_tokens": 1, "total_tokens": 6}, made_up.COUNTS)
    assert reader.read(case, way)[0].usage == Usage(input=5, output=2)
