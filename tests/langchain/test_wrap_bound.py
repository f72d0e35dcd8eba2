"""What was bound to a model before `wrap` reaches the chosen one in its own format, or keeps the model that it was bound to."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListLLM
from langchain_core.messages import AIMessage
from langchain_core.runnables import (
    ConfigurableField,
    RunnableParallel,
)

from taskroute import Router
from taskroute.testing import ScriptedModel
from taskroute_langchain.testing import ScriptedChatModel, chat_models
from taskroute_langchain.wrap import wrap, wrap_report
from tests.langchain.wrapped import POLICY, Verdict, add, anthropic, openai, scripted


@pytest.fixture
def router() -> Router:
    return Router(POLICY)


@pytest.fixture
def models() -> dict[str, BaseChatModel]:
    return chat_models(ScriptedModel({"small": "from small", "large": "from large"}))


class Recording(ScriptedChatModel):
    """A scripted model of another provider, which notes the arguments of each call."""

    seen: list[dict[str, Any]] = []

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        self.seen.append({**kwargs, "stop": stop})
        return super()._generate(messages, stop, run_manager, **kwargs)


@pytest.fixture
def recording() -> Recording:
    call = AIMessage("", tool_calls=[{"name": "Verdict", "args": {"relevant": True}, "id": "1"}])
    return Recording(script=ScriptedModel({"small": call}), model_name="small", seen=[])


@pytest.mark.parametrize("llm", [openai(), anthropic()], ids=["openai", "anthropic"])
@pytest.mark.parametrize(("choice", "expected"), [("any", "any"), ("add", "add"), ("auto", "auto"), (None, None)])
def test_bound_tools_reach_another_provider_in_its_own_format(
    llm: BaseChatModel, choice: str | None, expected: str | None, recording: Recording
) -> None:
    router = Router({"models": {"small": {}}, "default": ["small"]})
    wrap(llm.bind_tools([add], tool_choice=choice), router, models={"small": recording}).invoke("1 + 1")
    [seen] = recording.seen
    assert [bound["function"]["name"] for bound in seen["tools"]] == ["add"]
    assert set(seen["tools"][0]["function"]["parameters"]["properties"]) == {"a", "b"}
    assert seen.get("tool_choice") == expected


def test_bound_tools_count_as_a_need_of_the_call(router: Router, models: dict[str, BaseChatModel]) -> None:
    policy = {**POLICY, "models": {"small": {"capabilities": {"tools": False}}, "large": {}}, "default": ["small", "large"]}
    chain = wrap(openai().bind_tools([add]), Router(policy), models=models)
    assert chain.invoke("x").content == "from large"


def test_models_of_the_same_class_get_the_bound_arguments_as_they_were(recording: Recording) -> None:
    given = {"tools": [{"type": "own_tool"}], "tool_choice": {"own": 1}, "seed": 3}
    before = Recording(script=ScriptedModel({"before": "hi"}), model_name="before", seen=[])
    router = Router({"models": {"small": {}}, "default": ["small"]})
    wrap(before.bind(**given), router, models={"small": recording}).invoke("x")
    assert recording.seen == [{**given, "stop": None}]


def test_observing_the_original_gets_its_bound_tools_as_they_were(recording: Recording) -> None:
    given = {"tools": [{"name": "add", "input_schema": {"type": "object", "properties": {}}, "cache_control": {"type": "ephemeral"}}]}
    before = Recording(script=ScriptedModel({"before": "hi"}), model_name="before", seen=[])
    router = Router({"models": {"small": {}}, "default": ["small"], "mode": "observe"})
    wrap(before.bind(**given), router, models={"small": scripted("small")}).invoke("x")
    assert before.seen == [{**given, "stop": None}]


@pytest.mark.parametrize("llm", [openai(), anthropic()], ids=["openai", "anthropic"])
@pytest.mark.parametrize("include_raw", [False, True])
def test_structured_output_by_tool_calling_is_answered_by_another_provider(
    llm: BaseChatModel, include_raw: bool, recording: Recording
) -> None:
    router = Router({"models": {"small": {}}, "default": ["small"]})
    chain = llm.with_structured_output(Verdict, include_raw=include_raw, method="function_calling")
    answer: Any = wrap(chain, router, models={"small": recording}).invoke("relevant?")
    assert (answer["parsed"] if include_raw else answer) == Verdict(relevant=True)
    assert recording.seen[0]["tool_choice"] == "Verdict"
    assert "parallel_tool_calls" not in recording.seen[0]


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (openai().with_structured_output(Verdict), "call with_structured_output(schema) on the routed model"),
        (openai().with_structured_output(Verdict, method="json_mode"), "call with_structured_output(schema) on the routed model"),
        (anthropic().with_structured_output(Verdict, method="json_schema"), "call with_structured_output(schema) on the routed model"),
        (openai().bind(reasoning_effort="low"), "['reasoning_effort'] are its provider's own"),
        (openai().bind(model="gpt-6-luna"), "['model'] are its provider's own"),
        (openai().bind_tools([{"type": "web_search"}]), "the bound tool 'web_search' is its provider's own"),
        (FakeListLLM(responses=["x"]), "is not a chat model"),
        (openai().configurable_fields(temperature=ConfigurableField("t")), "its model is rebuilt for each call"),
    ],
)
def test_what_only_one_provider_understands_keeps_its_model_and_is_named(
    kept: Any, why: str, router: Router, models: dict[str, BaseChatModel]
) -> None:
    chain = RunnableParallel(kept=kept, routed=scripted())
    result = wrap_report(chain, router, models=models)
    assert result.replaced == ("steps['routed']",)
    assert result.chain.steps__["kept"] is kept
    [opaque] = result.opaque
    assert opaque.startswith("steps['kept']")
    assert why in opaque


def test_a_bound_model_name_of_the_policy_is_a_pin(router: Router, models: dict[str, BaseChatModel]) -> None:
    assert wrap(openai().bind(model="large"), router, models=models).invoke("x").content == "from large"
