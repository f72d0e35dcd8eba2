"""Streams of completions and responses that are not whole: told by signs that no whole stream has, and never without one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from types import SimpleNamespace as Made
from typing import Any, Final

import pytest

from taskroute import IncompleteStreamError
from taskroute.execution.failures import classify
from taskroute.types import Usage
from taskroute_litellm.replies import StreamSource
from taskroute_litellm.stream_errors import EventError, refuse_half
from tests.emulator import Cut, Emulator, Say, ToolCall
from tests.litellm_host.test_replies import chunk, response, usage

UNNAMED: Final = {"provider_response_model": None}
"""Of a chunk that LiteLLM made itself."""
CLAUDE: Final = {"custom_llm_provider": "anthropic"}
BARE: Final = Made(received_finish_reason=None)
"""LiteLLM's own stream, which was told no finish reason."""
AROUND: Final = Made(received_finish_reason=None, fallback_headers_adopted=False)
"""The stream of LiteLLM's router, which never is."""


def source_of(*chunks: Any, stream: Any = None) -> StreamSource:
    source = StreamSource(stream)
    for each in chunks:
        source.take(each)
    return source


@pytest.mark.parametrize(
    "source",
    [
        source_of(chunk("hey"), chunk(finish="stop", hidden=UNNAMED), stream=BARE),
        source_of(chunk("hey", hidden=CLAUDE), chunk(finish="stop", hidden={**CLAUDE, **UNNAMED}), stream=AROUND),
        source_of(Made(type="response.created", response=Made())),
        source_of(),
    ],
)
def test_a_stream_that_was_cut_is_refused_and_has_no_finish_reason(source: StreamSource) -> None:
    with pytest.raises(IncompleteStreamError):
        refuse_half(source)
    assert refuse_half(source, says_why=False).finish_reason is None


@pytest.mark.parametrize(
    ("source", "finish"),
    [
        (source_of(chunk("hey"), chunk(finish="stop"), stream=Made(received_finish_reason="stop")), "stop"),
        # The server says it together with the last text, and LiteLLM ends the stream with a chunk of its own.
        (source_of(chunk("hey"), chunk(finish="stop", hidden=UNNAMED), stream=AROUND), "stop"),
        (source_of(chunk("hey"), chunk(finish="stop", hidden=UNNAMED), stream=Made(received_finish_reason="stop")), "stop"),
        # What LiteLLM mocks names no model at all.
        (source_of(chunk("hey", hidden=UNNAMED), chunk(finish="stop", hidden=UNNAMED), stream=BARE), "stop"),
        (source_of(chunk("hey", hidden={**CLAUDE, **UNNAMED}), chunk(finish="stop", hidden={**CLAUDE, **UNNAMED}), stream=AROUND), "stop"),
        (source_of(chunk(finish="length"), stream=BARE), "length"),
        (
            source_of(
                chunk("hey", hidden={"custom_llm_provider": "groq"}),
                chunk(finish="stop", hidden={"custom_llm_provider": "groq", **UNNAMED}),
                stream=BARE,
            ),
            None,
        ),
        (source_of(chunk("hey"), stream=Made(received_finish_reason=None, custom_llm_provider="cached_response")), None),
        # A server that counts and never says why.
        (source_of(chunk("hey"), chunk(finish="stop", usage=usage(prompt_tokens_details=Made(cached_tokens=0))), stream=BARE), None),
        # Anthropic's reason came beside something else, so that LiteLLM held it back.
        (
            source_of(
                chunk("hey", hidden=CLAUDE), chunk("", hidden=CLAUDE), chunk(finish="stop", hidden={**CLAUDE, **UNNAMED}), stream=AROUND
            ),
            "stop",
        ),
        (source_of(chunk(finish="content_filter", hidden={**CLAUDE, **UNNAMED}), stream=AROUND), "content_filter"),
        (source_of(Made(type="response.completed", response=response())), "completed"),
        (source_of(Made(type="response.incomplete", response=response(status="incomplete"))), "incomplete"),
    ],
)
def test_a_stream_that_may_be_whole_is_not_refused(source: StreamSource, finish: str | None) -> None:
    assert refuse_half(source).finish_reason == finish


@pytest.mark.parametrize(
    "event",
    [
        Made(type="error", code="rate_limit_exceeded", message="slow down"),
        {"type": "error", "error": {"type": "rate_limit_error", "code": "rate_limit_exceeded", "message": "slow down"}},
        Made(type="response.failed", response=response(status="failed", error=Made(code="rate_limit_exceeded", message="slow down"))),
    ],
)
def test_an_error_among_the_events_of_a_response_is_raised(event: Any) -> None:
    with pytest.raises(EventError, match="slow down") as caught:
        refuse_half(source_of(event))
    assert classify(caught.value).kind == "rate_limit"
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (str(copied), copied.status_code) == (str(caught.value), 429)


def test_counts_beside_a_chunk_that_was_not_the_last_are_the_providers() -> None:
    source = source_of(chunk("hey", hidden={"usage": usage(9, 3)}), chunk(finish="stop"), chunk(usage=usage(8, 2), choices=[]))
    assert source.reply().usage == Usage(9, 3)
    # Those beside the last may be LiteLLM's own.
    assert source_of(chunk("hey"), chunk(finish="stop", hidden={"usage": usage(9, 3)})).reply().usage is None


# Through LiteLLM itself


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


@pytest.fixture
def emulator(live: Emulator) -> Emulator:
    live.reset()
    return live


def streamed(emulator: Emulator, group: str, **more: Any) -> StreamSource:
    import litellm

    at = {"openai/gpt-5-mini": "/v1", "anthropic/claude-haiku-4-5": "", "mistral/mistral-small-latest": "/mistral/v1"}
    groups: list[Any] = [
        {"model_name": name, "litellm_params": {"model": name, "api_base": emulator.url + path, "api_key": "none", "max_retries": 0}}
        for name, path in at.items()
    ]
    router: Any = litellm.Router(model_list=groups, num_retries=0)  # pyright: ignore[reportPrivateImportUsage]
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    stream = router.completion(model=group, messages=messages, stream=True, stream_options={"include_usage": True}, **more)
    source = StreamSource(stream)
    for each in stream:
        source.take(each)
    return source


GROUPS: Final = ("openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "mistral/mistral-small-latest")


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    "say",
    [Say(text="Paris is it"), Say(text=""), Say(refusal="no"), Say(text="Paris is", finish="length"), Say(reasoning="hm", text="Paris")],
)
def test_no_whole_stream_is_refused(group: str, say: Say, emulator: Emulator) -> None:
    emulator.then(say)
    assert refuse_half(streamed(emulator, group)).usage is not None


def test_a_stream_that_calls_a_tool_is_not_refused(emulator: Emulator) -> None:
    emulator.then(Say(text="", tools=(ToolCall("look", {}),)))
    assert refuse_half(streamed(emulator, "anthropic/claude-haiku-4-5")).tool_calls == ("look",)


def test_a_stream_of_anthropics_that_was_cut_is_refused_by_litellm_or_here(emulator: Emulator) -> None:
    emulator.then(Cut(6, clean=True))
    try:
        source = streamed(emulator, "anthropic/claude-haiku-4-5")
    except Exception as error:  # of newer releases
        assert "finish_reason" in str(error)
        return
    if source.reply().model is None:
        pytest.skip("this release keeps no sign of it")
    with pytest.raises(IncompleteStreamError):
        refuse_half(source)
