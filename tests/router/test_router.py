"""The router as its users hold it: deciding, reloading, switches, pickling, forking, closing."""

from __future__ import annotations

import asyncio
import json
import operator
import os
import pickle
import subprocess
import sys
import threading
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import taskroute
from taskroute import Call, ConfigurationError, NoEligibleModelError, PolicyError, Router, RouterClosedError
from taskroute.execution.drivers import drive
from taskroute.policy.parse import load_policy
from taskroute.registry.prices import Prices, UserPrice, UserPrices
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock, ScriptedModel, ScriptError, assert_route
from taskroute.types import Classification, ModelHealth, Usage
from tests.decision.test_decide import Remote
from tests.execution.test_drivers import Host
from tests.policies import policy, router, when

TEXT = "models: {small: 'test:small', large: 'test:large'}\ndefault: [small]\n"


def test_the_public_names_are_these() -> None:
    assert taskroute.__all__ == [
        "AllModelsFailedError", "Call", "Checked", "ConfigurationError", "Decision", "IncompleteStreamError", "Message", "NoEligibleModelError",
        "Policy", "PolicyError", "Router", "RouterClosedError", "Signal", "Signals", "StreamInterruptedError", "TaskrouteError", "UnknownDecisionError", "hybrid", "load_policy",
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


ONE: dict[str, Any] = {"default": ["small"], "retry": {"extra": 0}, "breaker": {"failures": 2}}


def fail(routed: Router, times: int = 2) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            drive(routed.run(Call("q")), Host({"small": [ConnectionError("refused")]}))


def test_deciding_says_when_a_model_may_be_called_again() -> None:
    routed = Router(policy(**ONE), clock=FakeClock(), environ={})
    fail(routed)
    for decide in (routed.decide, lambda call: asyncio.run(routed.adecide(call))):
        with pytest.raises(NoEligibleModelError, match="2 of 2 tries failed within 60s, the last with connection") as caught:
            decide(Call("q"))
        assert caught.value.retry_after == 30
    with pytest.raises(NoEligibleModelError) as caught:
        router(require=[{"when": {}, "labels": "private"}]).decide(Call("q"))
    assert caught.value.retry_after is None


def test_what_an_error_says_of_waiting_is_pickled_with_it() -> None:
    error = NoEligibleModelError("why", rejected={"small": "circuit open"}, retry_after=7.5)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.retry_after, copy.rejected, str(copy)) == (7.5, error.rejected, str(error))


def test_a_reload_keeps_the_circuits_of_the_models_that_stay_the_same() -> None:
    routed = Router(policy(**ONE), clock=FakeClock(), environ={})
    fail(routed)
    routed.reload(policy(**ONE | {"breaker": {"failures": 9}}))
    assert routed.health()["small"].state == "open"
    routed.reload(policy(**ONE | {"models": {"small": {"model": "test:another"}}}))
    assert routed.health()["small"].state == "closed"
    assert drive(routed.run(Call("q")), Host({"small": ["hi"]})).model == "small"
    routed.reload(policy(**ONE))
    assert routed.health()["small"].state == "open"
    routed.reload(policy(**ONE | {"breaker": "none"}))
    assert drive(routed.run(Call("q")), Host({"small": ["hi"]})).model == "small"


def test_a_call_in_flight_is_accounted_for_under_the_policy_it_began_with() -> None:
    routed = Router(policy(**ONE), clock=FakeClock(), environ={})

    class Reloading(Host):
        def answer(self, attempt: Any) -> Any:
            routed.reload(policy(models={"other": {"model": "test:other"}}, default=["other"]))
            return super().answer(attempt)

    with pytest.raises(ConnectionError):
        drive(routed.run(Call("q")), Reloading({"small": [ConnectionError()]}))
    assert list(routed.health()) == ["other"]
    routed.reload(policy(**ONE))
    assert routed.health()["small"].tries == 1


def test_a_policy_that_is_put_in_force_by_many_threads_while_others_call_breaks_no_call() -> None:
    routed = Router(policy(), environ={})
    stop, wrong = threading.Event(), list[BaseException]()
    policies = [load_policy(policy()), load_policy(policy(breaker="none")), load_policy(policy(default=["large"]))]

    def reload() -> None:
        while not stop.is_set():
            for one in policies:
                routed.reload(one)
                routed.health()

    def call() -> None:
        try:
            for n in range(150):
                line: Any = [ConnectionError()] * 2 if n % 3 == 0 else ["hi"]
                drive(routed.run(Call("q")), Host({"small": list(line), "large": ["hi", "hi"]}))
        except BaseException as error:
            wrong.append(error)

    callers = [threading.Thread(target=call) for _ in range(4)]
    reloaders = [threading.Thread(target=reload) for _ in range(2)]
    for thread in (*callers, *reloaders):
        thread.start()
    for thread in callers:
        thread.join()
    stop.set()
    for thread in reloaders:
        thread.join()
    assert wrong == []


def test_pickles_with_its_store_and_check_and_without_what_it_has_seen() -> None:
    options: dict[str, Any] = {"clock": FakeClock(), "environ": {}, "store": MemoryStore(FakeClock())}
    routed = Router(policy(**ONE, **SCORED), check={"default": operator.truth}, **options)
    fail(routed)
    copy = pickle.loads(pickle.dumps(routed))
    assert copy.run(Call("q")).checks == {None: operator.truth}
    assert (routed.health()["small"].state, copy.health()["small"]) == ("open", ModelHealth())
    fail(copy)
    assert copy.health()["small"].state == "open"


