"""Routing beside LangChain's own middleware, in either order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    LLMToolSelectorMiddleware,
    ModelFallbackMiddleware,
    ModelRequest,
    ModelRetryMiddleware,
    SummarizationMiddleware,
)
from langchain.agents.structured_output import AutoStrategy, ProviderStrategy, ToolStrategy
from langchain_anthropic import ChatAnthropic
from langchain_anthropic.middleware import AnthropicPromptCachingMiddleware
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphInterrupt
from langgraph.types import Command
from pydantic import BaseModel

from taskroute import AllModelsFailedError, NoEligibleModelError, Router
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel, RoutingMiddleware
from taskroute_langchain.provider_settings import fitting
from taskroute_langchain.testing import ScriptedChatModel, chat_models

POLICY: dict[str, Any] = {"models": {"small": {}, "large": {}}, "default": ["small", "large"], "retry": {"extra": 0}}
SENSITIVE = [{"when": {"sensitive": True}, "labels": ["private"]}]
THREAD: Any = {"configurable": {"thread_id": "t1"}}
DOWN = ConnectionError("no route to host")
SECRET = "mail joe@example.com"


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return f"facts about {what}"


@tool
def send(what: str) -> str:
    """Send something."""
    return f"sent {what}"


def calls(name: str, number: str = "1") -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": {"what": "x"}, "id": number}])


def scripted(name: str, script: Any) -> ScriptedChatModel:
    return ScriptedChatModel(script=ScriptedModel({name: script}), model_name=name)


def agent_with(router: Router, script: ScriptedModel, before: Any = (), after: Any = (), *, model: Any = None, **options: Any) -> Any:
    routing = RoutingMiddleware(router, models=chat_models(script))
    tools = options.pop("tools", [look_up])
    return create_agent(model or scripted("own", []), tools, middleware=[*before, routing, *after], **options)


def said(state: Any) -> str:
    return str(state["messages"][-1].content)


class PutsIn(AgentMiddleware):  # type: ignore[type-arg]
    """A user's own middleware, which puts in a model for calls after the first."""

    def __init__(self, model: BaseChatModel, *, after: int = 1) -> None:
        super().__init__()
        self.tools = []
        self.model = model
        self.left = after

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Any]) -> Any:
        self.left -= 1
        return handler(request.override(model=self.model) if self.left < 0 else request)


# Fallback


def test_listed_after_a_fallback_the_fallback_s_models_answer_when_all_of_the_policy_s_have_failed() -> None:
    script = ScriptedModel({"small": [DOWN, DOWN], "large": [DOWN, "up again"]})
    spare = scripted("spare", calls("look_up"))
    agent = agent_with(Router(POLICY), script, before=[ModelFallbackMiddleware(spare)])
    state = agent.invoke({"messages": "hi"})
    assert state["messages"][1].response_metadata == {}
    assert said(state) == "up again"


async def test_listed_after_a_fallback_it_holds_async_too() -> None:
    agent = agent_with(
        Router(POLICY), ScriptedModel({"small": DOWN, "large": DOWN}), before=[ModelFallbackMiddleware(scripted("spare", "spare"))]
    )
    assert said(await agent.ainvoke({"messages": "hi"})) == "spare"


def test_listed_before_a_fallback_the_fallback_has_its_turn_for_each_candidate() -> None:
    script = ScriptedModel({"small": DOWN, "large": "never"})
    agent = agent_with(Router(POLICY), script, after=[ModelFallbackMiddleware(scripted("spare", "from spare"))])
    assert said(agent.invoke({"messages": "hi"})) == "from spare"
    assert script.called == ["small"]


def test_a_model_that_is_put_in_and_is_the_policy_s_must_be_allowed_by_its_rules() -> None:
    router = Router({**POLICY, "models": {"small": {"labels": ["private"]}, "large": {}}, "require": SENSITIVE})
    models = chat_models(ScriptedModel({"small": DOWN, "large": "from large"}))
    agent: Any = create_agent(
        scripted("own", []), [], middleware=[ModelFallbackMiddleware(models["large"]), RoutingMiddleware(router, models=models)]
    )
    assert said(agent.invoke({"messages": "hi"})) == "from large"
    with pytest.raises(NoEligibleModelError, match="lacks the required label private"):
        agent.invoke({"messages": SECRET})


