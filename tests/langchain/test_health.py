"""A model that fails again and again is left alone for a while: through a routed model, live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from taskroute import NoEligibleModelError, Router
from taskroute.testing import FakeClock
from taskroute_langchain import RoutedChatModel
from tests.emulator import Emulator, Fault, Say
from tests.langchain.speaking import saying
from tests.langchain.ways import WAYS, Outcomes, ask


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def routed(live: Emulator, *others: str) -> tuple[RoutedChatModel, Outcomes, FakeClock]:
    outcomes, clock = Outcomes(), FakeClock()
    names = ["first", *others]
    policy = {
        "models": {name: {} for name in names},
        "default": names,
        "retry": {"extra": 0},
        "breaker": {"failures": 5, "cooldown": "30s"},
    }
    first: Any = ChatOpenAI(model="first", base_url=f"{live.url}/v1", api_key="none", max_retries=0)  # type: ignore[arg-type]
    models = {"first": first, **{name: saying(f"from {name}") for name in others}}
    return RoutedChatModel(router=Router(policy, clock=clock, observers=[outcomes], environ={}), models=models), outcomes, clock


def test_after_five_failures_the_provider_sees_no_further_request_until_the_cooldown_is_over(way: str, live: Emulator) -> None:
    live.reset()
    llm, outcomes, clock = routed(live, "second")
    live.then(*[Fault("unavailable")] * 5)
    for _ in range(8):
        assert ask(way, llm).text == "from second"
    assert len(live.requests) == 5
    assert outcomes.last.decision.rejected.keys() == {"first"}
    health = llm.router.health()
    assert (health["first"].state, health["second"].state) == ("open", "closed")
    assert health["first"].error_rate == 1.0
    assert health["first"].last_error is not None
    assert health["first"].last_error.failure == "server_error"
    clock.advance(31.0)
    live.then(Say("well again"))
    assert ask(way, llm).text == "well again"
    assert llm.router.health()["first"].state == "closed"


def test_where_no_other_model_is_left_the_error_says_why_and_how_long(way: str, live: Emulator) -> None:
    live.reset()
    llm, outcomes, clock = routed(live)
    live.then(*[Fault("unavailable")] * 5)
    for _ in range(5):
        with pytest.raises(Exception, match="overflow|503|no body"):
            ask(way, llm)
    clock.advance(10.0)
    with pytest.raises(NoEligibleModelError) as raised:
        ask(way, llm)
    assert raised.value.retry_after == pytest.approx(20.0)
    assert "first" in raised.value.rejected
    assert len(live.requests) == 5
    assert outcomes.last.tries == ()


def test_a_poor_answer_is_no_failure_of_the_model(live: Emulator) -> None:
    live.reset()
    policy = {"models": {"a": {}, "b": {}}, "default": ["a", "b"], "fallback": {"on": ["truncated"]}, "breaker": {"failures": 2}}
    llm = RoutedChatModel(router=Router(policy, environ={}), models={"a": saying("half", finish="length"), "b": saying("whole")})
    for _ in range(4):
        assert llm.invoke("hi").text == "whole"
    assert llm.router.health()["a"].state == "closed"
    assert llm.router.health()["a"].error_rate == 0.0


def test_two_routed_models_of_one_router_share_what_is_known(live: Emulator) -> None:
    live.reset()
    llm, _, _ = routed(live, "second")
    live.then(*[Fault("unavailable")] * 5)
    for _ in range(3):
        llm.invoke("hi")
    for _ in range(5):
        llm.for_stage("rerank").invoke("hi")
    assert len(live.requests) == 5


def test_a_bad_request_opens_no_circuit(live: Emulator) -> None:
    live.reset()
    llm, _, _ = routed(live, "second")
    live.then(*[Fault("bad_request")] * 6)
    for _ in range(6):
        with pytest.raises(Exception, match="400"):
            llm.invoke("hi")
    assert llm.router.health()["first"].state == "closed"
    assert len(live.requests) == 6
