"""What the hook does to a request, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litellm.exceptions import BadRequestError
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from taskroute.errors import ConfigurationError
from taskroute.types import Classification, Decision
from taskroute_litellm.calls import MARK
from taskroute_litellm.proxy import build_hook
from taskroute_litellm.proxy_answers import headers_of
from taskroute_litellm.tracing import parent_of
from tests.litellm_proxy.acting import Acting
from tests.policies import policy, when

OBSERVING = policy(mode="observe")


async def test_the_rest_of_our_order_is_the_only_way_to_fall_back() -> None:
    request = await Acting(policy()).comes(fallbacks=["elsewhere"], context_window_fallbacks=[{"small": ["elsewhere"]}])

    assert (request["model"], request["fallbacks"]) == ("small", ["large"])
    assert (request["context_window_fallbacks"], request["content_policy_fallbacks"]) == ([], [])


@pytest.mark.parametrize("model", ["auto", "small"])
async def test_no_client_sends_what_is_routed_to_another_provider(model: str) -> None:
    request = await Acting(policy()).comes(model, custom_llm_provider="elsewhere", deployment_id="elsewhere", temperature=1)

    assert "elsewhere" not in request.values()
    assert request["temperature"] == 1


async def test_a_model_of_the_policy_answers_alone_where_it_is_named() -> None:
    acting = Acting(policy())

    request = await acting.comes("large")

    assert (request["model"], request["fallbacks"]) == ("large", [])
    assert acting.router.last_decision().pinned  # type: ignore[union-attr]


@pytest.mark.parametrize(("model", "call_type"), [("elsewhere", "acompletion"), ("auto", "aimage_generation"), ("small", "moderation")])
async def test_what_is_not_ours_is_left_alone(model: str, call_type: str) -> None:
    acting = Acting(policy())
    request = await acting.comes(model, call_type=call_type)

    assert request == {"model": model, "messages": [{"role": "user", "content": "hi"}], "metadata": {}}
    assert await acting.headers(request) is None


@pytest.mark.parametrize("data", [{"model": None}, {"model": ["auto"]}, {"model": 7}])
async def test_what_is_no_name_is_left_to_litellm(data: dict[str, Any]) -> None:
    acting = Acting(policy())
    request: dict[str, Any] = {**data}

    assert await acting.hook.async_pre_call_hook(None, None, request, "acompletion") is None
    assert request == data


async def test_the_mark_goes_where_litellm_keeps_its_own() -> None:
    acting = Acting(policy())
    chat = await acting.comes(metadata=None)
    message = await acting.comes(call_type="anthropic_messages", metadata={"user_id": "u"}, litellm_metadata={})

    assert chat["metadata"][MARK]
    assert message["litellm_metadata"][MARK]
    assert message["metadata"] == {"user_id": "u"}


async def test_no_client_passes_for_the_call_of_another() -> None:
    acting = Acting(policy())
    other = await acting.comes()
    await acting.asks(other, "small")
    forged = await acting.comes("elsewhere", metadata={MARK: other["metadata"][MARK]})

    await acting.answers(forged)

    assert acting.notes.outcomes == []


@pytest.mark.parametrize("environ", [{}, {"TASKROUTE_DISABLED": "1"}])
async def test_observing_and_disabled_the_request_stays_as_it_came(environ: dict[str, str]) -> None:
    with pytest.warns(RuntimeWarning, match="TASKROUTE_DISABLED") if environ else pytest.MonkeyPatch.context():
        acting = Acting(OBSERVING, environ=environ)
    request = await acting.comes(fallbacks=["elsewhere"])
    await acting.asks(request, "elsewhere")
    await acting.answers(request)

    assert (request["model"], request["fallbacks"]) == ("auto", ["elsewhere"])
    assert acting.notes.asked == [("elsewhere", 1, 0)]
    assert acting.notes.outcomes[0].model == "elsewhere"


async def test_observing_an_alias_is_told_by_the_group_that_it_stands_for() -> None:
    acting = Acting(OBSERVING, groups=SimpleNamespace(model_group_alias={"auto": {"model": "large", "hidden": True}}))
    request = await acting.comes()
    await acting.asks(request, "auto")

    assert acting.notes.asked == [("large", 1, 0)]


async def test_the_pin_of_the_environment_is_the_last_word() -> None:
    request = await Acting(OBSERVING, environ={"TASKROUTE_PIN": "large"}).comes()

    assert (request["model"], request["fallbacks"]) == ("large", [])


async def test_an_alias_of_a_model_is_a_pin_and_any_other_is_left_to_litellm() -> None:
    groups = SimpleNamespace(get_model_names=lambda: ["small", "large", "other"], model_group_alias={"best": "large", "elsewhere": "other"})
    acting = Acting(policy(), groups=groups)

    request = await acting.comes("best")
    assert (request["model"], request["fallbacks"]) == ("large", [])
    assert (await acting.comes("elsewhere")) == {"model": "elsewhere", "messages": [{"role": "user", "content": "hi"}], "metadata": {}}


async def test_a_group_that_the_policy_rules_out_is_never_asked() -> None:
    acting = Acting(policy())
    request = await acting.comes("small")

    with pytest.raises(BadRequestError, match="'large'"):
        await acting.asks(request, "large")


async def test_the_error_that_led_there_is_the_one_that_is_told() -> None:
    acting = Acting(policy())
    request = await acting.comes("small")

    with pytest.raises(ConnectionError, match="cut"):
        try:
            raise ConnectionError("cut")
        except ConnectionError:
            await acting.asks(request, "large")


class Remote:
    """A classifier that is asked over a network."""

    name, local, labels = "remote", False, ()

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        raise AssertionError("the proxy must not be blocked")

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        return Classification({"legal": 0.9})


async def test_a_classifier_that_needs_the_network_is_asked() -> None:
    acting = Acting(policy(routes=when(task="legal"), tasks={"legal": {}}), classifier=Remote())

    assert (await acting.comes())["model"] == "large"
    assert acting.notes.events == ["Classified"]


async def test_a_decision_that_fails_leaves_the_request_to_litellm() -> None:
    acting = Acting(policy())
    acting.router.close()

    with pytest.warns(RuntimeWarning, match="RouterClosedError"):
        request = await acting.comes()

    assert request["model"] == "auto"


async def test_but_not_where_the_policy_rules_models_out() -> None:
    pytest.importorskip("fastapi")
    acting = Acting(policy(require=[{"when": {"sensitive": True}, "labels": ["eu"]}]))
    acting.router.close()

    with pytest.raises(Exception, match="require") as raised:
        await acting.comes()

    assert raised.value.status_code == 500  # type: ignore[attr-defined]


# Warned of once in a process, and so perhaps by the test before.
@pytest.mark.filterwarnings("ignore:a call could not be decided:RuntimeWarning")
async def test_while_observing_no_rule_fails_a_call() -> None:
    acting = Acting(policy(mode="observe", require=[{"when": {"sensitive": True}, "labels": ["eu"]}]))
    acting.router.close()

    assert (await acting.comes())["model"] == "auto"


SERVED = SimpleNamespace(
    pattern_router=SimpleNamespace(route=lambda name: None),
    get_model_names=lambda: ["small", "large", "elsewhere"],
    model_group_alias={"best": "large", "auto": "small"},
    get_model_list=lambda: [
        {"model_name": "small", "litellm_params": {"model": "openai/tiny"}, "model_info": {"id": "d-1"}},
        {
            "model_name": "of-a-team",
            "litellm_params": {"model": "openai/t"},
            "model_info": {"id": "d-3", "team_public_model_name": "small"},
        },
        {"model_name": "elsewhere", "litellm_params": {"model": "openai/other"}, "model_info": {"id": "d-2"}},
        {"model_name": "odd"},
    ],
)
RULED = policy(require=[{"when": {"sensitive": True}, "labels": ["eu"]}])


@pytest.mark.parametrize(
    ("models", "given", "why"),
    [
        ("auto,elsewhere", policy(), "ask for it alone"),
        ("elsewhere, large", RULED, "ask for it alone"),
        ("elsewhere, auto", RULED, "ask for it alone"),
        ("elsewhere,best", RULED, "ask for it alone"),
        ("elsewhere,d-1", RULED, "ask for 'small' instead"),
        ("elsewhere,openai/tiny", RULED, "ask for 'small' instead"),
    ],
)
async def test_several_models_at_once_are_no_way_around_the_policy(models: str, given: dict[str, Any], why: str) -> None:
    pytest.importorskip("fastapi")

    with pytest.raises(Exception) as raised:
        await Acting(given, groups=SERVED).comes(models)

    assert raised.value.status_code == 400  # type: ignore[attr-defined]
    assert why in str(raised.value.detail)  # type: ignore[attr-defined]


@pytest.mark.parametrize("bucket", ["metadata", "litellm_metadata"])
@pytest.mark.parametrize("group", ["small", "best"])
async def test_nor_is_an_attempt_that_no_hook_was_asked_about(group: str, bucket: str) -> None:
    acting = Acting(RULED, groups=SERVED)

    with pytest.raises(BadRequestError, match=f"'{group}' has a policy with 'require', which is not kept on this path"):
        await acting.hook.async_pre_call_deployment_hook({bucket: {"model_group": group, MARK: "forged"}}, None)


@pytest.mark.parametrize(
    ("given", "about"),
    [
        (policy(), {"model_group": "small"}),
        ({**RULED, "mode": "observe"}, {"model_group": "small"}),
        (RULED, {"model_group": "elsewhere"}),
        (RULED, {}),
    ],
)
async def test_attempts_without_a_decision_that_the_policy_does_not_rule_go_on(given: dict[str, Any], about: dict[str, Any]) -> None:
    await Acting(given, groups=SERVED).hook.async_pre_call_deployment_hook({"metadata": about}, None)


async def test_an_attempt_of_a_call_that_has_just_ended_goes_on() -> None:
    acting = Acting(RULED, groups=SERVED)
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.answers(request)

    await acting.asks(request, "small")


@pytest.mark.parametrize("given", [policy(), RULED])
async def test_a_silent_model_is_no_attempt_of_the_call(given: dict[str, Any]) -> None:
    acting = Acting(given)
    request = await acting.comes()
    await acting.asks(request, "small")
    silent = {**request, "metadata": {**request["metadata"], "is_silent_experiment": True}}
    await acting.asks(silent, "large")
    await acting.answers(request)

    assert acting.notes.asked == [("small", 1, 0)]
    assert acting.notes.outcomes[0].model == "small"


async def test_a_silent_model_that_must_not_see_the_text_is_refused() -> None:
    acting = Acting(RULED)
    request = await acting.comes()
    silent = {**request, "metadata": {**request["metadata"], "is_silent_experiment": True}}

    with pytest.raises(BadRequestError, match="does not let 'elsewhere' see this call"):
        await acting.asks(silent, "elsewhere")


async def test_a_body_beside_the_request_does_not_change_the_model() -> None:
    request = await Acting(policy()).comes(extra_body={"model": "elsewhere", "top_k": 3})

    assert request["extra_body"] == {"top_k": 3}


@pytest.mark.parametrize(("models", "given"), [("elsewhere,other", RULED), ("small,large", policy()), ("auto,large", OBSERVING)])
async def test_several_models_that_the_policy_does_not_rule_are_left_to_litellm(models: str, given: dict[str, Any]) -> None:
    assert (await Acting(given).comes(models))["model"] == models


@pytest.mark.parametrize("call_type", ["acompletion", "moderation"])
@pytest.mark.parametrize("model", ["d-1", "openai/tiny", "of-a-team"])
async def test_a_deployment_is_no_way_around_require(model: str, call_type: str) -> None:
    pytest.importorskip("fastapi")

    with pytest.raises(Exception) as raised:
        await Acting(RULED, groups=SERVED).comes(model, call_type=call_type)

    assert raised.value.status_code == 400  # type: ignore[attr-defined]
    assert f"{model!r} names a deployment of 'small'" in str(raised.value.detail)  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", ["auto", "small", "best"])
async def test_nor_is_a_request_of_another_kind(model: str) -> None:
    pytest.importorskip("fastapi")

    with pytest.raises(Exception) as raised:
        await Acting(RULED, groups=SERVED).comes(model, call_type="agenerate_content")

    assert raised.value.status_code == 400  # type: ignore[attr-defined]
    assert "not kept for requests of this kind" in str(raised.value.detail)  # type: ignore[attr-defined]


@pytest.mark.parametrize("call_type", ["acompletion", "moderation"])
@pytest.mark.parametrize(
    ("model", "given"), [("d-1", policy()), ("d-1", {**RULED, "mode": "observe"}), ("d-2", RULED), ("elsewhere", RULED), ("nobody", RULED)]
)
async def test_deployments_and_kinds_that_the_policy_does_not_rule_are_left_to_litellm(
    model: str, given: dict[str, Any], call_type: str
) -> None:
    acting = Acting(given, groups=SERVED)

    assert (await acting.comes(model, call_type=call_type))["model"] == model
    assert acting.notes.decisions == []


async def test_a_call_that_no_model_may_answer_is_refused_with_the_reasons() -> None:
    pytest.importorskip("fastapi")
    acting = Acting(policy(require=[{"when": {"stage": "judge"}, "labels": ["eu"]}]))

    with pytest.raises(Exception) as raised:
        await acting.comes(metadata={"stage": "judge"})

    assert raised.value.status_code == 403  # type: ignore[attr-defined]
    assert "small: lacks the required label eu" in str(raised.value.detail)  # type: ignore[attr-defined]
    assert acting.notes.outcomes[0].status == "failed"


async def test_groups_that_are_missing_are_listed_with_those_that_are_there_for_the_log_alone() -> None:
    pytest.importorskip("fastapi")
    groups = SimpleNamespace(get_model_names=lambda: ["small", "other", "auto"], model_group_alias={"auto": "small"})

    with pytest.raises(Exception) as raised, pytest.warns(RuntimeWarning) as said:
        await Acting(policy(), groups=groups).comes()

    assert raised.value.status_code == 500  # type: ignore[attr-defined]
    assert "does not fit the groups" in str(raised.value.detail)  # type: ignore[attr-defined]
    assert "large" not in str(raised.value.detail)  # type: ignore[attr-defined]
    assert all(word in str(said[0].message) for word in ("'large'", "small, large", "other, small"))


async def test_a_group_that_is_there_may_still_be_named() -> None:
    groups = SimpleNamespace(get_model_names=lambda: ["small"], model_group_alias={})

    assert (await Acting(policy(), groups=groups).comes("small"))["fallbacks"] == []


async def test_a_virtual_name_that_the_proxy_does_not_know_is_said_with_the_cure(caplog: pytest.LogCaptureFixture) -> None:
    groups = SimpleNamespace(get_model_names=lambda: ["small", "large"], model_group_alias={})
    acting = Acting(policy(), groups=groups)

    await acting.comes()
    await acting.comes()

    assert [record.getMessage().count("model_group_alias: {auto: small}") for record in caplog.records] == [1]


async def test_the_headers_name_who_answers() -> None:
    acting = Acting(policy(routes=when(stage="rerank")))
    request = await acting.comes(metadata={"stage": "rerank"})
    await acting.asks(request, "large")
    before = await acting.headers(request)
    await acting.answers(request)
    after = await acting.headers(request)

    assert before == after
    assert before is not None
    assert (before["x-taskroute-model"], before["x-taskroute-route"]) == ("large", "hit")
    assert before["x-taskroute-decision-id"] == request["metadata"][MARK]


@given(st.text(min_size=1), st.text())
def test_every_header_can_be_sent(route: str, model: str) -> None:
    route, model = (text.encode("utf-8", "replace").decode() for text in (route, model))
    headers = headers_of(Decision(candidates=(), route=route, reason="", id="1"), model)

    for value in headers.values():
        assert all(" " <= letter <= "~" for letter in value)
        assert value == value.strip()
        assert len(value) <= 200


def test_a_request_without_a_trace_belongs_to_that_of_its_headers() -> None:
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}

    found = trace.get_current_span(parent_of(None, headers)).get_span_context()

    assert f"{found.span_id:x}" == "b7ad6b7169203331"


def test_a_span_of_litellms_goes_before_the_headers() -> None:
    span = TracerProvider().get_tracer("t").start_span("request")

    assert trace.get_current_span(parent_of(span, {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"})) is span


def test_the_current_trace_stays() -> None:
    span = TracerProvider().get_tracer("t").start_span("request")
    with trace.use_span(span):
        assert parent_of(None, {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}) is None


class UnreadableSpan(trace.NonRecordingSpan):
    def get_span_context(self) -> trace.SpanContext:
        raise BrokenSpanError("hunter2")


class BrokenSpanError(Exception):
    pass


def test_a_trace_that_cannot_be_read_costs_one_warning_and_no_request() -> None:
    span = UnreadableSpan(trace.INVALID_SPAN_CONTEXT)

    with pytest.warns(
        RuntimeWarning, match=r"^the trace that a request belongs to could not be read \(BrokenSpanError\); the request went on$"
    ):
        assert parent_of(span, {}) is None


@pytest.mark.parametrize("headers", [None, "oops", {}, {"traceparent": 7}, {"traceparent": "oops"}])
def test_headers_that_say_nothing_lead_nowhere(headers: Any) -> None:
    context = parent_of(None, headers)

    assert context is None or not trace.get_current_span(context).get_span_context().is_valid


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "TASKROUTE_POLICY is not set"),
        ({"TASKROUTE_POLICY": " "}, "TASKROUTE_POLICY is not set"),
        ({"TASKROUTE_POLICY": "policy.yaml", "TASKROUTE_VIRTUAL": " , "}, "TASKROUTE_VIRTUAL is empty"),
    ],
)
def test_an_environment_that_lacks_something_is_refused(environ: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        build_hook(environ)


def test_a_virtual_name_that_is_a_model_of_the_policy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "taskroute.yaml"
    path.write_text("models: {small: openai:a, large: openai:b}\ndefault: [small, large]\n")

    with pytest.raises(ConfigurationError, match="'small' is a model of the policy too"):
        build_hook({"TASKROUTE_POLICY": str(path), "TASKROUTE_VIRTUAL": "auto,small"})
