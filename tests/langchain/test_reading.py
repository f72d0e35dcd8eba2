"""What an answer says of itself is read whatever its shape: it may stay unknown, and the caller gets the answer all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace as Made
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from taskroute import IncompleteStreamError, StreamInterruptedError
from taskroute.types import Usage
from taskroute_langchain.answers import Answer, answer_of
from tests.langchain.ways import STREAMS, WAYS, Stage, ask

COUNTS: Final[Mapping[str, Any]] = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}


class Says(BaseChatModel):
    """Answers with the message that it was given, or streams the chunks."""

    message: Any = None
    chunks: Any = Field(default_factory=list[Any])
    endpoint: str = ""

    @property
    def _llm_type(self) -> str:
        return "says"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.message)])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self.chunks:
            yield ChatGenerationChunk(message=chunk)


def says(
    about: Mapping[str, Any], counts: Any = None, content: Any = "hey", *, message: Any = AIMessage, chunk: Any = AIMessageChunk
) -> Says:
    """Return a model whose whole answer, and whose stream of one chunk, says this of itself."""
    whole, last = message(content=content), chunk(content=content, chunk_position="last")
    for each in (whole, last):
        each.response_metadata = dict(about)
        # Not checked, as in a message that a provider's package makes without a check.
        each.usage_metadata = counts
    return Says(message=whole, chunks=[last])


def read(way: str, model: BaseChatModel) -> Answer:
    """Return what is read of an answer that is asked for in one way, and that is given out as without us."""
    stage = Stage({}, given={"odd": model}, models={"odd": {"finish_reason": False}})
    assert ask(way, stage.llm).text == ask(way, model).text
    reply = stage.outcomes.last.reply
    assert reply is not None
    return Answer(reply.usage, reply.finish_reason, reply.model, reply.provider, reply.id)


# Shapes that nobody expects

ODD: Final[Mapping[str, Mapping[str, Any]]] = {
    "prompt_feedback is a list": {"prompt_feedback": ["blocked"]},
    "prompt_feedback is a text": {"prompt_feedback": "blocked"},
    "incomplete_details is a text": {"object": "response", "incomplete_details": "too long"},
    "usage is an object": {"model_provider": "anthropic", "usage": Made(input_tokens=5)},
    "iterations is a number": {"model_provider": "anthropic", "usage": {"iterations": 3}},
    "an iteration is a text": {"model_provider": "anthropic", "usage": {"iterations": ["compaction"]}},
    "token_usage is a list": {"model_provider": "mistralai", "token_usage": [5]},
    "model_provider is a list": {"model_provider": ["openai"]},
    "all is a number": dict.fromkeys(("finish_reason", "model_name", "model_provider", "id", "usage", "object"), 7),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("about", ODD.values(), ids=ODD)
def test_metadata_of_another_shape_is_unknown_and_what_stands_beside_it_is_read(about: Mapping[str, Any], way: str) -> None:
    said = read(way, says(about, COUNTS))
    assert said.usage == Usage(5, 2)
    assert (said.finish_reason, said.model, said.id) == (None, None, None)


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        (
            {**COUNTS, "input_token_details": {"ephemeral_5m_input_tokens": None, "ephemeral_1h_input_tokens": 3}},
            Usage(5, 2, None, 3, cache_write_1h=3),
        ),
        ({**COUNTS, "input_token_details": [1], "output_token_details": "2"}, Usage(5, 2)),
        ({**COUNTS, "input_tokens": "5", "total_tokens": None}, Usage(None, 2)),
        ({"input_tokens": 5, "output_tokens": -1}, Usage(5)),
        ([5, 2], None),
    ],
)
def test_counts_of_another_shape_are_unknown(counts: Any, usage: Usage | None, way: str) -> None:
    assert read(way, says({}, counts)).usage == usage


def test_an_enumeration_says_its_value() -> None:
    blocked = {"prompt_feedback": {"block_reason": Made(value="SAFETY")}}
    assert answer_of(AIMessage(content="", response_metadata=blocked)).finish_reason == "SAFETY"


ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | st.just(Made(value=1)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
COUNTED: Final = (
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "num_cached_tokens"),
    *("cache_read", "cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "reasoning", "flex", "flex_reasoning"),
)


def mixed(names: Sequence[str], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give mappings with some of these names, each with anything or with what it has as a rule, and sometimes anything at all."""
    fields = {name: ANYTHING | known[name] if name in known else ANYTHING for name in (*names, *known)}
    return st.fixed_dictionaries({}, optional=fields)


