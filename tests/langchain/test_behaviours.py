"""What a routed call does, the same in all six ways to make it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.errors import GraphInterrupt

from taskroute.errors import AllModelsFailedError, NoEligibleModelError
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.provider_errors import FALLS_BACK, BadRequestError, ContextOverflowError, InternalServerError, RateLimitError
from tests.langchain.ways import WAYS, Stage, ask

PRIVATE = {
    "models": {"small": {}, "large": {"labels": ["private"]}},
    "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def about(answer: AIMessage) -> dict[str, Any]:
    return answer.response_metadata["taskroute"]


def test_the_first_model_of_the_route_answers(way: str) -> None:
    stage = Stage({"small": "hello you", "large": "no"}, routes=[{"name": "work", "when": {"stage": "rerank"}, "use": "small"}])
    answer = ask(way, stage.llm.for_stage("rerank"))
    assert answer.text == "hello you"
    assert stage.called == ["small"]
    assert stage.outcomes.last.decision.candidates == ("small", "large")
    assert {key: about(answer)[key] for key in ("model", "route", "stage", "attempts")} == {
        "model": "small",
        "route": "work",
        "stage": "rerank",
        "attempts": 1,
    }
    assert about(answer)["decision_id"] == stage.outcomes.last.decision.id
    assert stage.outcomes.last.status == "answered"
    assert stage.outcomes.last.reply is not None
    assert stage.outcomes.last.reply.usage is not None
    assert stage.outcomes.last.reply.usage.output == 2


@pytest.mark.parametrize("kind", FALLS_BACK)
def test_a_failure_that_may_be_the_models_own_goes_to_the_next_model(way: str, kind: str) -> None:
    stage = Stage({"small": FALLS_BACK[kind], "large": "rescued"})
    answer = ask(way, stage.llm)
    assert answer.text == "rescued"
    assert stage.outcomes.tries == [("small", 0, kind), ("large", 0, None)]
    assert (about(answer)["attempts"], about(answer)["fallback_from"], about(answer)["fallback_reason"]) == (2, "small", kind)


def test_the_same_model_is_tried_again_after_a_growing_wait(way: str) -> None:
    lines = [InternalServerError("a"), ConnectionError("b"), "third time"]
    stage = Stage({"small": lines, "large": "no"}, retry={"extra": 2, "backoff": "500ms"})
    assert ask(way, stage.llm).text == "third time"
    assert stage.outcomes.tries == [("small", 0, "server_error"), ("small", 1, "connection"), ("small", 2, None)]
    assert stage.clock.slept == [0.5, 1.0]


def test_the_wait_that_a_provider_asks_for_is_kept(way: str) -> None:
    stage = Stage({"small": [RateLimitError("slow", {"retry-after": "3"}), "later"], "large": "no"}, retry={"extra": 1})
    assert ask(way, stage.llm).text == "later"
    assert stage.clock.slept == [3.0]


def test_a_wait_that_is_too_long_goes_to_the_next_model_at_once(way: str) -> None:
    stage = Stage({"small": RateLimitError("slow", {"retry-after": "60"}), "large": "now"}, retry={"extra": 3, "max_wait": "8s"})
    assert ask(way, stage.llm).text == "now"
    assert stage.clock.slept == []
    assert stage.called == ["small", "large"]


def test_a_bad_request_never_falls_back_and_keeps_its_own_type(way: str) -> None:
    error = BadRequestError("no such parameter")
    stage = Stage({"small": error, "large": "no"})
    with pytest.raises(BadRequestError) as raised:
        ask(way, stage.llm)
    assert raised.value is error
    assert stage.called == ["small"]


def test_a_bad_request_after_a_fallback_keeps_its_own_type(way: str) -> None:
    stage = Stage({"small": RateLimitError("slow"), "large": BadRequestError("no such parameter")})
    with pytest.raises(BadRequestError):
        ask(way, stage.llm)
    assert stage.called == ["small", "large"]


def test_an_exception_that_nobody_knows_is_raised_as_it_is(way: str) -> None:
    error = KeyError("a bug of yours")
    stage = Stage({"small": error, "large": "no"}, retry={"extra": 2})
    with pytest.raises(KeyError) as raised:
        ask(way, stage.llm)
    assert raised.value is error
    assert stage.called == ["small"]


def test_when_every_model_fails_the_error_lists_each_try(way: str) -> None:
    last = ConnectionError("refused")
    stage = Stage({"small": InternalServerError("oops"), "large": last})
    with pytest.raises(AllModelsFailedError) as raised:
        ask(way, stage.llm)
    assert [(one.model, one.failure) for one in raised.value.tries] == [("small", "server_error"), ("large", "connection")]
    assert raised.value.__cause__ is last
    assert "small: server_error: InternalServerError: oops" in str(raised.value)
    assert stage.outcomes.last.status == "failed"


def test_a_single_candidate_keeps_its_own_exception_with_a_note(way: str) -> None:
    stage = Stage({"small": RateLimitError("slow down")})
    with pytest.raises(RateLimitError) as raised:
        ask(way, stage.llm)
    assert any("small: rate_limit" in note for note in raised.value.__notes__)


def test_a_context_overflow_goes_only_to_a_larger_window(way: str) -> None:
    stage = _windows()
    assert ask(way, stage.llm).text == "it fits"
    assert stage.called == ["small", "large"]


def test_an_overflow_without_a_larger_window_keeps_its_own_exception(way: str) -> None:
    stage = _windows(large=4000)
    with pytest.raises(ContextOverflowError):
        ask(way, stage.llm)
    assert stage.called == ["small"]


@pytest.mark.parametrize("error", [GraphInterrupt(()), KeyboardInterrupt()], ids=lambda error: type(error).__name__)
def test_control_flow_passes_through_with_no_further_call(way: str, error: BaseException) -> None:
    stage = Stage({"small": error, "large": "no"}, retry={"extra": 2})
    with pytest.raises(type(error)):
        ask(way, stage.llm)
    assert stage.called == ["small"]
    assert stage.clock.slept == []
    assert stage.outcomes.last.status == "cancelled"


def test_a_route_without_fallback_stops_at_its_own_models(way: str) -> None:
    routes = [{"name": "only", "when": {"stage": "judge"}, "use": "small", "fallback": "none"}]
    stage = Stage({"small": RateLimitError("slow"), "large": "no"}, routes=routes)
    with pytest.raises(RateLimitError):
        ask(way, stage.llm.for_stage("judge"))
    assert stage.called == ["small"]


def test_the_model_argument_pins_a_model_of_the_policy(way: str) -> None:
    stage = Stage({"small": "no", "large": "pinned"})
    answer = ask(way, stage.llm, model="large")
    assert answer.text == "pinned"
    assert stage.outcomes.last.decision.candidates == ("large",)
    assert stage.outcomes.last.decision.pinned


def test_a_model_argument_that_the_policy_does_not_name_goes_to_the_model(way: str) -> None:
    fake = FakeProvider()
    stage = Stage({"large": "no"}, given={"small": fake}, default=["small", "large"])
    assert ask(way, stage.llm, model="special-edition").response_metadata["model_name"] == "special-edition"
    assert fake.asked[0]["model"] == "special-edition"


def test_the_configuration_pins_a_model(way: str) -> None:
    stage = Stage({"small": "no", "large": "pinned"})
    assert ask(way, stage.llm, config={"configurable": {"model": "large"}}).text == "pinned"
    assert stage.called == ["large"]


def test_a_pin_that_names_no_model_is_said_and_the_route_decides(way: str) -> None:
    stage = Stage({"small": "routed", "large": "no"})
    answer = ask(way, stage.llm, config={"configurable": {"model": "lrage"}})
    assert answer.text == "routed"
    assert "'lrage' names no model" in about(answer)["reason"]


def test_observing_calls_the_model_that_was_there_before(way: str) -> None:
    routes = [{"name": "work", "when": {"stage": "rerank"}, "use": "large"}]
    stage = Stage({"small": "no", "large": "no"}, original=FakeProvider(answer="as ever"), mode="observe", routes=routes)
    answer = ask(way, stage.llm.for_stage("rerank"))
    assert answer.text == "as ever"
    assert stage.called == []
    assert stage.outcomes.last.decision.candidates == ("large", "small")
    assert (about(answer)["mode"], about(answer)["route"]) == ("observe", "work")


def test_observing_without_an_original_calls_the_first_default(way: str) -> None:
    routes = [{"name": "work", "when": {"stage": "rerank"}, "use": "large"}]
    with pytest.warns(UserWarning, match="no original= was given"):
        stage = Stage({"small": "default", "large": "no"}, mode="observe", routes=routes)
    assert ask(way, stage.llm.for_stage("rerank")).text == "default"
    assert stage.outcomes.last.decision.route == "work"


def test_the_original_that_fails_is_not_tried_again(way: str) -> None:
    policy: dict[str, Any] = {"mode": "observe", "retry": {"extra": 2}}
    before = Stage({"was": RateLimitError("slow")})
    stage = Stage({"small": "no", "large": "no"}, original=before.llm.models["was"], **policy)
    with pytest.raises(RateLimitError):
        ask(way, stage.llm)
    assert before.called == ["was"]
    assert stage.called == []


def test_disabled_by_the_environment_routes_nothing(way: str) -> None:
    with pytest.warns(RuntimeWarning, match="TASKROUTE_DISABLED"):
        stage = Stage({"small": "no", "large": "no"}, original=FakeProvider(answer="as ever"), environ={"TASKROUTE_DISABLED": "1"})
    assert ask(way, stage.llm).text == "as ever"


def test_pinned_by_the_environment_every_call_goes_to_one_model(way: str) -> None:
    routes = [{"name": "work", "when": {"stage": "rerank"}, "use": "small"}]
    stage = Stage({"small": "no", "large": "pinned"}, environ={"TASKROUTE_PIN": "large"}, routes=routes)
    assert ask(way, stage.llm.for_stage("rerank")).text == "pinned"


def test_without_an_eligible_model_nothing_is_called(way: str) -> None:
    stage = Stage({"small": "no"}, **{**PRIVATE, "models": {"small": {}}})
    with pytest.raises(NoEligibleModelError) as raised:
        ask(way, stage.llm, "write to joe@example.com")
    assert raised.value.rejected == {"small": "lacks the required label private"}
    assert stage.called == []


def test_a_pin_does_not_open_sensitive_text_to_a_model_that_may_not_see_it(way: str) -> None:
    stage = Stage({"small": "no", "large": "no"}, **PRIVATE)
    with pytest.raises(NoEligibleModelError):
        ask(way, stage.llm, "write to joe@example.com", model="small")
    assert stage.called == []


def test_sensitive_text_goes_only_to_a_model_that_may_see_it(way: str) -> None:
    stage = Stage({"small": "no", "large": "in private"}, **PRIVATE)
    assert ask(way, stage.llm, "write to joe@example.com").text == "in private"
    assert stage.called == ["large"]


def _windows(large: int = 90000) -> Stage:
    windows = {"small": 9000, "smaller": 5000, "large": large}
    script = {"small": ContextOverflowError("too long"), "smaller": "no", "large": "it fits"}
    return Stage(script, models={name: {"context_window": window} for name, window in windows.items()})
