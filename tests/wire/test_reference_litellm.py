"""The recorded answers of real providers, through LiteLLM and our adapter: each reading is right or unknown, never wrong."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import pytest

from taskroute.execution.failures import classify
from taskroute.types import Reply, Usage
from taskroute_litellm.replies import StreamSource, reply_of
from tests.wire import made_up
from tests.wire.reference import FAILURES, Case, Loopback, differences, loopback, params, present, supported
from tests.wire.truth import Said, meaning

pytestmark = [
    # LiteLLM's own types and its own use of pydantic.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute on the instance is deprecated"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]

WAYS: Final = ("sync", "async")


class Known(NamedTuple):
    """Something that is not read although the bytes say it."""

    count: int
    """Recorded answers in which that is so."""
    why: str


_GUESSED: Final = "where thinking is shown, LiteLLM counts its words, and the count looks like the provider's; else it writes 0"
_GOOGLE: Final = "LiteLLM says `stop` for the end of any stream of Gemini's, also of one that was cut"
_TIER: Final = "LiteLLM looks for it in a header, which the recordings do not have"
_PLAIN: Final[Mapping[tuple[str, str], Known]] = {
    ("openai-chat", "input"): Known(1, "the host counts 0 tokens for a video, and nothing tells a true 0 from one that LiteLLM filled in"),
    ("anthropic", "reasoning"): Known(5, _GUESSED),
    ("anthropic", "cache_read"): Known(1, "LiteLLM writes 0 for a missing count, and nothing shows that this was said"),
    ("anthropic", "cache_write"): Known(1, "as above"),
    ("openai-chat", "service_tier"): Known(23, "LiteLLM puts a word of its own in the place of Groq's"),
    ("gemini", "service_tier"): Known(4, _TIER),
}
_STREAM: Final[Mapping[tuple[str, str], Known]] = {
    ("anthropic", "reasoning"): Known(1, _GUESSED),
    ("gemini", "finish_reason"): Known(12, _GOOGLE),
    ("openai-chat", "service_tier"): Known(1, "LiteLLM leaves it out of the chunks of OpenRouter's"),
    ("gemini", "service_tier"): Known(3, _TIER),
}
_APART: Final[Mapping[tuple[str, str], Known]] = {
    **_STREAM,
    ("openai-chat", "input"): Known(2, "a usage without details of the prompt may be LiteLLM's own count"),
    ("openai-chat", "output"): Known(2, "as above"),
    ("openai-chat", "reasoning"): Known(28, "LiteLLM writes 0 where nothing was said of thinking, and counts the words of what it can see"),
    ("anthropic", "input"): Known(1, "another model helped, and LiteLLM adds its tokens"),
    ("anthropic", "output"): Known(1, "as above"),
    ("gemini", "input"): Known(5, "LiteLLM leaves out what a search put into the prompt, and makes a total of its own"),
    ("gemini", "reasoning"): Known(1, _GUESSED),
    ("anthropic", "service_tier"): Known(9, "a stream says it at its beginning, in a usage that LiteLLM keeps to itself"),
}
_PASSED_ON: Final[Mapping[tuple[str, str], int]] = {
    ("openai-chat", "input"): 0,
    ("openai-chat", "output"): 0,
    ("openai-chat", "reasoning"): 26,
}
"""What is less of a sync stream's chunks: LiteLLM leaves the provider's usage beside the chunk that it came with."""
UNKNOWN: Final[Mapping[str, Mapping[tuple[str, str], Known]]] = {"plain": _PLAIN, "stream": _STREAM, "apart": _APART}
"""By kind of answer, then by format and what is not read. A stream is `apart` where the adapter has its chunks alone."""

NOT_AS_SENT: Final[Mapping[str, str]] = {
    "5db3ef01fc0f1fcd": "LiteLLM takes what stands between <think> marks out of the text, as thoughts",
}
"""Text that LiteLLM itself gives otherwise than the provider sent it."""

REFUSED: Final[Mapping[str, str]] = {
    "c2d55f4c41ac687f": "the stream ends without a finish reason, which LiteLLM takes for a cut",
    "890437bd42c89301": "as above",
}
"""Answers that LiteLLM does not read."""

UNREAD_BY_GROQ: Final = frozenset({"ebd3c14f07dda9ee", "0c42c0e67d3afb55", "3c96909cf7669018", "1474db75102b686e", "5db3ef01fc0f1fcd"})
"""Whole answers of Groq's without a `service_tier`: LiteLLM's `groq/` does not read them, its `openai/` does."""


class Read(NamedTuple):
    """What came of a call."""

    reply: Reply
    apart: Reply
    """The same, of a stream of which the adapter has the chunks alone."""
    text: str
    calls: tuple[tuple[str, Any], ...]


class Reader:
    """Asks LiteLLM for recorded answers, for each in each way once."""

    def __init__(self, here: Loopback, runner: asyncio.Runner) -> None:
        # Not with this file: importing LiteLLM takes seconds.
        import litellm

        self._litellm: Any = litellm
        self._here = here
        self._runner = runner
        self._read: dict[tuple[str, str], Read] = {}

    def read(self, case: Case, way: str) -> Read:
        """Return what the adapter read, and what the caller was given."""
        key = case.body, way
        if key not in self._read:
            self._read[key] = self.ask(case, way)
        return self._read[key]

    def ask(self, case: Case, way: str, **options: Any) -> Read:
        self._here.now(case)
        request = {**_request(case, self._here.url), **options}
        kind = "responses" if case.wire == "openai-responses" else "completion"
        given: list[Any] = []
        if way == "sync":
            answer = getattr(self._litellm, kind)(**request)
            given.extend(answer if case.streamed else [answer])
        else:
            answer = self._runner.run(_awaited(getattr(self._litellm, f"a{kind}"), request, given))
        assert len(self._here.requests) == 1
        if not case.streamed:
            reply = reply_of(answer)
            return Read(reply, reply, *_given(case, given))
        return Read(_taken(StreamSource(answer), given), _taken(StreamSource(), given), *_given(case, given))


async def _awaited(ask: Any, request: dict[str, Any], given: list[Any]) -> Any:
    answer = await ask(**request)
    if "stream" not in request:
        given.append(answer)
        return answer
    async for chunk in answer:
        given.append(chunk)
    return answer


def _request(case: Case, url: str) -> dict[str, Any]:
    common: dict[str, Any] = {"model": _model(case), "api_base": url, "api_key": "none", **({"stream": True} if case.streamed else {})}
    if case.wire == "openai-responses":
        return {**common, "input": "hi"}
    options = {"stream_options": {"include_usage": True}} if case.streamed else {}
    return {**common, "messages": [{"role": "user", "content": "hi"}], "num_retries": 0, "max_retries": 0, **options}


def _model(case: Case) -> str:
    if case.wire == "openai-responses":
        # LiteLLM makes a stream of a whole answer for models that it does not know.
        return "openai/gpt-4.1-nano"
    if case.wire != "openai-chat":
        return f"{case.wire}/asked-for"
    own = case.provider in ("groq", "openrouter", "deepseek") and case.id not in UNREAD_BY_GROQ
    return f"{case.provider if own else 'openai'}/asked-for"


def _taken(source: StreamSource, chunks: list[Any]) -> Reply:
    useful = [source.take(chunk) for chunk in chunks]
    reply = source.reply()
    assert not source.is_half()
    assert any(useful) or not (reply.text or reply.tool_calls)
    return reply


def _given(case: Case, given: list[Any]) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """Return the text and the calls, with their arguments, as the caller was given them."""
    if case.wire == "openai-responses":
        items = [
            item if isinstance(item, dict) else item.model_dump() for item in (given[-1].response if case.streamed else given[0]).output
        ]
        texts = [part["text"] for item in items if item["type"] == "message" for part in item["content"]]
        return "".join(texts), tuple((item["name"], json.loads(item["arguments"])) for item in items if item["type"] == "function_call")
    texts, calls = [], {}
    for chunk in given:
        for choice in chunk.choices:
            message = choice.delta if case.streamed else choice.message
            texts.append(message.content or "")
            for number, part in enumerate(message.tool_calls or ()):
                call = calls.setdefault(part.index if case.streamed else number, [part.id, part.function.name, ""])
                call[2] += part.function.arguments or ""
    # Those are run by Anthropic.
    own = [call for call in calls.values() if not str(call[0]).startswith("srvtoolu_")]
    return "".join(texts), tuple((name, json.loads(arguments or "{}")) for _, name, arguments in own)


def same(finish: str, truth: Said) -> bool:
    """Return whether LiteLLM's word for a reason means what the provider's does. Gemini says STOP also of calls, LiteLLM says so."""
    given = meaning(finish)
    return truth.finish is not None and (given == meaning(truth.finish) or (given == "tool_calls" and truth.tool_calls != ()))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    # One event loop for all: LiteLLM keeps clients, and tasks of its own, with the loop that they began in.
    with loopback() as here, asyncio.Runner() as runner:
        yield Reader(here, runner)


def _readable(**which: bool) -> list[Case]:
    return [case for case in supported(**which) if case.id not in REFUSED]


@pytest.mark.parametrize(("case", "way"), params(_readable(), WAYS))
def test_what_is_read_of_an_answer_is_what_was_sent(case: Case, way: str, reader: Reader) -> None:
    read, truth = reader.read(case, way), case.said()
    for reply in (read.reply, read.apart):
        assert not [each for each in differences(reply, truth, same_finish=same) if each.read is not None]
        assert reply.text == read.text
        assert reply.id is None or json.dumps(reply.id) in case.body
    assert (read.text == truth.text) == (case.id not in NOT_AS_SENT)
    assert read.calls == truth.tool_calls
    assert read.reply.provider == _model(case).split("/")[0]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_read_is_in_the_table(way: str, reader: Reader) -> None:
    present()
    missing: dict[str, Counter[tuple[str, str]]] = {kind: Counter() for kind in UNKNOWN}
    for case in _readable():
        read = reader.read(case, way)
        for kind, reply in (("stream", read.reply), ("apart", read.apart)) if case.streamed else (("plain", read.reply),):
            found = differences(reply, case.said(), same_finish=same)
            missing[kind].update((str(case.wire), each.name) for each in found if each.read is None)
    for kind, table in UNKNOWN.items():
        counts = {key: known.count for key, known in table.items()} | (_PASSED_ON if (kind, way) == ("apart", "sync") else {})
        assert missing[kind] == {key: count for key, count in counts.items() if count}, kind


@pytest.mark.parametrize(("case", "way"), params(supported(fails=True), WAYS))
def test_an_error_is_raised_and_is_of_its_kind(case: Case, way: str, reader: Reader) -> None:
    with pytest.raises(Exception) as caught:
        reader.ask(case, way)
    assert classify(caught.value).kind == FAILURES[case.id]


@pytest.mark.parametrize(("case", "way"), params([case for case in supported() if case.id in REFUSED], WAYS))
def test_what_litellm_does_not_read_is_an_error_that_may_pass(case: Case, way: str, reader: Reader) -> None:
    with pytest.raises(Exception, match="before a finish_reason"):
        reader.ask(case, way)


@pytest.mark.parametrize(("case", "way"), params([case for case in supported() if case.id in UNREAD_BY_GROQ], WAYS))
def test_older_answers_of_groq_are_read_as_those_of_openai_alone(case: Case, way: str, reader: Reader) -> None:
    with pytest.raises(Exception, match="service_tier"):
        reader.ask(case, way, model="groq/asked-for")


# What no recording has


def read_of(reader: Reader, case: Case, *, without: tuple[str, ...] = ()) -> None:
    """Check that an answer is read in every way, right but for what is unknown."""
    for way in WAYS:
        found = differences(reader.read(case, way).reply, case.said(), same_finish=same)
        assert not [each for each in found if each.read is not None], way
        assert tuple(each.name for each in found) == without, way


def test_any_finish_reason_is_read_as_it_is_or_unknown(reader: Reader) -> None:
    read_of(reader, made_up.chat("unheard_of"))
    read_of(reader, made_up.chat_stream(made_up.COUNTS, finish="unheard_of"))
    for stop in ("pause_turn", "refusal", "model_context_window_exceeded"):
        read_of(reader, made_up.message({"input_tokens": 5, "output_tokens": 2}, stop=stop))
        read_of(reader, made_up.message_stream({"input_tokens": 5}, {"output_tokens": 2}, stop=stop))
    for finish in ("OTHER", "MALFORMED_FUNCTION_CALL", "UNHEARD_OF"):
        read_of(reader, made_up.whole("gemini", made_up.content(finish)))
        read_of(reader, made_up.stream("gemini", made_up.content(finish)), without=("finish_reason",))


@pytest.mark.parametrize(
    "case",
    [
        made_up.chat(None),
        made_up.message({"input_tokens": 5, "output_tokens": 2}, stop="unheard_of"),
        made_up.message_stream({"input_tokens": 5}, {"output_tokens": 2}, stop="unheard_of"),
    ],
    ids=["a whole answer of OpenAI's without one", "a word that LiteLLM does not know of Anthropic", "the same in a stream"],
)
def test_where_litellm_leaves_no_sign_its_own_finish_reason_is_read(case: Case, reader: Reader) -> None:
    for way in WAYS:
        assert reader.read(case, way).reply.finish_reason == "stop"


def test_the_end_of_a_stream_of_geminis_that_was_cut_is_unknown(reader: Reader) -> None:
    read_of(reader, made_up.stream("gemini", made_up.content(None)))
    read_of(reader, made_up.whole("gemini", made_up.content(None)))


def test_what_litellm_counts_itself_is_unknown(reader: Reader) -> None:
    for case in (made_up.chat(usage=None), made_up.chat_stream(), made_up.chat_stream(wire="mistral")):
        read_of(reader, case)
        for way in WAYS:
            assert reader.read(case, way).apart.usage is None
            without_usage = reader.ask(case, way, **({"stream_options": None} if case.streamed else {}))
            assert (without_usage.reply.usage, without_usage.apart.usage) == (None, None)


def test_usage_is_read_where_the_caller_did_not_ask_for_it(reader: Reader) -> None:
    cached = {"cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "cache_creation": {"ephemeral_5m_input_tokens": 0}}
    case = made_up.message_stream({"input_tokens": 5, **cached}, {"output_tokens": 2})
    for way in WAYS:
        read = reader.ask(case, way, stream_options=None)
        assert (read.reply.usage, read.apart.usage) == (Usage(8, 2, 3, 0), Usage(8, 2, 3, 0))


def test_usage_without_details_is_read_where_the_stream_is_kept(reader: Reader) -> None:
    case = made_up.chat_stream(made_up.COUNTS)
    read_of(reader, case)
    assert reader.read(case, "sync").apart.usage is None


def test_what_nobody_has_heard_of_changes_nothing(reader: Reader) -> None:
    more = {**made_up.COUNTS, "unheard_of": {"of": 1.5}, "cost": 0.1, "prompt_tokens_details": {"cached_tokens": 1, "unheard_of": 2.5}}
    read_of(reader, made_up.chat(usage=more, unheard_of=[1]))
    read_of(reader, made_up.chat_stream(more))
    read_of(reader, made_up.message({"input_tokens": 5, "output_tokens": 2, "unheard_of": {"of": 1}}))


def test_what_came_from_a_cache_alone_is_no_input(reader: Reader) -> None:
    read_of(reader, made_up.message_stream({"output_tokens": 1}, {"output_tokens": 2, "cache_read_input_tokens": 500}))


def test_summaries_of_a_conversation_are_counted(reader: Reader) -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 180, "output_tokens": 35},
        {"type": "message", "input_tokens": 10, "output_tokens": 3},
    ]
    usage = {"input_tokens": 10, "output_tokens": 3, "iterations": iterations}
    summary = {"type": "compaction", "content": "so far"}
    read_of(reader, made_up.message(usage, before=[summary]))
    read_of(reader, made_up.message_stream(usage, usage, before=[summary]))


def test_what_was_cached_is_input_also_where_a_host_counts_it_beside_the_prompt(reader: Reader) -> None:
    cached = {**made_up.COUNTS, "total_tokens": 107, "prompt_tokens_details": {"cached_tokens": 100}}
    read_of(reader, made_up.chat(usage=cached))
    read_of(reader, made_up.chat_stream(cached))


def test_the_id_that_litellm_gives_to_an_answer_without_one_is_unknown(reader: Reader) -> None:
    for way in WAYS:
        assert reader.read(made_up.chat(id=None), way).reply.id is None
        assert reader.read(made_up.chat(), way).reply.id == "chatcmpl-1"


def test_usage_that_a_host_repeats_is_not_added_up(reader: Reader) -> None:
    read_of(reader, made_up.chat_stream({**made_up.COUNTS, "completion_tokens": 1, "total_tokens": 6}, made_up.COUNTS))
