"""What observers are told that a model is asked for: by the arguments of the call, and by its own settings where these say nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_mistralai import ChatMistralAI
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import BaseModel

from taskroute.types import NOTHING_SENT, Sent
from taskroute_langchain import RoutedChatModel
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.speaking import saying
from tests.langchain.telling import heard_by
from tests.langchain.ways import STREAMS, WAYS, ask

KEY: Any = "none"


class Verdict(BaseModel):
    """One word."""

    word: str


def sent(model: BaseChatModel, call: Callable[[RoutedChatModel], Any] = lambda llm: llm.invoke("hi")) -> dict[str, Any]:
    """Return what a model would be asked for by a call that another one answers, without what nothing says."""
    llm, heard = heard_by(asked=model)
    call(llm)
    found = heard.asking.sent("asked")
    return {name: value for name, value in found._asdict().items() if value != getattr(NOTHING_SENT, name)}


# Each provider's own words


def test_openai_says_what_it_is_set_to_and_where_it_calls() -> None:
    model = ChatOpenAI(
        model="gpt-6-luna",
        api_key=KEY,
        temperature=0.3,
        top_p=0.9,
        max_completion_tokens=90,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        seed=7,
        n=2,
        stop_sequences=["END"],
        service_tier="flex",
        reasoning_effort="low",
    )
    assert sent(model) == {
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 90,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "seed": 7,
        "choice_count": 2,
        "stop_sequences": ("END",),
        "service_tier": "flex",
        "reasoning_level": "low",
        "provider": "openai",
        "model": "gpt-6-luna",
        "server_address": "api.openai.com",
        "server_port": 443,
    }


def test_anthropic_says_what_it_is_set_to_and_where_it_calls() -> None:
    model = ChatAnthropic(
        model_name="claude-opus-5-5",
        api_key=KEY,
        temperature=0.5,
        top_k=40,
        max_tokens_to_sample=300,
        stop=["END"],
        base_url="http://127.0.0.1:9/v1",
        timeout=None,
    )
    assert sent(model) == {
        "temperature": 0.5,
        "top_k": 40,
        "max_tokens": 300,
        "stop_sequences": ("END",),
        "provider": "anthropic",
        "model": "claude-opus-5-5",
        "server_address": "127.0.0.1",
        "server_port": 9,
    }


def test_gemini_says_what_it_is_set_to_and_where_it_calls() -> None:
    model = ChatGoogleGenerativeAI(
        model="gemini-4-pro", api_key=KEY, top_k=3, max_output_tokens=50, thinking_level="low", response_mime_type="application/json"
    )
    found = sent(model)
    assert found.pop("choice_count") == 1
    assert found == {
        "top_k": 3,
        "max_tokens": 50,
        "reasoning_level": "low",
        "output_type": "json",
        "provider": "google_genai",
        "model": "gemini-4-pro",
        "server_address": "generativelanguage.googleapis.com",
        "server_port": 443,
    }


def test_mistral_says_what_it_is_set_to_and_where_it_calls() -> None:
    found = sent(ChatMistralAI(model_name="mistral-small", api_key=KEY, random_seed=4, max_tokens=20))
    assert (found["seed"], found["max_tokens"], found["server_address"]) == (4, 20, "api.mistral.ai")
    assert (found["provider"], found["model"]) == ("mistral", "mistral-small")


def test_azure_says_the_address_of_its_resource() -> None:
    model = AzureChatOpenAI(azure_endpoint="https://ours.openai.azure.com", api_version="2024-10-21", azure_deployment="d", api_key=KEY)
    assert sent(model)["server_address"] == "ours.openai.azure.com"


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [("openai/gpt-6-luna", "openai", "gpt-6-luna"), ("openrouter/x/y", "openrouter", "x/y"), ("gpt-6-luna", "litellm", "gpt-6-luna")],
)
def test_litellm_s_model_says_whose_it_is_before_its_name(name: str, provider: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    from langchain_litellm import ChatLiteLLM

    given = ChatLiteLLM(model=name, temperature=0.1, max_tokens=5, n=3, api_base="https://gateway.test:8443/v1", api_key=KEY)
    assert sent(given) == {
        "temperature": 0.1,
        "max_tokens": 5,
        "choice_count": 3,
        "provider": provider,
        "model": model,
        "server_address": "gateway.test",
        "server_port": 8443,
    }


class Homemade(FakeProvider):
    """A class that nobody knows, with settings under the usual names."""

    temperature: float = 0.8
    max_tokens: int = 12
    base_url: str = "http://user:secret@10.0.0.7:11434/api?key=secret"
    model_kwargs: dict[str, Any] = {"top_p": 0.4, "seed": 3}


def test_a_class_that_nobody_knows_says_what_the_usual_names_say_and_no_secret() -> None:
    assert sent(Homemade()) == {
        "temperature": 0.8,
        "top_p": 0.4,
        "max_tokens": 12,
        "seed": 3,
        "provider": "fakery",
        "model": "fake",
        "server_address": "10.0.0.7",
        "server_port": 11434,
    }


class Broken(FakeProvider):
    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        raise RuntimeError("nothing to say")

    temperature: Any = "warm"
    n: Any = True


def test_a_class_that_cannot_say_who_it_is_and_settings_of_other_types_say_nothing() -> None:
    assert sent(Broken()) == {}


# The call's own words


def test_the_arguments_of_a_call_win_over_those_bound_and_these_over_the_model_s_own() -> None:
    model = ChatOpenAI(
        model="gpt-6-luna", api_key=KEY, temperature=0.3, max_completion_tokens=9, stop_sequences=["own"], extra_body={"top_k": 8}
    )
    found = sent(model, lambda llm: llm.bind(temperature=0.5, seed=1).invoke("hi", seed=2, stop="now"))
    assert (found["temperature"], found["seed"], found["max_tokens"]) == (0.5, 2, 9)
    assert (found["stop_sequences"], found["top_k"]) == (("now",), 8)


def test_what_is_bound_with_tools_counts() -> None:
    found = sent(FakeProvider(), lambda llm: llm.bind_tools([Verdict], reasoning_effort="high").invoke("hi"))
    assert found["reasoning_level"] == "high"


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        ({"reasoning": {"effort": "minimal", "summary": "auto"}}, "minimal"),
        ({"reasoning_effort": "high"}, "high"),
        ({"effort": "max"}, "max"),
        ({"output_config": {"effort": "medium"}}, "medium"),
        ({"thinking_config": {"thinking_level": "high"}}, "high"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, None),
        ({"thinking_budget": 2000}, None),
        ({"reasoning": True}, None),
    ],
)
def test_how_much_to_think_is_told_where_a_word_says_it(arguments: dict[str, Any], level: str | None) -> None:
    assert sent(FakeProvider(), lambda llm: llm.bind(**arguments).invoke("hi")).get("reasoning_level") == level


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"response_format": {"type": "json_object"}}, "json"),
        ({"response_format": Verdict}, "json"),
        ({"response_format": {"type": "text"}}, "text"),
        ({"response_schema": {"type": "object"}}, "json"),
        ({"format": "json"}, "json"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "json"),
        ({"modalities": ["text", "audio"]}, "speech"),
        ({"response_modalities": ["TEXT", "IMAGE"]}, "image"),
        ({"response_mime_type": "text/plain"}, None),
        ({}, None),
    ],
)
def test_what_is_to_come_is_told_where_the_request_says_it(arguments: dict[str, Any], kind: str | None) -> None:
    assert sent(FakeProvider(), lambda llm: llm.bind(**arguments).invoke("hi")).get("output_type") == kind


def test_an_answer_in_a_schema_is_asked_for_as_json() -> None:
    llm, heard = heard_by(FakeProvider(answer="no"))
    llm.with_structured_output(Verdict).invoke("'yes'")
    assert heard.asking.sent("answers").output_type == "json"


def test_an_earlier_answer_that_stands_for_what_came_before_it_is_named() -> None:
    model = ChatOpenAI(model="gpt-6-luna", api_key=KEY, use_previous_response_id=True)
    before: list[Any] = [HumanMessage("a"), AIMessage("b", response_metadata={"id": "resp_1"}), HumanMessage("c")]
    assert sent(model, lambda llm: llm.invoke(before))["previous_response_id"] == "resp_1"
    assert sent(model, lambda llm: llm.invoke(before, previous_response_id="resp_0"))["previous_response_id"] == "resp_0"
    assert "previous_response_id" not in sent(FakeProvider(), lambda llm: llm.invoke(before))


def test_a_prompt_of_the_hub_is_named_where_the_metadata_say_it() -> None:
    about = {"lc_hub_owner": "ours", "lc_hub_repo": "summary", "lc_hub_commit_hash": "abc123"}
    found = sent(FakeProvider(), lambda llm: llm.invoke("hi", {"metadata": about}))
    assert (found["prompt_name"], found["prompt_version"]) == ("summary", "abc123")


def test_a_model_that_the_policy_builds_says_what_its_params_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    entry = {"model": "openai:gpt-6-luna", "params": {"temperature": 0.1}, "base_url": "http://127.0.0.1:9/v1"}
    llm, heard = heard_by(models={"answers": {}, "built": entry})
    llm.invoke("hi", max_tokens=4)
    found = heard.asking.sent("built")
    assert (found.temperature, found.max_tokens, found.server_address, found.server_port) == (0.1, 4, "127.0.0.1", 9)


def test_the_model_that_was_there_before_is_asked_in_its_own_words() -> None:
    from taskroute import Router
    from tests.langchain.telling import Heard

    heard = Heard()
    router = Router({"models": {"a": {}}, "default": ["a"], "mode": "observe"}, observers=[heard], environ={})
    RoutedChatModel(router=router, models={"a": saying("no")}, original=Homemade()).invoke("hi")
    assert heard.asking.sent("(original)").temperature == 0.8


# When it is told


class Counted(FakeProvider):
    """Counts how often it is asked who it is."""

    asked_who: list[int] = []

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        self.asked_who.append(1)
        return super()._get_ls_params(stop, **kwargs)


def test_nothing_is_looked_up_before_somebody_asks_and_then_once_a_model() -> None:
    model = Counted(asked_who=[])
    llm, heard = heard_by(asked=model)
    llm.invoke("hi")
    assert model.asked_who == []
    first: Sent = heard.asking.sent("asked")
    assert heard.asking.sent("asked") is first
    assert model.asked_who == [1]


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_is_told_of_as_one(way: str) -> None:
    llm, heard = heard_by()
    ask(way, llm)
    assert heard.call.streams is (way in STREAMS)
    assert heard.asking.messages() == [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]


def test_older_event_streams_batches_and_generate_are_told_of_too() -> None:
    import asyncio

    llm, heard = heard_by()
    llm.batch(["a", "b"])
    llm.generate([[HumanMessage("c")]])
    asyncio.run(llm.agenerate([[HumanMessage("d")]]))

    async def events() -> None:
        async for _ in llm.astream_events("e", version="v2"):
            pass

    asyncio.run(events())
    told = {str(call.asking.messages()[0]["parts"][0]["content"]): call.streams for call in heard.calls if call.asking is not None}
    assert told == {"a": False, "b": False, "c": False, "d": False, "e": True}


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_a_stream_of_an_answer_in_a_schema_is_told_of_as_one(way: str) -> None:
    llm, heard = heard_by(FakeProvider(answer="no"))
    bound = llm.with_structured_output(Verdict)
    _ = bound.invoke("hi") if way == "invoke" else list(bound.stream("hi"))
    assert heard.call.streams is (way == "stream")


# Which conversation


@pytest.mark.parametrize(
    ("config", "conversation"),
    [
        ({}, None),
        ({"configurable": {"thread_id": "t1"}}, "t1"),
        ({"configurable": {"thread_id": 7}}, "7"),
        ({"metadata": {"session_id": "s1"}}, "s1"),
        ({"metadata": {"session_id": "s1", "conversation_id": "c1"}}, "c1"),
        ({"metadata": {"session_id": "s1"}, "configurable": {"thread_id": "t1"}}, "t1"),
        ({"configurable": {"session_id": "s2"}}, "s2"),
        ({"run_id": "0198c0de-0000-7000-8000-000000000000"}, None),
    ],
)
def test_the_conversation_is_the_one_that_the_application_names(config: Any, conversation: str | None) -> None:
    llm, heard = heard_by()
    llm.invoke("hi", config)
    assert heard.call.conversation == conversation
