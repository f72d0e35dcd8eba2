"""Retries of the clients themselves: off in what we build, reported in what we are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from langchain_core.language_models import BaseChatModel

from taskroute import Router
from taskroute.testing import FakeClock
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.pool import retries_of
from tests.emulator import Emulator, Fault
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.test_timeouts import Attempts
from tests.langchain.ways import WAYS, ask

PROVIDERS: Final = {
    "openai:gpt-5-mini": ("base_url", "/v1"),
    "anthropic:claude-haiku-4-5": ("base_url", ""),
    "google_genai:gemini-2.5-flash": ("base_url", ""),
    "mistralai:mistral-small-latest": ("endpoint", "/mistral/v1"),
}


@pytest.fixture(autouse=True)
def _keys(keys: None) -> None: ...


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


def routed(model: str, url: str, *, given: BaseChatModel | None = None, **params: Any) -> tuple[Any, Attempts]:
    seen = Attempts()
    name, path = PROVIDERS[model]
    entry: Any = {"model": model, "params": {name: url + path, **params}} if given is None else {}
    router = Router(
        {"models": {"m": entry}, "default": "m", "retry": {"extra": 0}, "breaker": {"failures": 100}},
        observers=[seen],
        environ={},
        clock=FakeClock(),
    )
    return RoutedChatModel(router=router, models={} if given is None else {"m": given}), seen


def built(llm: RoutedChatModel) -> Any:
    return llm._first()


@pytest.mark.parametrize("model", PROVIDERS)
def test_a_model_that_was_built_asks_once_and_once_only(model: str, live: Emulator) -> None:
    llm, seen = routed(model, live.url)
    assert built(llm).max_retries == 0
    for way in WAYS:
        live.reset()
        live.then(*[Fault("unavailable")] * 3)
        with pytest.raises(Exception, match=r"503|Unavailable|UNAVAILABLE|overflow|no body|Service"):
            ask(way, llm)
        assert len(live.requests) == 1, way
    assert {attempt.client_retries for attempt in seen.attempts} == {0}


@pytest.mark.parametrize("model", PROVIDERS)
def test_the_clients_underneath_are_told_so_too(model: str, live: Emulator) -> None:
    made = built(routed(model, live.url)[0])
    clients = {
        "openai": ("root_client", "root_async_client"),
        "anthropic": ("_client", "_async_client"),
    }.get(model.split(":", maxsplit=1)[0], ())
    assert [getattr(made, name).max_retries for name in clients] == [0] * len(clients)


@pytest.mark.parametrize("model", PROVIDERS)
def test_retries_that_the_policy_asks_of_a_client_are_reported_as_it_makes_them(model: str, live: Emulator) -> None:
    llm, seen = routed(model, live.url, max_retries=2)
    live.reset()
    live.then(*[Fault("unavailable")] * 4)
    with pytest.raises(Exception, match=r"503|Unavailable|UNAVAILABLE|overflow|no body|Service"):
        llm.invoke("hi")
    made = len(live.requests) - 1
    # Mistral's client repeats broken connections only, and async calls only.
    assert seen.attempts[0].client_retries == (1 if "mistral" in model else made)


def test_the_retries_of_a_given_model_are_reported_whoever_sets_them() -> None:
    from langchain_anthropic import ChatAnthropic
    from langchain_google_genai import ChatGoogleGenerativeAI
    from langchain_mistralai import ChatMistralAI
    from langchain_openai import ChatOpenAI

    key: Any = "none"
    found = {
        "said": retries_of(ChatOpenAI(model="m", api_key=key, max_retries=2)),
        "said to be none": retries_of(ChatOpenAI(model="m", api_key=key, max_retries=0)),
        "of the client": retries_of(ChatOpenAI(model="m", api_key=key)),
        "anthropic": retries_of(ChatAnthropic(model_name="m", api_key=key, timeout=None, stop=None, max_retries=3)),
        # These count the first try too.
        "google": retries_of(ChatGoogleGenerativeAI(model="m", api_key=key, max_retries=6)),
        "google, none": retries_of(ChatGoogleGenerativeAI(model="m", api_key=key, max_retries=1)),
        "google, off": retries_of(ChatGoogleGenerativeAI(model="m", api_key=key, max_retries=0)),
        "mistral": retries_of(ChatMistralAI(model_name="m", api_key=key, max_retries=5)),
        "nobody knows": retries_of(FakeProvider()),
    }
    assert found == {
        "said": 2,
        "said to be none": 0,
        "of the client": 2,
        "anthropic": 3,
        "google": 5,
        "google, none": 0,
        "google, off": 0,
        "mistral": 4,
        "nobody knows": None,
    }


@pytest.mark.parametrize("way", WAYS)
def test_each_attempt_of_a_given_model_says_how_often_its_client_tries_again(way: str, live: Emulator) -> None:
    from langchain_openai import ChatOpenAI

    live.reset()
    given = ChatOpenAI(model="m", base_url=f"{live.url}/v1", api_key="none", max_retries=2)  # type: ignore[arg-type]
    llm, seen = routed("openai:gpt-5-mini", live.url, given=given)
    ask(way, llm)
    assert [attempt.client_retries for attempt in seen.attempts] == [2]
