"""Tools, schemas and arguments reach the chosen model in its own format."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableBinding
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ValidationError

from taskroute import Router
from taskroute_langchain import RoutedChatModel
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.listening import Listener
from tests.langchain.provider_errors import RateLimitError
from tests.langchain.ways import WAYS, Stage, ask, pieces


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@tool
def weather(place: str, days: int = 1) -> str:
    """Tell the weather of a place."""
    return f"{place}: rain for {days} days"


class Person(BaseModel):
    """A person."""

    name: str
    age: int


class Sent(Exception):
    """Holds the payload that a client was about to send."""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__("caught before it was sent")
        self.payload = payload


class CaughtOpenAI(ChatOpenAI):
    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        raise Sent(super()._get_request_payload(input_, stop=stop, **kwargs))


class CaughtAnthropic(ChatAnthropic):
    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        raise Sent(super()._get_request_payload(input_, stop=stop, **kwargs))


def openai() -> BaseChatModel:
    return CaughtOpenAI(model="gpt-5-mini", api_key="not a key")  # type: ignore[arg-type]


def anthropic() -> BaseChatModel:
    return CaughtAnthropic(model_name="claude-sonnet-4-5", api_key="not a key", max_tokens_to_sample=100, timeout=None, stop=None)  # type: ignore[arg-type]


def routed(model: BaseChatModel) -> RoutedChatModel:
    return RoutedChatModel(router=Router({"models": {"only": {}}, "default": "only", "retry": {"extra": 0}}), models={"only": model})


def payload(runnable: Any, how: str) -> dict[str, Any]:
    with pytest.raises(Sent) as caught:
        if how == "stream":
            # Without arguments: LangChain's own stream of structured output with the raw answer takes none.
            list(runnable.stream("hi"))
        elif how == "ainvoke":
            asyncio.run(runnable.ainvoke("hi", temperature=0.5))
        else:
            runnable.invoke("hi", temperature=0.5)
    return json.loads(json.dumps(caught.value.payload, default=str))


BINDINGS: list[Any] = [
    pytest.param(lambda llm: llm.bind_tools([weather, Person]), id="tools"),
    pytest.param(lambda llm: llm.bind_tools([weather], tool_choice="any"), id="tool choice"),
    pytest.param(lambda llm: llm.bind_tools([weather], strict=True), id="strict tools"),
    pytest.param(lambda llm: llm.bind_tools([weather]).bind(stop=["x"]), id="tools and stop"),
    pytest.param(lambda llm: llm.bind(max_tokens=7), id="plain arguments"),
    pytest.param(lambda llm: llm.with_structured_output(Person), id="structured output"),
    pytest.param(lambda llm: llm.with_structured_output(Person, method="function_calling"), id="structured output by tools"),
    pytest.param(lambda llm: llm.with_structured_output(Person, include_raw=True), id="structured output with the raw answer"),
]


@pytest.mark.parametrize("provider", [openai, anthropic])
@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream"])
@pytest.mark.parametrize("bind", BINDINGS)
def test_the_request_is_the_one_that_binding_directly_would_send(provider: Any, bind: Any, how: str) -> None:
    assert payload(bind(routed(provider())), how) == payload(bind(provider()), how)


def test_a_providers_own_tool_reaches_it_as_it_is() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}
    assert payload(routed(anthropic()).bind_tools([search, weather]), "invoke") == payload(
        anthropic().bind_tools([search, weather]), "invoke"
    )


def test_response_format_with_tools_goes_through_the_models_own_binding() -> None:
    def bind(llm: BaseChatModel) -> Any:
        return llm.bind_tools([weather], response_format=Person, strict=True)

    assert payload(bind(routed(openai())), "invoke") == payload(bind(openai()), "invoke")


def test_bound_tools_reach_a_fallback_in_its_own_format(way: str) -> None:
    fake = FakeProvider()
    stage = Stage({"small": RateLimitError("slow")}, given={"large": fake})
    answer = ask(way, stage.llm.bind_tools([weather], tool_choice="weather"), "how is 'Rome'?")
    assert answer.tool_calls[0]["args"] == {"place": "Rome", "days": 1}
    assert fake.asked[0]["tool_choice"] == "weather"
    assert fake.asked[0]["tools"][0]["function"]["name"] == "weather"


def test_bind_arguments_are_not_dropped_on_any_way(way: str) -> None:
    fake = FakeProvider()
    ask(way, routed(fake), stop=["dear"], temperature=0.1)
    assert fake.asked == [{"stop": ["dear"], "temperature": 0.1}]


def test_a_binding_shows_tools_in_openai_format_and_is_a_binding() -> None:
    bound = routed(FakeProvider()).bind_tools([weather])
    assert isinstance(bound, RunnableBinding)
    assert bound.kwargs["tools"][0].get("type") == "function"
    assert bound.kwargs["tools"][0]["function"]["name"] == "weather"


def test_a_binding_survives_pickling() -> None:
    tools = routed(FakeProvider()).bind_tools([Person], tool_choice="any").kwargs["tools"]  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(tools))
    assert (again, again.options, again.names) == (tools, {"tool_choice": "any"}, ("Person",))


def test_tools_are_a_need_that_a_model_without_them_does_not_meet() -> None:
    stage = Stage({"small": "no"}, given={"large": FakeProvider()}, models={"small": {"capabilities": {"tools": False}}, "large": {}})
    stage.llm.bind_tools([weather]).invoke("how is 'Rome'?")
    assert stage.outcomes.last.decision.rejected == {"small": "cannot do tools"}


def test_a_tagged_copy_keeps_its_stage_through_binding_and_schemas() -> None:
    routes = [{"name": "any", "when": {"stage": "extract"}, "use": "small"}]
    stage = Stage({}, given={"small": FakeProvider()}, routes=routes)
    llm = stage.llm.for_stage("extract")
    llm.bind_tools([weather]).invoke("x")
    llm.with_structured_output(Person).invoke("x")
    assert [outcome.decision.signals.stage.value for outcome in stage.outcomes.all] == ["extract", "extract"]


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
def test_structured_output_falls_back_and_is_one_run_an_attempt(how: str) -> None:
    listener = Listener()
    stage = Stage({"small": RateLimitError("slow")}, given={"large": FakeProvider()})
    structured = stage.llm.with_structured_output(Person)
    person: Any = structured.invoke("'Ann' is 41", {"callbacks": [listener]}) if how == "invoke" else _last(how, structured, listener)
    assert person == Person(name="Ann", age=41)
    assert [run.ended for run in listener.all] == ["failed", "answered"]
    assert stage.outcomes.last.reply is not None
    assert stage.outcomes.last.reply.usage is not None


def _last(how: str, structured: Any, listener: Listener) -> Any:
    config = {"callbacks": [listener]}

    async def chunks() -> list[Any]:
        return [chunk async for chunk in structured.astream("'Ann' is 41", config)]

    if how == "ainvoke":
        return asyncio.run(structured.ainvoke("'Ann' is 41", config))
    return (list(structured.stream("'Ann' is 41", config)) if how == "stream" else asyncio.run(chunks()))[-1]


def test_the_raw_answer_of_structured_output_has_the_record() -> None:
    stage = Stage({}, given={"small": FakeProvider()})
    answer = stage.llm.with_structured_output(Person, include_raw=True).invoke("'Ann' is 41")
    assert answer["parsed"] == Person(name="Ann", age=41)
    assert answer["raw"].response_metadata["taskroute"]["model"] == "small"


def test_an_answer_that_does_not_parse_keeps_its_own_exception() -> None:
    bad = AIMessage("", tool_calls=[{"name": "Person", "args": {"name": "Ann"}, "id": "1"}])
    stage = Stage({"small": bad, "large": "no"})
    with pytest.raises(ValidationError, match="age"):
        stage.llm.with_structured_output(Person).invoke("'Ann' is 41")
    assert stage.called == ["small"]


def test_an_answer_that_does_not_parse_goes_to_the_next_model_where_asked_for() -> None:
    bad = AIMessage("", tool_calls=[{"name": "Person", "args": {"name": "Ann"}, "id": "1"}])
    stage = Stage({"small": bad}, given={"large": FakeProvider()}, fallback={"on": ["invalid_output"]})
    assert stage.llm.with_structured_output(Person).invoke("'Ann' is 41") == Person(name="Ann", age=41)
    assert stage.outcomes.tries == [("small", 0, "invalid_output"), ("large", 0, None)]


@pytest.mark.parametrize("how", ["stream", "astream"])
def test_structured_output_with_the_raw_answer_streams(how: str) -> None:
    stage = Stage({}, given={"small": FakeProvider()})
    structured = stage.llm.with_structured_output(Person, include_raw=True)
    parts = list(pieces(how, structured, "'Ann' is 41"))
    assert [part["parsed"] for part in parts if part.get("parsed")] == [Person(name="Ann", age=41)]
    assert stage.outcomes.last.status == "answered"


class CountsBinding(FakeProvider):
    """Notes every time that tools are put into its format."""

    bound: list[int] = []

    def bind_tools(self, tools: Any, *, tool_choice: str | None = None, **kwargs: Any) -> Any:
        self.bound.append(len(tools))
        return super().bind_tools(tools, tool_choice=tool_choice, **kwargs)


def test_tools_are_put_into_a_models_format_once() -> None:
    model = CountsBinding(bound=[])
    bound = Stage({}, given={"small": model}).llm.bind_tools([weather, Person])
    for _ in range(3):
        bound.invoke("'x'")
    assert model.bound == [2]


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
def test_structured_output_in_a_chain_is_measured(how: str) -> None:
    stage, listener = Stage({}, given={"small": FakeProvider()}), Listener()
    chain = ChatPromptTemplate.from_messages([("human", "{x}")]) | stage.llm.with_structured_output(Person)
    answer: Any = ask(how, chain, {"x": "'Ann' is 41"}, {"callbacks": [listener]})
    assert answer == Person(name="Ann", age=41)
    assert len(listener.all) == 1
    reply = stage.outcomes.last.reply
    assert reply is not None
    assert reply.usage is not None
    assert reply.usage.input == 3


def test_a_tool_that_was_given_another_description_is_bound_with_it() -> None:
    @tool
    def look_up(word: str) -> str:
        """Look up a word."""
        return word

    llm: Any = RoutedChatModel(router=Router({"models": {"small": {}}, "default": "small"}), models={"small": FakeProvider()})
    first = llm.bind_tools([look_up]).kwargs["tools"]
    look_up.description = "Find a word."
    second = llm.bind_tools([look_up]).kwargs["tools"]
    assert [tools[0]["function"]["description"] for tools in (first, second)] == ["Look up a word.", "Find a word."]
    assert "Find a word." in second.texts[0]
