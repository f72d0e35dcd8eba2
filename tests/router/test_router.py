"""The router as its users hold it: deciding, reloading, switches, pickling, forking, closing."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import taskroute
from taskroute import Call, ConfigurationError, NoEligibleModelError, PolicyError, Router, RouterClosedError
from taskroute.execution.drivers import drive
from taskroute.registry.prices import Prices, UserPrice, UserPrices
from taskroute.testing import FakeClock, ScriptedModel, ScriptError, assert_route
from taskroute.types import Classification, Usage
from tests.decision.test_decide import Remote
from tests.execution.test_drivers import Host
from tests.policies import policy, router, when

TEXT = "models: {small: 'test:small', large: 'test:large'}\ndefault: [small]\n"


def test_the_public_names_are_these() -> None:
    assert taskroute.__all__ == [
        "AllModelsFailedError", "Call", "ConfigurationError", "Decision", "IncompleteStreamError", "Message", "NoEligibleModelError", "Policy",
        "PolicyError", "Router", "RouterClosedError", "Signal", "Signals", "StreamInterruptedError", "TaskrouteError", "load_policy",
    ]  # fmt: skip


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ["langchain_core", "langchain", "litellm", "redis", "diskcache", "opentelemetry.sdk", "numpy", "genai_prices", "httpx", "re2"]
    code = f"import sys, taskroute; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_router_that_decides_and_runs_loads_nothing_heavy() -> None:
    code = (
        "import sys; from taskroute import Router, Call; r = Router({'models': {'a': 'openai:gpt-5-mini'}, 'default': 'a'}); r.decide(Call('q'));"
        "print([m for m in ('langchain_core', 'litellm', 'opentelemetry.sdk', 'numpy', 'genai_prices') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_each_decision_has_an_id_of_its_own() -> None:
    routed = router()
    assert len({routed.decide(Call("q")).id for _ in range(50)}) == 50


def test_raises_when_no_model_may_answer_and_remembers_why() -> None:
    routed = router(require=[{"when": {}, "labels": "private"}])
    with pytest.raises(NoEligibleModelError):
        routed.decide(Call("q"))
    last = routed.last_decision()
    assert last is not None
    assert last.rejected == {"small": "lacks the required label private", "large": "lacks the required label private"}


class Answering(Remote):
    async def aclassify(self, text: str, tasks: Any) -> Classification:
        return Classification({"debugging": 0.9})


def test_sync_deciding_does_not_ask_a_classifier_that_needs_io_and_async_deciding_does() -> None:
    routed = Router(policy(routes=when(task="code")), classifier=Answering(), environ={})
    assert routed.decide(Call("fix it")).route is None
    assert asyncio.run(routed.adecide(Call("fix it"))).route == "hit"


class Failing(Remote):
    def classify(self, text: str, tasks: Any) -> Classification:
        raise ConnectionError("gone")

    async def aclassify(self, text: str, tasks: Any) -> Classification:
        raise ConnectionError("gone")


def test_a_classifier_that_fails_costs_one_warning_and_abstains() -> None:
    routed = Router(policy(routes=when(task="code")), classifier=Failing(), environ={})
    with pytest.warns(RuntimeWarning, match="the classifier 'remote' failed with ConnectionError and abstains"):
        assert asyncio.run(routed.adecide(Call("fix it"))).route is None
    assert drive(routed.run(Call("fix it")), Host({"small": ["hi"]})).model == "small"


def test_reload_swaps_the_policy_and_a_broken_one_leaves_the_old(tmp_path: Path) -> None:
    path = tmp_path / "taskroute.yaml"
    path.write_text(TEXT)
    routed = Router.from_file(path, environ={})
    before = routed.decide(Call("q")).policy_version
    path.write_text(TEXT.replace("[small]", "[large]"))
    routed.reload()
    assert routed.decide(Call("q")).model == "large"
    assert routed.decide(Call("q")).policy_version != before
    path.write_text(TEXT.replace("[small]", "[tiny]"))
    with pytest.raises(PolicyError, match="no model named 'tiny'"):
        routed.reload()
    assert routed.decide(Call("q")).model == "large"


def test_a_call_in_flight_ends_under_the_policy_it_began_with() -> None:
    routed = router(retry={"extra": 0})
    host = Host({"small": [ConnectionError("cut")], "large": ["hi"]})

    class Reloading(Host):
        def answer(self, attempt: Any) -> Any:
            routed.reload(policy(default=["small"], retry={"extra": 0}))
            return host.answer(attempt)

    assert drive(routed.run(Call("q")), Reloading({})).model == "large"
    assert routed.policy.default == ("small",)


def test_reload_without_a_file_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="pass the policy to reload"):
        router().reload()


def test_the_pin_switch_pins_every_call_and_refuses_a_name_it_does_not_know() -> None:
    routed = Router(policy(routes=when(stage="x")), environ={"TASKROUTE_PIN": "small"})
    decision = routed.decide(Call("q", stage="x"))
    assert (decision.candidates, decision.reason) == (("small",), "TASKROUTE_PIN pins 'small'")
    with pytest.raises(ConfigurationError, match="TASKROUTE_PIN='larg' names no model; did you mean 'large'?"):
        Router(policy(), environ={"TASKROUTE_PIN": "larg"})


def test_the_disabling_switch_routes_nothing_and_warns() -> None:
    with pytest.warns(RuntimeWarning, match="TASKROUTE_DISABLED is set"):
        routed = Router(policy(routes=when(stage="x")), environ={"TASKROUTE_DISABLED": "1"})
    assert routed.decide(Call("q", stage="x")).candidates == ("small", "large")
    assert Router(policy(routes=when(stage="x")), environ={"TASKROUTE_DISABLED": "0"}).decide(Call("q", stage="x")).route == "hit"


def test_pickles_with_its_policy_and_its_configuration() -> None:
    prices = Prices(UserPrices({"large": UserPrice.of(input=1, output=1)}))
    routed = Router(policy(routes=when(task="code")), environ={}, classifier=Answering(), clock=FakeClock(7.0), prices=prices)
    copy = pickle.loads(pickle.dumps(routed))
    assert copy.cost("large", Usage(input=1, output=1)) == routed.cost("large", Usage(input=1, output=1)) is not None
    assert copy.policy == routed.policy
    assert copy.clock.now() == 7.0
    assert asyncio.run(copy.adecide(Call("fix it"))).route == "hit"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_of_a_fork_gives_other_ids() -> None:
    code = (
        "import os; from taskroute import Router, Call\n"
        "r = Router({'models': {'a': 'test:a'}, 'default': 'a'})\n"
        "import sys; read, write = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.write(write, r.decide(Call('q')).id.encode()); os._exit(0)\n"
        "os.wait(); print(os.read(read, 100).decode() != r.decide(Call('q')).id)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True"


def test_a_closed_router_refuses_calls() -> None:
    with router() as routed:
        routed.decide(Call("q"))
    with pytest.raises(RouterClosedError, match="build a new one"):
        routed.decide(Call("q"))

    async def go() -> None:
        async with router() as again:
            await again.adecide(Call("q"))
        with pytest.raises(RouterClosedError):
            again.run(Call("q"))

    asyncio.run(go())


def test_captures_every_decision_inside_the_block_and_tasks_started_in_it() -> None:
    routed = router(routes=when(stage="x"))

    async def go() -> list[str | None]:
        with routed.capture_decisions() as seen:
            await asyncio.gather(routed.adecide(Call("q", stage="x")), routed.adecide(Call("q")))
            assert routed.last_decision() is seen[-1]
        await routed.adecide(Call("q"))
        return [decision.route for decision in seen]

    assert sorted(asyncio.run(go()), key=str) == [None, "hit"]


def test_a_price_of_the_users_own_wins_and_an_unknown_one_is_none() -> None:
    priced = {"small": {"model": "openai:gpt-5-mini", "price": {"input": 0.15, "output": 1}}, "large": {"model": "test:large"}}
    routed = router(models=priced)
    cost = routed.cost("small", Usage(input=1_000_000, output=500_000))
    assert cost is not None
    assert (cost.amount, cost.source, cost.currency) == (Decimal("0.65"), "user", "USD")
    assert routed.cost("large", Usage(input=10, output=10)) is None
    assert routed.cost("small", Usage(input=10)) is None


@pytest.mark.parametrize("prompt", ["", " ", "\x00", "\ud800", "x" * 10_000_000], ids=["empty", "blank", "nul", "surrogate", "10 MB"])
def test_any_prompt_is_decided(prompt: str) -> None:
    routed = router(
        routes=[
            *when(task="code", complexity="high", language="de"),
            {"name": "long", "when": {"tokens": {"over": 1000000}, "sensitive": False}, "use": "large"},
        ]
    )
    assert routed.decide(Call(prompt)).model in ("small", "large")


def test_users_can_assert_a_route_and_are_told_why_it_differs() -> None:
    routed = router(routes=when(stage="x"))
    assert assert_route(routed, Call("q", stage="x"), route="hit", model="large", candidates=("large", "small")).route == "hit"
    with pytest.raises(AssertionError, match="route is None, not 'hit': no route matched"):
        assert_route(routed, Call("q"), route="hit")
    with pytest.raises(AssertionError, match="model is 'small', not 'large'"):
        assert_route(routed, Call("q"), model="large")
    with pytest.raises(AssertionError, match="candidates are"):
        assert_route(routed, Call("q"), candidates=["small"])


def test_a_script_says_what_was_unexpected() -> None:
    script = ScriptedModel({"small": ["a"], "large": "always"})
    assert [script.next_line("small", 1), script.next_line("large", 2), script.next_line("large", 3)] == ["a", "always", "always"]
    script.assert_used_up()
    with pytest.raises(ScriptError, match="the script of 'small' is used up after 1 calls"):
        script.next_line("small", 4)
    with pytest.raises(ScriptError, match="no script for model 'other'; scripted: small, large"):
        script.next_line("other", 5)
    with pytest.raises(ScriptError, match="lines left unused: {'a': 1}"):
        ScriptedModel({"a": ["x"]}).assert_used_up()
    assert script.called[:3] == ["small", "large", "large"]