def test_a_model_that_is_put_in_and_unknown_to_the_policy_is_refused_where_labels_are_demanded() -> None:
    router = Router({**POLICY, "models": {"small": {"labels": ["private"]}, "large": {}}, "require": SENSITIVE})
    agent = agent_with(
        router, ScriptedModel({"small": DOWN, "large": DOWN}), before=[ModelFallbackMiddleware(scripted("spare", "from spare"))]
    )
    assert said(agent.invoke({"messages": "hi"})) == "from spare"
    with pytest.raises(NoEligibleModelError, match="none of the policy's models; add it to the policy"):
        agent.invoke({"messages": SECRET})


def test_a_routed_model_that_is_put_in_decides_for_itself() -> None:
    router = Router(POLICY)
    spare = RoutedChatModel(router=router, models=chat_models(ScriptedModel({"small": "routed spare", "large": []})))
    agent = agent_with(router, ScriptedModel({"small": DOWN, "large": DOWN}), before=[ModelFallbackMiddleware(spare)])
    assert said(agent.invoke({"messages": "hi"})) == "routed spare"


def test_a_model_of_a_user_s_own_middleware_is_used_as_it_is_with_a_warning_once() -> None:
    script = ScriptedModel({"small": [calls("look_up")], "large": []})
    chosen = scripted("chosen", [calls("look_up", "2"), "from chosen"])
    agent = agent_with(Router(POLICY), script, before=[PutsIn(chosen)])
    with pytest.warns(UserWarning, match="give each agent its own") as warned:
        assert said(agent.invoke({"messages": "hi"})) == "from chosen"
    assert len(warned) == 1


def test_observing_a_model_that_is_put_in_answers() -> None:
    chosen = scripted("chosen", "from chosen")
    script = ScriptedModel({"small": [], "large": []})
    agent = agent_with(Router({**POLICY, "mode": "observe"}), script, before=[PutsIn(chosen, after=0)])
    assert said(agent.invoke({"messages": "hi"})) == "from chosen"


# Retry


def quick(**options: Any) -> ModelRetryMiddleware:
    return ModelRetryMiddleware(max_retries=1, initial_delay=0, backoff_factor=0, jitter=False, **options)


def test_listed_after_a_retry_the_whole_call_is_repeated() -> None:
    script = ScriptedModel({"small": [ModelRateLimitError("slow down"), "in the end"], "large": [DOWN]})
    agent = agent_with(Router(POLICY), script, before=[quick()])
    assert said(agent.invoke({"messages": "hi"})) == "in the end"
    assert script.called == ["small", "large", "small"]


def test_listed_before_a_retry_each_model_is_repeated_and_then_gives_way() -> None:
    script = ScriptedModel({"small": [ModelRateLimitError("slow down"), ModelRateLimitError("slow down")], "large": ["from large"]})
    agent = agent_with(Router(POLICY), script, after=[quick(on_failure="error")])
    assert said(agent.invoke({"messages": "hi"})) == "from large"
    assert script.called == ["small", "small", "large"]


def test_an_exception_that_is_nobody_s_failure_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError, match="a bug"):
        agent_with(Router(POLICY), ScriptedModel({"small": KeyError("a bug"), "large": []})).invoke({"messages": "hi"})


# Summaries and tool selection


def test_a_summary_in_the_middle_of_a_turn_does_not_decide_it_anew() -> None:
    script = ScriptedModel({"small": [DOWN, "wrong"], "large": [calls("look_up", "1"), calls("look_up", "2"), "done"]})
    summaries = SummarizationMiddleware(scripted("summary", "a summary"), trigger=("messages", 4), keep=("messages", 2))
    agent = agent_with(Router(POLICY), script, before=[summaries], checkpointer=InMemorySaver())
    state = agent.invoke({"messages": "hi"}, THREAD)
    assert said(state) == "done"
    assert any(message.additional_kwargs.get("lc_source") == "summarization" for message in state["messages"])
    assert script.called == ["small", "large", "large", "large"]


