"""Streams that end too early, live, in all four ways to stream: what was given out is told, and before that another model answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taskroute import IncompleteStreamError, StreamInterruptedError
from taskroute.execution.failures import classify
from tests.emulator import Emulator, Proxy, Say
from tests.langchain.ways import STREAMS, Stage, ask


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    """The emulator behind the official addresses."""
    with Emulator().running() as emulator, Proxy(emulator).running():
        yield emulator


@pytest.fixture
def mistral(live: Emulator) -> Any:
    from langchain_mistralai import ChatMistralAI

    live.reset()
    options: dict[str, Any] = {"api_key": "none", "max_retries": 0}
    return ChatMistralAI(model_name="mistral-small-latest", **options)


@pytest.mark.parametrize("way", STREAMS)
def test_a_stream_of_mistrals_with_an_error_in_it_is_broken_although_its_client_passes_over_that(
    way: str, live: Emulator, mistral: Any
) -> None:
    live.then(Say(error_after=5))
    stage = Stage({"other": "unused"}, given={"mistral": mistral}, default=["mistral", "other"])
    with pytest.raises(StreamInterruptedError) as caught:
        ask(way, stage.llm)
    assert caught.value.delivered > 0
    assert isinstance(caught.value.error, IncompleteStreamError)
    assert classify(caught.value.error).kind == "server_error"
    assert stage.called == []


@pytest.mark.parametrize("way", STREAMS)
def test_a_stream_that_breaks_before_its_first_word_is_answered_by_the_next_model(way: str, live: Emulator, mistral: Any) -> None:
    live.then(Say(error_after=0))
    stage = Stage({"other": "all of it"}, given={"mistral": mistral}, default=["mistral", "other"])
    assert ask(way, stage.llm).text == "all of it"
    assert stage.outcomes.tries[0] == ("mistral", 0, "server_error")


@pytest.mark.parametrize("way", STREAMS)
def test_a_stream_of_a_model_that_never_says_why_it_ends_is_whole(way: str) -> None:
    assert ask(way, Stage({"small": "all of it"}).llm).text == "all of it"
