"""Kept answers of the real packages of each provider: what they say over the wire is served again in every form, and nobody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import pytest
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from taskroute import Router
from taskroute.testing import FakeClock
from taskroute_langchain import RoutedChatModel
from tests.emulator import Emulator, Say
from tests.langchain.cached import record_of
from tests.langchain.ways import WAYS, Outcomes, ask

PROVIDERS: Final[Mapping[str, tuple[str, str, Mapping[str, Any]]]] = {
    "openai": ("openai:gpt-5-mini", "/v1", {}),
    "openai-responses": ("openai:gpt-5-mini", "/v1", {"use_responses_api": True}),
    "anthropic": ("anthropic:claude-haiku-4-5", "", {}),
    "gemini": ("google_genai:gemini-2.5-flash", "", {}),
    "mistral": ("mistralai:mistral-small-latest", "/mistral/v1", {}),
}


class City(BaseModel):
    """A city and how many people live there."""

    name: str
    people: int


def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"sunny in {city}"


class Real(NamedTuple):
    """A routed model of a real provider's package in front of the emulator."""

    llm: RoutedChatModel
    emulator: Emulator
    outcomes: Outcomes

    @property
    def asked(self) -> int:
        return len(self.emulator.requests)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator().running() as running:
        yield running


@pytest.fixture(params=PROVIDERS)
def real(request: pytest.FixtureRequest, emulator: Emulator) -> Real:
    name, path, params = PROVIDERS[request.param]
    entry = {"model": name, "base_url": emulator.url + path, "api_key_env": "KEY", "params": dict(params)}
    policy = {"models": {"m": entry}, "default": "m", "retry": {"extra": 0}, "cache": {"store": "memory", "tool_calls": True}}
    outcomes = Outcomes()
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("KEY", "none")
        router = Router(policy, clock=FakeClock(), observers=[outcomes])
        return Real(RoutedChatModel(router=router), emulator, outcomes)


def _told(message: Any) -> Any:
    """Return what a message says, in LangChain's own blocks and without places and ids."""
    blocks = [{key: value for key, value in block.items() if key not in ("id", "index", "extras")} for block in message.content_blocks]
    return [block for block in blocks if block.get("text") != ""]


@pytest.mark.parametrize("way", WAYS)
def test_a_text_is_served_in_each_form_as_it_was_first_given(real: Real, way: str) -> None:
    real.emulator.then(Say("Paris is the capital of France, and has been for long", finish="stop"))
    first = ask(way, real.llm, "What is the capital of France?")

    served = [ask(each, real.llm, "What is the capital of France?") for each in WAYS]

    assert real.asked == 1
    assert [_told(each) for each in served] == [_told(first)] * len(WAYS)
    assert type(served[WAYS.index(way)].content) is type(first.content)
    assert len({first.id, *(each.id for each in served)}) == len(WAYS) + 1
    assert all(record_of(each)["cache_hit"] for each in served)


@pytest.mark.parametrize("way", WAYS)
def test_calls_of_tools_are_served_in_each_form(real: Real, way: str) -> None:
    bound = real.llm.bind_tools([get_weather])
    first = ask(way, bound, "What is the weather in 'Rome'?")

    served = [ask(each, bound, "What is the weather in 'Rome'?") for each in WAYS]

    assert real.asked == 1
    assert [(call["name"], call["args"]) for call in first.tool_calls] == [("get_weather", {"city": "Rome"})]
    assert [[(call["name"], call["args"]) for call in each.tool_calls] for each in served] == [[("get_weather", {"city": "Rome"})]] * len(
        WAYS
    )
    assert len({message.tool_calls[0]["id"] for message in (first, *served)}) == len(WAYS) + 1


def test_a_conversation_goes_on_from_a_served_call(real: Real) -> None:
    bound = real.llm.bind_tools([get_weather])
    bound.invoke("What is the weather in 'Rome'?")
    called: Any = bound.invoke("What is the weather in 'Rome'?")
    call = called.tool_calls[0]
    result = {"role": "tool", "content": "sunny", "tool_call_id": call["id"]}

    real.emulator.then(Say("It is sunny in Rome"))
    answer = bound.invoke([("user", "What is the weather in 'Rome'?"), called, result])

    assert answer.text == "It is sunny in Rome"
    assert real.asked == 2


@pytest.mark.parametrize("include_raw", [False, True], ids=["parsed", "with raw"])
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_structured_output_is_served_in_each_form(real: Real, way: str, include_raw: bool) -> None:
    runnable = real.llm.with_structured_output(City, include_raw=include_raw)
    # Of a live stream of OpenAI's responses, its package's parser can make nothing.
    responses = bool(real.llm.router.policy.models["m"].params.get("use_responses_api"))
    first = _structured("invoke" if responses else way, runnable)

    served = [_structured(each, runnable) for each in ("invoke", "ainvoke", "stream", "astream")]

    assert real.asked == 1
    assert first == City(name="Rome", people=2_800_000)
    assert served == [first] * 4


def _structured(way: str, runnable: Any) -> Any:
    prompt = "Tell me of the city 'Rome', with 2800000 people."

    async def streamed() -> list[Any]:
        return [part async for part in runnable.astream(prompt)]

    if way == "invoke":
        answer = runnable.invoke(prompt)
    elif way == "ainvoke":
        answer = asyncio.run(runnable.ainvoke(prompt))
    else:
        parts: list[Any] = list(runnable.stream(prompt)) if way == "stream" else asyncio.run(streamed())
        parsed = [part["parsed"] for part in parts if isinstance(part, dict) and "parsed" in part]
        answer = parsed[-1] if parsed else parts[-1]
    return answer["parsed"] if isinstance(answer, dict) else answer


def _places(value: Any) -> set[str]:
    """Return where in nested mappings there is a number."""
    if not isinstance(value, Mapping):
        return {""} if isinstance(value, int | float) and value else set()
    return {f"{key}/{place}" for key, inner in value.items() for place in _places(inner)}


def _known(value: Any, place: str) -> Any:
    for key in place.removesuffix("/").split("/"):
        value = value[key]
    return value


def test_whoever_looks_up_counts_finds_none_of_them_gone(real: Real) -> None:
    told = [real.llm.invoke("What is the capital of France?") for _ in range(2)]
    generated: list[Any] = [real.llm.generate([[HumanMessage("And of Italy?")]]) for _ in range(2)]
    [given, served], [first, again] = told, generated

    assert given.usage_metadata is not None
    places = {f"{name}/{place}" for name in ("token_usage", "usage") for place in _places(given.response_metadata.get(name, {}))}
    assert {_known(served.usage_metadata, place) for place in _places(given.usage_metadata)} == {0}
    assert all(_known(served.response_metadata, place) == 0 for place in places)
    assert {"cache_hit"} <= record_of(again.generations[0][0].message).keys()
    assert all(_known(again.llm_output, place) == 0 for place in _places(first.llm_output or {}))
    assert (again.llm_output or {}).get("model_name") == (first.llm_output or {}).get("model_name")


def test_fields_that_a_package_always_leaves_in_a_plain_answer_are_there(real: Real) -> None:
    given, served = (real.llm.invoke("What is the capital of France?") for _ in range(2))
    absent = {"id", "created_at", "system_fingerprint", "service_tier", "metadata", "diagnostics"}

    assert given.response_metadata.keys() - served.response_metadata.keys() <= absent
    assert given.additional_kwargs.keys() <= served.additional_kwargs.keys()