DETAILS: Final = mixed(COUNTED)
STEPS: Final = st.lists(ANYTHING | mixed(COUNTED, type=st.just("compaction")), max_size=2)
ABOUT: Final = mixed(
    ["finish_reason", "stop_reason", "done_reason", "status", "model_name", "model", "id"],
    object=st.just("response"),
    incomplete_details=mixed(["reason"]),
    prompt_feedback=mixed(["block_reason"]),
    model_provider=st.sampled_from(["openai", "anthropic", "mistralai", "google_genai"]),
    token_usage=mixed(COUNTED, prompt_tokens_details=DETAILS),
    usage=mixed(COUNTED, iterations=STEPS),
)
USAGES: Final = ANYTHING | mixed(["total_tokens", *COUNTED], input_token_details=DETAILS, output_token_details=DETAILS)
CONTENTS: Final = st.sampled_from(["hey", [{"type": "text", "text": "hey"}], [{"type": "compaction"}, "hey"]])
MODELS: Final = st.builds(says, ABOUT, USAGES, CONTENTS)


@given(MODELS, st.sampled_from(WAYS))
def test_no_shape_of_an_answer_fails_a_call_that_would_not_fail_without_us(model: Says, way: str) -> None:
    stage = Stage({}, given={"odd": model}, models={"odd": {"finish_reason": False}})
    try:
        bare = ask(way, model)
    except Exception:  # LangChain's own merging of chunks does not take everything
        return
    assert ask(way, stage.llm).content == bare.content
    assert stage.outcomes.last.reply is not None


# What cannot be read at all


class Unreadable(dict[str, Any]):
    """A mapping that breaks when it is looked into."""

    def get(self, key: str, default: Any = None) -> Any:
        raise RuntimeError("the secret of the prompt")


UNREADABLE: Final[Mapping[str, Any]] = {"object": "response", "incomplete_details": Unreadable(reason="length")}


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_an_answer_that_cannot_be_read_costs_one_warning_for_its_class_and_says_nothing(way: str) -> None:
    class Whole(AIMessage): ...

    class Chunk(AIMessageChunk): ...

    # Each its own, because a class is warned of once.
    Whole.__name__, Chunk.__name__ = f"Whole_{way}", f"Chunk_{way}"
    model = says(UNREADABLE, COUNTS, message=Whole, chunk=Chunk)
    name = Chunk.__name__ if way in STREAMS else Whole.__name__
    with pytest.warns(RuntimeWarning, match=rf"class {name} could not be read \(RuntimeError\)") as caught:
        assert read(way, model) == Answer(None, None, None, None)
    assert not [each for each in caught if "secret" in str(each.message)]
    assert read(way, model) == Answer(None, None, None, None)


def test_where_warnings_are_errors_an_answer_that_cannot_be_read_comes_through_too() -> None:
    class Strict(AIMessage): ...

    # Warnings are errors in this suite, and nothing here says otherwise.
    assert read("invoke", says(UNREADABLE, COUNTS, message=Strict)) == Answer(None, None, None, None)


@pytest.mark.filterwarnings("ignore:an answer of class EventSource could not be read:RuntimeWarning")
@pytest.mark.parametrize("way", ["events", "aevents"])
def test_a_stream_of_events_that_cannot_be_read_comes_through(way: str) -> None:
    assert read(way, says(UNREADABLE, COUNTS)) == Answer(None, None, None, None)


@pytest.mark.filterwarnings("ignore:an answer of class .* could not be read:RuntimeWarning")
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_cannot_be_read_has_a_record_without_a_price(way: str) -> None:
    answer = ask(way, Stage({}, given={"odd": says(UNREADABLE, COUNTS)}).llm)
    assert (answer.response_metadata["taskroute"]["model"], answer.response_metadata["taskroute"]["cost"]) == ("odd", None)


def test_of_a_stream_with_a_chunk_that_cannot_be_read_nothing_is_believed() -> None:
    class Chunk(AIMessageChunk): ...

    chunks = [
        Chunk(content="he", usage_metadata=UsageMetadata(**COUNTS), response_metadata={"model_provider": "x", "model_name": "m"}),
        Chunk(content="y", response_metadata={**UNREADABLE}, chunk_position="last"),
    ]
    with pytest.warns(RuntimeWarning, match="class Chunk could not be read"):
        assert read("stream", Says(chunks=chunks)) == Answer(None, None, None, None)


def test_structured_answers_come_through_whatever_their_message_says() -> None:
    class Raw(AIMessage): ...

    class Structured(Says):
        def with_structured_output(self, schema: Any, **_: Any) -> Any:
            return self | (lambda message: {"heard": message.text})

    model = Structured(message=says(UNREADABLE, COUNTS, message=Raw).message)
    stage = Stage({}, given={"odd": model})
    with pytest.warns(RuntimeWarning, match="class Raw could not be read"):
        assert stage.llm.with_structured_output({"title": "t"}).invoke("hi") == {"heard": "hey"}


# Streams that end without a reason


def silent(provider: str | None) -> Says:
    about = {"model_name": "m"} if provider is None else {"model_provider": provider, "model_name": "m"}
    return Says(chunks=[AIMessageChunk(content="hey", response_metadata=about, chunk_position="last")])


