"""An agent's model is chosen by the policy, once for each turn of the user."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import AllModelsFailedError, NoEligibleModelError, Router
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock, ScriptedModel
from taskroute.types import Classification
from taskroute_langchain import RoutedChatModel, RoutingMiddleware, stage
from taskroute_langchain.testing import ScriptedChatModel, chat_models

POLICY: dict[str, Any] = {
    "models": {"small": {}, "large": {}, "coder": {}},
    "default": ["small", "large"],
    "routes": [{"name": "code", "when": {"task": "debugging"}, "use": ["coder"]}],
    "retry": {"extra": 0},
}
THREAD: Any = {"configurable": {"thread_id": "t1"}}
DOWN = ConnectionError("no route to host")


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return f"facts about {what}"


def wants_tool(number: str = "1") -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "look_up", "args": {"what": "x"}, "id": number}])


def own(script: Any = "from the agent's own") -> ScriptedChatModel:
    return ScriptedChatModel(script=ScriptedModel({"own": script}), model_name="own")


def agent_with(
    router: Router, script: ScriptedModel, *, model: BaseChatModel | None = None, tools: Any = (look_up,), **options: Any
) -> Any:
    middleware = RoutingMiddleware(router, models=chat_models(script))
    return create_agent(model or own(), list(tools), middleware=[middleware], **options)


def said(state: Any) -> str:
    return str(state["messages"][-1].content)


# One decision for each turn


def test_the_policy_s_model_answers_in_place_of_the_agent_s_own() -> None:
    router = Router(POLICY)
    state = agent_with(router, ScriptedModel({"small": "from small", "coder": "from coder", "large": "from large"})).invoke(
        {"messages": "hi"}
    )
    record = state["messages"][-1].response_metadata["taskroute"]
    assert said(state) == "from small"
    assert (record["model"], record["attempts"], record["fallback_from"]) == ("small", 1, None)


async def test_an_agent_called_async_takes_the_same_decision() -> None:
    script = ScriptedModel({"small": [DOWN, "never"], "large": [wants_tool(), "from large"], "coder": []})
    router = Router(POLICY)
    state = await agent_with(router, script).ainvoke({"messages": "hi"})
    assert said(state) == "from large"
    assert script.called == ["small", "large", "large"]


def test_a_turn_is_decided_once_and_its_tool_loop_keeps_the_model() -> None:
    script = ScriptedModel({"coder": [wants_tool("1"), wants_tool("2"), "fixed"], "small": [], "large": []})
    router = Router(POLICY)
    with router.capture_decisions() as decisions:
        state = agent_with(router, script).invoke({"messages": "Why does this raise a KeyError? Traceback (most recent call last):"})
    assert said(state) == "fixed"
    assert script.called == ["coder"] * 3
    assert [decision.route for decision in decisions] == ["code"] * 3
    assert [decision.reason for decision in decisions[1:]] == ["kept for this turn: route 'code'"] * 2
    assert {decision.signals.task.value for decision in decisions} == {"debugging"}


def test_the_classifier_is_asked_once_a_turn() -> None:
    class Counting:
        name = "counting"
        local = True
        labels = ()
        asked = 0

        def classify(self, text: str, tasks: Any) -> Any:
            self.asked += 1
            return Classification({"debugging": 0.9})

        async def aclassify(self, text: str, tasks: Any) -> Any:
            return self.classify(text, tasks)

    classifier = Counting()
    script = ScriptedModel({"coder": [wants_tool("1"), wants_tool("2"), "fixed"], "small": [], "large": []})
    agent_with(Router(POLICY, classifier=classifier), script).invoke({"messages": "hm"})
    assert classifier.asked == 1


def test_a_model_that_fails_gives_way_for_the_rest_of_the_turn() -> None:
    script = ScriptedModel(
        {"small": [wants_tool("1"), DOWN, "back again"], "large": [wants_tool("2"), wants_tool("3"), "done"], "coder": []}
    )
    agent = agent_with(Router(POLICY), script, checkpointer=InMemorySaver())
    state = agent.invoke({"messages": "hi"}, THREAD)
    assert said(state) == "done"
    assert script.called == ["small", "small", "large", "large", "large"]
    assert state["messages"][3].response_metadata["taskroute"]["fallback_from"] == "small"


def test_a_new_turn_of_the_thread_is_decided_anew() -> None:
    script = ScriptedModel({"small": [DOWN, "back again"], "large": ["took over"], "coder": ["fixed"]})
    agent = agent_with(Router(POLICY), script, checkpointer=InMemorySaver())
    answers = [
        said(agent.invoke({"messages": text}, THREAD)) for text in ("hi", "hello again", "Traceback (most recent call last): debug this")
    ]
    assert answers == ["took over", "back again", "fixed"]


def test_a_candidate_that_may_no_longer_answer_is_left_out_for_the_rest_of_the_turn() -> None:
    policy = {**POLICY, "models": {"small": {"context_window": 400}, "large": {}, "coder": {}}}

    @tool
    def long(what: str) -> str:
        """Return a lot."""
        return "word " * 1000

    call = AIMessage("", tool_calls=[{"name": "long", "args": {"what": "x"}, "id": "1"}])
    script = ScriptedModel({"small": [call], "large": ["done"], "coder": []})
    router = Router(policy)
    with router.capture_decisions() as decisions:
        state = agent_with(router, script, tools=[long]).invoke({"messages": "hi"})
    assert said(state) == "done"
    assert "context window" in decisions[1].rejected["small"]


def test_text_that_demands_a_label_in_the_middle_of_a_turn_moves_it_to_a_model_that_has_it() -> None:
    policy = {
        **POLICY,
        "models": {"small": {}, "large": {}, "coder": {"labels": ["private"]}},
        "default": ["small", "large"],
        "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
        "routes": [{"name": "private", "when": {"sensitive": True}, "use": ["coder"]}],
    }

    @tool
    def customer(what: str) -> str:
        """Return a customer."""
        return "jane.doe@example.com, card 4111 1111 1111 1111"

    call = AIMessage("", tool_calls=[{"name": "customer", "args": {"what": "x"}, "id": "1"}])
    script = ScriptedModel({"small": [call], "coder": ["done"], "large": []})
    assert said(agent_with(Router(policy), script, tools=[customer]).invoke({"messages": "hi"})) == "done"
    assert script.called == ["small", "coder"]


# The state


def test_what_is_kept_of_a_turn_is_json_in_the_checkpoint_and_not_in_the_answer() -> None:
    script = ScriptedModel({"coder": "fixed", "small": [], "large": []})
    agent = agent_with(Router(POLICY), script, checkpointer=InMemorySaver())
    state = agent.invoke({"messages": HumanMessage("debug this: Traceback (most recent call last):", id="m1")}, THREAD)
    assert set(state) == {"messages"}
    kept = agent.get_state(THREAD).values["taskroute_turn"]
    assert json.loads(json.dumps(kept)) == {
        "turn": "m1",
        "route": "code",
        "models": ["coder", "small", "large"],
        "stage": None,
        "task": "debugging",
    }


def test_a_turn_that_was_interrupted_goes_on_in_another_process_with_the_same_model() -> None:
    saver = InMemorySaver()
    first = ScriptedModel({"small": [DOWN], "large": [wants_tool()], "coder": []})
    agent_with(Router(POLICY), first, checkpointer=saver, interrupt_before=["tools"]).invoke({"messages": "hi"}, THREAD)
    second = ScriptedModel({"small": "wrong", "large": ["done"], "coder": []})
    state = agent_with(Router(POLICY), second, checkpointer=saver).invoke(None, THREAD)
    assert said(state) == "done"
    assert second.called == ["large"]


def test_a_kept_model_that_the_policy_no_longer_names_is_decided_anew() -> None:
    saver = InMemorySaver()
    first = ScriptedModel({"coder": [wants_tool()], "small": [], "large": []})
    agent_with(Router(POLICY), first, checkpointer=saver, interrupt_before=["tools"]).invoke({"messages": "debug: Traceback"}, THREAD)
    other = Router({"models": {"only": {}}, "default": ["only"]})
    assert said(agent_with(other, ScriptedModel({"only": "done"}), checkpointer=saver).invoke(None, THREAD)) == "done"


# Stage, pin, needs


def test_the_stage_of_an_agent_is_agent_unless_something_told_another() -> None:
    script = ScriptedModel({"small": "hi", "large": [], "coder": []})
    router = Router({**POLICY, "routes": [{"name": "agents", "when": {"stage": "agent"}, "use": ["small"]}]})
    agent = agent_with(router, script)
    with router.capture_decisions() as decisions:
        agent.invoke({"messages": "hi"})
        stage(agent, "generate").invoke({"messages": "hi"})
    assert [decision.signals.stage.value for decision in decisions] == ["agent", "generate"]


def test_a_pin_holds_for_its_own_calls_only() -> None:
    script = ScriptedModel({"small": "from small", "large": "from large", "coder": []})
    agent = agent_with(Router(POLICY), script, checkpointer=InMemorySaver())
    pinned = {"configurable": {**THREAD["configurable"], "model": "large"}}
    assert said(agent.invoke({"messages": "hi"}, pinned)) == "from large"
    assert said(agent.invoke({"messages": "hi"}, THREAD)) == "from small"


def test_a_pin_is_not_kept_for_the_rest_of_the_turn() -> None:
    script = ScriptedModel({"small": ["from small"], "large": [wants_tool()], "coder": []})
    agent = agent_with(Router(POLICY), script, checkpointer=InMemorySaver(), interrupt_before=["tools"])
    agent.invoke({"messages": "hi"}, {"configurable": {**THREAD["configurable"], "model": "large"}})
    assert said(agent.invoke(None, THREAD)) == "from small"


def test_the_stage_is_agent_outside_of_a_graph_too() -> None:
    router = Router({**POLICY, "routes": [{"name": "agents", "when": {"stage": "agent"}, "use": ["large"]}]})
    middleware = RoutingMiddleware(router, models=chat_models(ScriptedModel({"small": [], "large": "from large", "coder": []})))
    messages: list[Any] = [HumanMessage("hi")]
    request: ModelRequest[Any] = ModelRequest(model=own(), messages=messages, state={"messages": messages})
    answered: Any = middleware.wrap_model_call(request, lambda one: ModelResponse(result=[one.model.invoke(one.messages)]))
    assert answered.model_response.result[0].content == "from large"
    assert answered.command.update["taskroute_turn"]["turn"] == "#0"


def test_tools_of_the_agent_are_a_need_of_the_call() -> None:
    policy = {**POLICY, "models": {"small": {"capabilities": {"tools": False}}, "large": {}, "coder": {}}}
    script = ScriptedModel({"small": "from small", "large": "from large", "coder": []})
    assert said(agent_with(Router(policy), script).invoke({"messages": "hi"})) == "from large"
    assert said(agent_with(Router(policy), script, tools=[]).invoke({"messages": "hi"})) == "from small"


def test_the_system_prompt_is_part_of_what_is_routed() -> None:
    policy = {**POLICY, "routes": [{"name": "long", "when": {"tokens": {"over": 1000}}, "use": ["large"]}]}
    script = ScriptedModel({"small": "from small", "large": "from large", "coder": []})
    agent = agent_with(Router(policy), script, system_prompt="Be brief. " * 1000)
    assert said(agent.invoke({"messages": "hi"})) == "from large"
    assert isinstance(script.requests[0][1][0], SystemMessage)


# Failures


def test_when_every_model_fails_the_error_lists_each_try() -> None:
    script = ScriptedModel({"small": DOWN, "large": TimeoutError("30s"), "coder": []})
    with pytest.raises(AllModelsFailedError) as raised:
        agent_with(Router(POLICY), script).invoke({"messages": "hi"})
    assert [(one.model, one.failure) for one in raised.value.tries] == [("small", "connection"), ("large", "timeout")]


def test_a_model_is_tried_again_as_the_policy_says() -> None:
    script = ScriptedModel({"small": [DOWN, "at last"], "large": [], "coder": []})
    clock = FakeClock()
    state = agent_with(Router({**POLICY, "retry": {"extra": 1}}, clock=clock), script).invoke({"messages": "hi"})
    assert said(state) == "at last"
    assert len(clock.slept) == 1
    assert state["messages"][-1].response_metadata["taskroute"]["attempts"] == 2


def test_no_model_that_may_answer_is_an_error_and_never_the_agent_s_own() -> None:
    policy = {**POLICY, "require": [{"when": {"stage": "agent"}, "labels": ["private"]}]}
    script = ScriptedModel({"small": [], "large": [], "coder": []})
    with pytest.raises(NoEligibleModelError):
        agent_with(Router(policy), script).invoke({"messages": "hi"})


# Observing


def test_observing_the_agent_s_own_model_answers_and_the_decision_is_kept_for_the_turn() -> None:
    router = Router({**POLICY, "mode": "observe"})
    script = ScriptedModel({"small": [], "large": [], "coder": []})
    with router.capture_decisions() as decisions:
        state = agent_with(router, script, model=own([wants_tool(), "done"])).invoke({"messages": "debug this: Traceback"})
    assert said(state) == "done"
    assert [(decision.model, decision.mode) for decision in decisions] == [("coder", "observe")] * 2
    assert state["messages"][-1].response_metadata["taskroute"]["route"] == "code"


def test_disabled_the_agent_s_own_model_answers() -> None:
    with pytest.warns(RuntimeWarning, match="TASKROUTE_DISABLED"):
        router = Router(POLICY, environ={"TASKROUTE_DISABLED": "1"})
    assert (
        said(agent_with(router, ScriptedModel({"small": [], "large": [], "coder": []})).invoke({"messages": "hi"}))
        == "from the agent's own"
    )


# The agent's own model may be any


def test_a_model_of_the_policy_may_be_the_agent_s_own() -> None:
    script = ScriptedModel({"small": [DOWN], "large": ["from large"], "coder": []})
    models = chat_models(script)
    agent: Any = create_agent(models["large"], [look_up], middleware=[RoutingMiddleware(Router(POLICY), models=models)])
    assert said(agent.invoke({"messages": "hi"})) == "from large"


@pytest.mark.parametrize("mode", ["enforce", "observe"])
def test_a_routed_model_may_be_the_agent_s_own_and_decides_once_with_the_middleware(mode: str) -> None:
    router = Router({**POLICY, "mode": mode})
    script = ScriptedModel({"small": "from small", "large": [], "coder": []})
    models = chat_models(script)
    llm = RoutedChatModel(router=router, models=models, original=own("from small"))
    agent: Any = create_agent(llm, [look_up], middleware=[RoutingMiddleware(router, models=models)])
    with router.capture_decisions() as decisions:
        assert said(agent.invoke({"messages": "hi"})) == "from small"
    assert len(decisions) == 1


def test_a_call_leaves_a_route_span_with_its_attempts() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    router = Router(POLICY, observers=[SpanObserver(tracer_provider=provider, models=lambda _: None)])
    script = ScriptedModel({"small": [DOWN], "large": ["from large"], "coder": []})
    agent_with(router, script).invoke({"messages": "hi"})
    spans = exporter.get_finished_spans()
    [route] = [span for span in spans if span.parent is None]
    attempts = [
        span for span in spans if span.parent is not None and route.context is not None and span.parent.span_id == route.context.span_id
    ]
    assert (route.attributes or {})["taskroute.model"] == "large"
    assert len(attempts) == 2


def test_each_attempt_s_own_run_carries_the_decision() -> None:
    script = ScriptedModel({"small": [DOWN], "large": ["from large words"], "coder": []})
    seen = [
        (metadata["taskroute_model"], metadata["taskroute_attempt"], metadata["langgraph_node"])
        for _, metadata in agent_with(Router(POLICY), script).stream({"messages": "hi"}, stream_mode="messages")
    ]
    assert set(seen) == {("large", 2, "model")}
    assert len(seen) > 1


async def test_an_agent_streams_in_every_mode() -> None:
    script = ScriptedModel({"small": [wants_tool(), "two words"] * 4, "large": [], "coder": []})
    agent = agent_with(Router(POLICY), script)
    updates = [list(update) for update in agent.stream({"messages": "hi"}, stream_mode="updates")]
    assert updates == [["model"], ["tools"], ["model"]]
    values = list(agent.stream({"messages": "hi"}, stream_mode="values"))
    assert said(values[-1]) == "two words"
    tokens = [
        chunk.content async for chunk, _ in agent.astream({"messages": "hi"}, stream_mode="messages") if chunk.type == "AIMessageChunk"
    ]
    assert "".join(tokens) == "two words"
    events = [event["event"] async for event in agent.astream_events({"messages": "hi"}, version="v2")]
    assert events.count("on_chat_model_end") == 2