def test_the_model_of_a_summary_may_be_routed_by_its_own_stage() -> None:
    router = Router({**POLICY, "routes": [{"name": "summaries", "when": {"stage": "summarize"}, "use": ["large"]}]})
    script = ScriptedModel({"small": "from small", "large": ["a summary"]})
    llm = RoutedChatModel(router=router, models=chat_models(script))
    summaries = SummarizationMiddleware(llm, trigger=("messages", 3), keep=("messages", 1))
    agent = agent_with(router, script, before=[summaries])
    history = [HumanMessage("one"), AIMessage("two"), HumanMessage("three")]
    with router.capture_decisions() as decisions:
        agent.invoke({"messages": history})
    assert [(decision.signals.stage.value, decision.model) for decision in decisions] == [("summarize", "large"), ("agent", "small")]


def test_a_tool_selector_before_or_after_it_narrows_the_tools() -> None:
    selection = AIMessage("", tool_calls=[{"name": "ToolSelectionResponse", "args": {"tools": ["send"]}, "id": "s"}])
    for placed in ("before", "after"):
        seen: list[Any] = []
        selector = LLMToolSelectorMiddleware(model=scripted("selector", selection), max_tools=1)
        script = ScriptedModel({"small": "chosen from", "large": []})
        models = {name: Noting(script=script, model_name=name, seen=seen) for name in script.names}
        routing = RoutingMiddleware(Router(POLICY), models=models)
        order = [selector, routing] if placed == "before" else [routing, selector]
        agent: Any = create_agent(scripted("own", []), [look_up, send], middleware=order)
        assert said(agent.invoke({"messages": "hi"})) == "chosen from"
        assert [[bound["function"]["name"] for bound in arguments["tools"]] for arguments in seen] == [["send"]]


class Noting(ScriptedChatModel):
    """A scripted model that notes the arguments of each call."""

    seen: Any

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        self.seen.append(kwargs)
        return super()._generate(messages, stop, run_manager, **kwargs)


# Settings of one provider


def anthropic(name: str = "claude-haiku-4-5") -> ChatAnthropic:
    return ChatAnthropic(model=name, api_key="none")  # type: ignore[call-arg,arg-type]


@pytest.mark.parametrize("first", ["caching", "routing"])
def test_prompt_caching_of_the_agent_s_own_provider_does_not_reach_another(first: str) -> None:
    seen: list[Any] = []
    models = {name: Noting(script=ScriptedModel({name: "hi"}), model_name=name, seen=seen) for name in ("small", "large")}
    routing = RoutingMiddleware(Router(POLICY), models=models)
    caching = AnthropicPromptCachingMiddleware(unsupported_model_behavior="ignore")
    order: list[Any] = [caching, routing] if first == "caching" else [routing, caching]
    agent: Any = create_agent(anthropic(), [look_up], middleware=order, system_prompt="Be brief.")
    state = agent.invoke({"messages": "hi"})
    assert said(state) == "hi"
    [arguments] = seen
    assert "cache_control" not in str(arguments)
    assert "cache_control" not in str(models["small"].script.requests)


def request_for(model: BaseChatModel, **changes: Any) -> ModelRequest[Any]:
    marked = {"type": "ephemeral"}
    given: dict[str, Any] = {
        "messages": [HumanMessage([{"type": "text", "text": "hi", "cache_control": marked}, "plain"]), HumanMessage("text")],
        "system_message": SystemMessage([{"type": "text", "text": "s", "extras": {"cache_control": marked}}]),
        "tools": [
            look_up.model_copy(update={"extras": {"cache_control": marked}}),
            {"type": "function", "function": {"name": "f"}, "extras": {"cache_control": marked, "kept": 1}},
        ],
        "model_settings": {
            "cache_control": marked,
            "prompt_cache_key": "k",
            "temperature": 0.5,
            "extra_headers": {"X-Session-Affinity": "s"},
        },
    }
    return ModelRequest(model=model, **{**given, **changes})


def test_a_model_of_another_provider_gets_the_request_without_cache_settings_and_otherwise_unchanged() -> None:
    request = request_for(anthropic())
    fit = fitting(request, scripted("small", []))
    assert fit.model_settings == {"temperature": 0.5}
    assert [message.content for message in fit.messages] == [[{"type": "text", "text": "hi"}, "plain"], "text"]
    assert fit.messages[1] is request.messages[1]
    assert fit.system_message is not None
    assert fit.system_message.content == [{"type": "text", "text": "s"}]
    assert fit.tools[0].extras is None  # type: ignore[union-attr]
    assert fit.tools[1] == {"type": "function", "function": {"name": "f"}, "extras": {"kept": 1}}
    assert "cache_control" in request.model_settings