@pytest.mark.parametrize("way", STREAMS)
@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_genai", "mistralai"])
def test_a_stream_that_ends_without_the_reason_that_its_provider_always_gives_is_broken(way: str, provider: str) -> None:
    stage = Stage({}, given={"odd": silent(provider)})
    with pytest.raises((IncompleteStreamError, StreamInterruptedError), match="finish_reason: false"):
        ask(way, stage.llm)


@pytest.mark.parametrize("way", STREAMS)
def test_the_policy_says_which_servers_never_give_a_reason(way: str) -> None:
    assert read(way, silent("openai")) == Answer(None, None, "m", "openai")


@pytest.mark.parametrize("way", STREAMS)
@pytest.mark.parametrize("provider", ["fake", None])
def test_of_an_unknown_provider_no_reason_is_asked(way: str, provider: str | None) -> None:
    stage = Stage({}, given={"odd": silent(provider)})
    assert ask(way, stage.llm).text == "hey"


# What is merged, and what is not


def test_a_name_that_was_joined_from_chunks_is_read_once_and_another_as_it_is() -> None:
    about = {"model_name": "yoloyolo", "finish_reason": "stopstop"}
    assert answer_of(AIMessage(content="hey", response_metadata=about)).model == "yoloyolo"
    assert answer_of(AIMessageChunk(content="hey", response_metadata=about)).model == "yolo"
    # A model that streams behind `invoke` gives a message that was joined from chunks.
    assert answer_of(AIMessage(content="hey", response_metadata=about)).finish_reason == "stop"


@pytest.mark.parametrize("way", STREAMS)
@pytest.mark.parametrize("before", [{}, {"model_provider": "x"}], ids=["nothing known before", "the provider known before"])
def test_the_one_thing_that_a_chunk_says_is_read(before: dict[str, Any], way: str) -> None:
    chunks = [
        AIMessageChunk(content="he", response_metadata=before),
        AIMessageChunk(content="y", response_metadata={"finish_reason": "stop"}, chunk_position="last"),
    ]
    assert read(way, Says(chunks=chunks)).finish_reason == "stop"


@pytest.mark.parametrize("way", STREAMS)
def test_a_chunk_that_says_no_more_than_whose_it_is_changes_nothing(way: str) -> None:
    whose = {"model_provider": "openai"}
    chunks = [
        AIMessageChunk(content="h", response_metadata=whose),
        AIMessageChunk(content="e", response_metadata={**whose, "model_name": "m", "finish_reason": "stop", "id": "1"}),
        AIMessageChunk(content="y", response_metadata=whose, chunk_position="last"),
    ]
    assert read(way, Says(chunks=chunks)) == Answer(None, "stop", "m", "openai", "1")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("provider", "usage"), [("anthropic", None), ("openai", Usage(5, 2))])
def test_a_summary_hides_the_counts_of_the_provider_that_leaves_it_out(provider: str, usage: Usage | None, way: str) -> None:
    content = [{"type": "compaction", "content": "so far"}, {"type": "text", "text": "hey"}]
    assert read(way, says({"model_provider": provider}, COUNTS, content)).usage == usage


@pytest.mark.parametrize(
    ("iteration", "usage"),
    [
        ({"input_tokens": 180, "output_tokens": 35}, Usage(185, 37)),
        ({"input_tokens": 180, "output_tokens": 35, "cache_read_input_tokens": 4}, Usage(189, 37)),
        ({"input_tokens": 180}, Usage(185, None)),
        ({"output_tokens": 35}, Usage(None, 37)),
    ],
)
def test_a_sum_of_which_a_part_is_missing_is_unknown(iteration: dict[str, Any], usage: Usage) -> None:
    about = {"model_provider": "anthropic", "usage": {"iterations": [{"type": "compaction", **iteration}]}}
    assert read("invoke", says(about, COUNTS)).usage == usage


@pytest.mark.parametrize(
    ("provider", "more", "total", "usage"),
    [
        ("bedrock", {"cache_read": 100}, 107, Usage(105, 2, 100)),
        ("bedrock", {"cache_read": 60, "cache_creation": 40}, 107, Usage(105, 2, 60, 40)),
        ("bedrock", {"cache_read": 100}, 108, Usage(5, None, 100)),
        ("bedrock", {"cache_read": 0}, 107, Usage(5, None, 0)),
        ("bedrock", {"cache_read": 3}, 7, Usage(5, 2, 3)),
        ("google_genai", {"cache_read": 100}, 107, Usage(5, 2, 100)),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_what_the_total_has_more_is_what_was_cached_or_makes_the_output_unknown(
    provider: str, more: dict[str, int], total: int, usage: Usage, way: str
) -> None:
    found = read(way, says({"model_provider": provider}, {**COUNTS, "total_tokens": total, "input_token_details": more})).usage
    spread = provider == "google_genai" and way.endswith("events")
    assert found == (usage._replace(cache_read=None) if spread else usage)
