"""A decision in LiteLLM's own words, in its logs and on its spans, for the attempts of routed calls alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from taskroute.types import Decision, Signal, Signals
from taskroute_litellm.otel import parent, writes_spans
from taskroute_litellm.stamp import register, routing_decision, unregister
from tests.emulator import Emulator, Fault
from tests.litellm_host.traced import LISTS, MESSAGES, Traced, first_generation, traced

litellm: Any = pytest.importorskip("litellm")

POLICY: dict[str, Any] = {
    "models": {"small": {}, "large": {}, "vectors": {}},
    "default": ["small", "large"],
    "routes": [{"name": "coding", "when": {"task": "code_generation"}, "use": ["large", "small"]}],
    "retry": {"extra": 0},
}
DECISION = Decision(("large", "small"), "coding", "task is code_generation", policy_version="0123456789ab", id="d-1")
names = st.text(min_size=1, max_size=8)


@pytest.fixture
def found(emulator: Emulator) -> Iterator[Traced]:
    with traced(emulator, policy=POLICY) as routed:
        yield routed


def stamps(logged: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """Return what LiteLLM's log of each call says of the decision."""
    return [entry["standard_logging_object"]["metadata"].get("routing_decision") for entry in logged]


def with_signals(**signals: Any) -> Decision:
    return DECISION._replace(signals=Signals(**signals))


def test_says_what_was_asked_for_and_what_was_chosen_and_why() -> None:
    assert routing_decision(with_signals(task=Signal("code_generation", "keywords", 0.8)), "large", "auto") == {
        "router_model_name": "auto",
        "router_type": "taskroute",
        "router_config_fingerprint": "0123456789ab",
        "routed_model": "large",
        "cause": "route",
        "tier": "coding",
        "request_type": "code_generation",
        "classifier_model": "keywords",
        "classifier_confidence": 0.8,
    }


def test_a_task_that_the_caller_named_is_no_classifiers() -> None:
    stamp = routing_decision(with_signals(task=Signal("code_generation", "explicit", 1.0)), "large", "auto")
    assert stamp["request_type"] == "code_generation"
    assert not any(key.startswith("classifier") for key in stamp)


@pytest.mark.parametrize(
    ("changes", "cause", "tier"),
    [({}, "route", "coding"), ({"route": None}, "default", "default"), ({"route": None, "pinned": True}, "pinned", "default")],
)
def test_says_what_led_to_the_model(changes: dict[str, Any], cause: str, tier: str) -> None:
    stamp = routing_decision(DECISION._replace(**changes), "small", "auto")
    assert (stamp["cause"], stamp["tier"]) == (cause, tier)


@given(
    route=st.none() | names,
    task=st.none() | names,
    source=st.sampled_from(["explicit", "keywords", "none", "tag"]),
    reason=names,
    model=names,
    pinned=st.booleans(),
)
def test_a_stamp_has_plain_values_under_keys_that_litellm_knows(
    route: str | None, task: str | None, source: str, reason: str, model: str, pinned: bool
) -> None:
    from litellm.types.utils import StandardLoggingRoutingDecision

    signals = Signals(task=Signal(task, source, 0.5))
    stamp = routing_decision(DECISION._replace(route=route, signals=signals, reason=reason, pinned=pinned), model, "auto")
    # The oldest releases do not know the fingerprint yet, and pass it over.
    assert set(stamp) <= set(StandardLoggingRoutingDecision.__annotations__) | {"router_config_fingerprint"}
    assert all(isinstance(value, str | float) for value in stamp.values())


@pytest.mark.parametrize("streams", [False, True])
def test_litellms_log_of_a_sync_call_has_the_decision(found: Traced, streams: bool) -> None:
    answer = found.litellm.completion("auto", MESSAGES, metadata={"task": "code_generation"}, stream=streams)
    if streams:
        assert list(answer)
    found.wait()
    (stamp,) = stamps(found.heard.sync)
    assert stamp is not None
    assert (stamp["routed_model"], stamp["router_model_name"], stamp["tier"]) == ("large", "auto", "coding")


@pytest.mark.parametrize("streams", [False, True])
async def test_litellms_log_of_an_async_call_has_the_decision(found: Traced, streams: bool) -> None:
    answer = await found.litellm.acompletion("auto", MESSAGES, metadata={"task": "code_generation"}, stream=streams)
    if streams:
        assert [chunk async for chunk in answer]
    await found.await_()
    (stamp,) = stamps(found.heard.alone)
    assert stamp is not None
    assert (stamp["routed_model"], stamp["router_model_name"], stamp["tier"]) == ("large", "auto", "coding")