def test_a_model_of_the_same_provider_gets_the_request_as_it_was() -> None:
    request = request_for(anthropic())
    fit = fitting(request, anthropic("claude-opus-4-7"))
    assert (fit.messages, fit.tools, fit.model_settings) == (request.messages, request.tools, request.model_settings)
    assert fitting(request, request.model) is request


def test_a_request_without_markers_keeps_its_own_objects() -> None:
    request = request_for(
        anthropic(), messages=[HumanMessage("hi")], system_message=None, tools=[look_up], model_settings={"temperature": 0.5}
    )
    fit = fitting(request, scripted("small", []))
    assert (fit.messages is request.messages, fit.tools is request.tools, fit.model_settings is request.model_settings) == (
        True,
        True,
        True,
    )


# Control flow


def test_an_approval_interrupts_the_turn_and_the_resumed_turn_keeps_its_model() -> None:
    script = ScriptedModel({"small": [DOWN], "large": [calls("send"), "sent it"]})
    approval = HumanInTheLoopMiddleware(interrupt_on={"send": True})
    agent = agent_with(Router(POLICY), script, after=[approval], tools=[send], checkpointer=InMemorySaver())
    state = agent.invoke({"messages": "hi"}, THREAD)
    assert state["__interrupt__"]
    state = agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), THREAD)
    assert said(state) == "sent it"
    assert script.called == ["small", "large", "large"]


def test_an_interrupt_inside_a_model_call_passes_and_no_other_model_is_tried() -> None:
    script = ScriptedModel({"small": GraphInterrupt(()), "large": []})
    agent = agent_with(Router(POLICY), script, checkpointer=InMemorySaver())
    state = agent.invoke({"messages": "hi"}, THREAD)
    assert [message.type for message in state["messages"]] == ["human"]
    assert script.called == ["small"]


# Structured answers


class City(BaseModel):
    """A city."""

    name: str


ANSWER = AIMessage("", tool_calls=[{"name": "City", "args": {"name": "Oslo"}, "id": "c"}])


@pytest.mark.parametrize("wanted", [City, ToolStrategy(City), AutoStrategy(City)], ids=["schema", "tool", "auto"])
def test_a_structured_answer_by_a_tool_needs_a_model_with_tools(wanted: Any) -> None:
    router = Router({**POLICY, "models": {"small": {"capabilities": {"tools": False}}, "large": {}}})
    script = ScriptedModel({"small": [], "large": [ANSWER]})
    state = agent_with(router, script, tools=[], response_format=wanted).invoke({"messages": "which?"})
    assert state["structured_response"] == City(name="Oslo")
    [answer] = [message for message in state["messages"] if isinstance(message, AIMessage)]
    assert answer.response_metadata["taskroute"]["model"] == "large"


def test_a_structured_answer_by_the_provider_needs_a_model_with_json_schemas() -> None:
    router = Router({**POLICY, "models": {"small": {"capabilities": {"json_schema": False}}, "large": {}}})
    script = ScriptedModel({"small": [], "large": ['{"name":"Oslo"}']})
    state = agent_with(router, script, tools=[], response_format=ProviderStrategy(City)).invoke({"messages": "which?"})
    assert state["structured_response"] == City(name="Oslo")


def test_an_agent_inside_a_chain_is_routed() -> None:
    agent = agent_with(Router(POLICY), ScriptedModel({"small": "from small", "large": []}))
    chain = RunnableLambda(lambda text: {"messages": text}) | agent | said
    assert chain.invoke("hi") == "from small"


def test_the_error_of_a_call_that_nobody_could_answer_lists_the_tries() -> None:
    agent = agent_with(Router(POLICY), ScriptedModel({"small": DOWN, "large": DOWN}))
    with pytest.raises(AllModelsFailedError, match="all models failed after 2 tries"):
        agent.invoke({"messages": "hi"})