def test_disabled_nothing_is_refused_and_nothing_is_accounted_for() -> None:
    store = MemoryStore()
    with pytest.warns(RuntimeWarning, match="TASKROUTE_DISABLED is set"):
        routed = Router(policy(**ONE), environ={"TASKROUTE_DISABLED": "1"}, store=store)
    fail(routed, 12)
    assert routed.health() == {"small": ModelHealth(), "large": ModelHealth()}
    assert list(store.scan("")) == []
    enforcing = Router(policy(**ONE), environ={}, store=store)
    fail(enforcing)
    assert drive(routed.run(Call("q")), Host({"small": ["hi"]})).model == "small"


def test_a_store_stays_its_callers_to_close() -> None:
    store = MemoryStore()
    with Router(policy(), environ={}, store=store):
        pass
    store.put("mine", b"1")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (0.5, "check= must be a function from an answer to a score, not a float"),
        ({"hti": len}, r"check={'hti': …} names no route; did you mean 'hit'\? known: default, hit"),
        ({"hit": 0.5}, "check={'hit': …} must be a function from an answer to a score, not a float"),
    ],
)
def test_what_is_no_check_is_refused_when_the_router_is_built(check: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Router(policy(routes=when(stage="x")), environ={}, check=check)


SCORED: dict[str, Any] = {"fallback": {"on": ["low_confidence"]}}


@pytest.mark.parametrize(
    ("changes", "check", "said"),
    [
        (SCORED, None, "'fallback.on' has low_confidence, but no check= was given: no answer is scored"),
        ({"routes": [{**when()[0], **SCORED}]}, None, "'fallback.on' has low_confidence, but no check= was given: no answer is scored"),
        ({}, len, "check= was given, but 'fallback.on' has no low_confidence: it is never asked"),
        (
            {"fallback": {"on": ["truncated"]}},
            {"default": len},
            "check= was given, but 'fallback.on' has no low_confidence: it is never asked",
        ),
        ({}, None, None),
        (SCORED, len, None),
        ({"routes": [{**when()[0], **SCORED}]}, {"hit": len}, None),
    ],
)
def test_says_at_the_callers_line_what_nobody_will_look_at(changes: Any, check: Any, said: str | None, tmp_path: Path) -> None:
    path = tmp_path / "taskroute.yaml"
    path.write_text(json.dumps(policy(**changes)))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        Router(policy(**changes), environ={}, check=check)
        Router.from_file(path, environ={}, check=check)
    expected = [] if said is None else [(said, UserWarning, __file__)] * 2
    assert [(str(warning.message), warning.category, warning.filename) for warning in seen] == expected


def test_says_when_answers_cannot_be_checked_against_their_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    on = {"fallback": {"on": ["invalid_output"]}}
    router(**on)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    router()
    with pytest.warns(UserWarning, match=r"not checked against their schema: pip install 'taskroute\[validate\]'"):
        router(**on)


def test_a_check_of_default_is_for_calls_without_a_route_unless_a_route_has_that_name() -> None:
    def check(answer: Any) -> float:
        return 1.0

    routed = Router(policy(**SCORED, routes=when(stage="x")), environ={}, check={"default": check, "hit": len})
    assert routed.run(Call("q")).checks == {None: check, "hit": len}
    named = policy(**SCORED, routes=[{"name": "default", "when": {"stage": "x"}, "use": "large"}])
    assert Router(named, environ={}, check={"default": check}).run(Call("q")).checks == {"default": check}


def test_a_policy_without_the_route_of_a_check_is_not_put_in_force() -> None:
    routed = Router(policy(**SCORED, routes=when(stage="x")), environ={}, check={"hit": len})
    before = routed.policy
    with pytest.raises(ConfigurationError, match=r"check={'hit': …} names no route; known: default"):
        routed.reload(policy(**SCORED))
    assert routed.policy is before
    assert routed.run(Call("q")).checks == {"hit": len}
    # A name of its own for the same check, once there is a route for it.
    default = Router(policy(**SCORED), environ={}, check={"default": len})
    default.reload(policy(**SCORED, routes=[{"name": "default", "when": {"stage": "x"}, "use": "large"}]))
    assert default.run(Call("q")).checks == {"default": len}


@pytest.mark.parametrize(
    ("store", "lacking"),
    [
        ({}, "of type dict, which has no compare_and_set, aget, acompare_and_set"),
        (object(), "of type object, which has no get, compare_and_set, aget, acompare_and_set"),
    ],
)
def test_what_is_no_store_is_refused_when_the_router_is_built(store: Any, lacking: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"store= is {lacking}; give a Store, such as MemoryStore\(\)"):
        Router(policy(), environ={}, store=store)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_of_a_fork_made_while_an_account_is_written_is_not_locked_up() -> None:
    code = """
import os, threading, time
from taskroute import Call, Router
from taskroute.clock import SystemClock
from taskroute.execution.drivers import drive

class Slow(SystemClock):
    def time(self):
        if threading.current_thread() is not threading.main_thread():
            time.sleep(1)
        return time.time()

class Host:
    def answer(self, attempt):
        asked.set()
        raise ConnectionError

def call():
    try:
        drive(router.run(Call("q")), Host())
    except ConnectionError:
        pass

router, asked = Router({"models": {"a": "test:a"}, "default": "a"}, clock=Slow()), threading.Event()
threading.Thread(target=call, daemon=True).start()
asked.wait()
time.sleep(0.1)
if (child := os.fork()) == 0:
    router.health()
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0)
"""
    found = subprocess.run([sys.executable, "-u", "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.strip() == "7"


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