async def test_each_attempt_is_stamped_with_its_own_model(found: Traced, emulator: Emulator) -> None:
    emulator.on("gpt-5-mini", Fault("server_error"))
    await found.litellm.acompletion("auto", MESSAGES)
    await found.await_(2)
    assert [stamp and stamp["routed_model"] for stamp in stamps(found.heard.alone)] == ["small", "large"]


@pytest.mark.parametrize("metadata", ["metadata", "litellm_metadata"])
async def test_calls_that_are_not_routed_carry_no_decision(found: Traced, metadata: str) -> None:
    await found.litellm.acompletion("beside", MESSAGES, **{metadata: {"taskroute": "mine"}})
    await found.await_()
    assert stamps(found.heard.alone) == [None]


async def test_a_response_and_an_embedding_are_stamped_too(found: Traced) -> None:
    await found.litellm.aresponses(model="auto", input="hi")
    await found.litellm.aembedding("embed", "hi", metadata={"task": "code_generation"})
    await found.await_(2)
    assert all(stamp is not None for stamp in stamps(found.heard.alone))


async def test_the_callers_own_metadata_stays_as_it_was(found: Traced) -> None:
    metadata = {"task": "code_generation", "plan": "pro"}
    await found.litellm.acompletion("auto", MESSAGES, metadata=metadata)
    assert metadata == {"task": "code_generation", "plan": "pro"}


async def test_litellms_spans_carry_the_decision(emulator: Emulator) -> None:
    routing = pytest.importorskip("litellm.integrations.otel.routing", reason="this LiteLLM writes no attributes of routing")
    assert routing
    with traced(emulator, first_generation, policy=POLICY) as found:
        await found.litellm.acompletion("auto", MESSAGES)
        await found.await_()
    (span,) = found.named("litellm_request")
    said = {
        key.removeprefix("litellm.routing."): value for key, value in (span.attributes or {}).items() if key.startswith("litellm.routing.")
    }
    assert (said["router_model_name"], said["router_type"], said["routed_model"]) == ("auto", "taskroute", "small")


def callbacks() -> dict[str, list[Any]]:
    return {name: list(getattr(litellm, name)) for name in LISTS if hasattr(litellm, name)}


def test_two_users_share_one_callback_and_the_last_one_removes_it() -> None:
    before = callbacks()
    register()
    once = callbacks()
    assert len(once["input_callback"]) == len(before["input_callback"]) + 1
    register()
    assert callbacks() == once
    unregister()
    assert callbacks() == once
    unregister()
    assert callbacks() == before
    unregister()
    assert callbacks() == before


def test_a_callback_that_the_application_threw_out_comes_back_with_the_next_user() -> None:
    register()
    before = list(litellm.input_callback)
    litellm.input_callback.clear()
    register()
    assert litellm.input_callback == [before[-1]]
    unregister()
    unregister()
    assert litellm.input_callback == []
    litellm.input_callback.extend(before[:-1])


def test_an_installed_router_registers_and_an_uninstalled_one_does_not(emulator: Emulator) -> None:
    before = list(litellm.input_callback)
    with traced(emulator, policy=POLICY):
        assert len(litellm.input_callback) == len(before) + 1
    assert litellm.input_callback == before


@pytest.mark.parametrize(
    "kwargs", [{}, {"litellm_params": None}, {"litellm_params": {"metadata": None}}, {"litellm_params": {"metadata": 3}}, None]
)
def test_a_call_without_metadata_is_left_alone(kwargs: Any) -> None:
    from taskroute_litellm.stamper import Stamper

    Stamper().log_pre_api_call("small", MESSAGES, kwargs)


@pytest.fixture
def only() -> Iterator[Any]:
    """Give what replaces LiteLLM's callbacks for a test."""
    before = litellm.callbacks

    def put(*callbacks: Any) -> None:
        litellm.callbacks = list(callbacks)

    yield put
    litellm.callbacks = before


def test_a_callback_that_is_only_named_so_far_counts(only: Any) -> None:
    only()
    assert not writes_spans(is_async=True)
    only("otel")
    assert writes_spans(is_async=True)
    assert writes_spans(is_async=False)


def test_a_callback_that_sends_its_spans_to_a_service_of_its_own_does_not_count(only: Any) -> None:
    only("arize_phoenix", "langfuse", print)
    assert not writes_spans(is_async=True)


def test_spans_of_a_service_of_their_own_hang_below_the_current_span_all_the_same(only: Any) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("app")
    with tracer.start_as_current_span("route") as span:
        only("langfuse", print)
        assert parent() == {}
        only("arize_phoenix")
        (given,) = parent().values()
        assert given.get_span_context() == span.get_span_context()
        # Nothing can be written on it.
        assert not given.is_recording()
    assert parent() == {}
