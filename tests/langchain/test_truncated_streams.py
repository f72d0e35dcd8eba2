"""Streams that end cleanly in the middle, from the real clients, live: only a reason to end, or a count, says that an answer is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from taskroute import IncompleteStreamError, Router, StreamInterruptedError
from taskroute_langchain import RoutedChatModel
from tests.emulator import Cut, Emulator, Say
from tests.langchain.speaking import saying
from tests.langchain.ways import STREAMS, Outcomes, ask, pieces

PROVIDERS: Final = {
    "openai": ("openai:gpt-5-mini", "base_url", "/v1", 1, 4),
    "anthropic": ("anthropic:claude-haiku-4-5", "base_url", "", 3, 5),
    "google": ("google_genai:gemini-2.5-flash", "base_url", "", 0, 3),
    "mistral": ("mistralai:mistral-small-latest", "endpoint", "/mistral/v1", 1, 4),
}
"""Model, how its client is told where to go, and after how many events there is nothing yet, and something, to give out."""


@pytest.fixture(autouse=True)
def _keys(keys: None) -> None: ...


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


def routed(provider: str, url: str, **entry: Any) -> tuple[RoutedChatModel, Outcomes]:
    model, name, path, _, _ = PROVIDERS[provider]
    outcomes = Outcomes()
    models = {"first": {"model": model, "params": {name: url + path}, **entry}, "second": {}}
    router = Router({"models": models, "default": ["first", "second"], "retry": {"extra": 0}}, observers=[outcomes], environ={})
    return RoutedChatModel(router=router, models={"second": saying("all of it")}), outcomes


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_that_ends_before_its_first_word_is_answered_by_the_next_model(provider: str, live: Emulator) -> None:
    llm, outcomes = routed(provider, live.url)
    for way in STREAMS:
        live.reset()
        live.then(Cut(PROVIDERS[provider][3], clean=True))
        assert ask(way, llm).text == "all of it", way
        assert outcomes.tries == [("first", 0, "server_error"), ("second", 0, None)], way


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_that_ends_after_it_is_an_error_that_says_how_much_was_given_out(provider: str, live: Emulator) -> None:
    llm, outcomes = routed(provider, live.url)
    for way in STREAMS:
        live.reset()
        live.then(Cut(PROVIDERS[provider][4], clean=True))
        got: list[Any] = []
        with pytest.raises(StreamInterruptedError, match="chunks were given out") as raised:
            for piece in pieces(way, llm):
                got.append(piece)
        assert raised.value.delivered == len(got) > 0, way
        assert isinstance(raised.value.error, IncompleteStreamError), way
        assert outcomes.tries == [("first", 0, "server_error")], way


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_policy_may_say_that_a_server_gives_no_reason(provider: str, live: Emulator) -> None:
    llm, outcomes = routed(provider, live.url, finish_reason=False)
    for way in STREAMS:
        live.reset()
        live.then(Cut(PROVIDERS[provider][4], clean=True))
        assert ask(way, llm).text.startswith("Paris"), way
        assert outcomes.last.status == "answered"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_whole_one_is_whole(provider: str, live: Emulator) -> None:
    llm, outcomes = routed(provider, live.url)
    for way in STREAMS:
        live.reset()
        live.then(Say("all of the words"))
        assert ask(way, llm).text == "all of the words", way
        assert outcomes.tries == [("first", 0, None)]


def test_usage_at_the_end_is_proof_enough_of_a_host_that_speaks_like_openai(live: Emulator) -> None:
    llm, outcomes = routed("openai", live.url)
    for way in STREAMS:
        live.reset()
        live.then(Say("all of the words", finish=""))
        assert ask(way, llm).text == "all of the words", way
        assert outcomes.last.status == "answered"
