"""Where hosts differ when something fails: the rows of the table in docs/litellm.md, for the hosts in the caller's process.

Those of the proxy are in tests/litellm_proxy/test_live_differences.py.
"""

from __future__ import annotations

import warnings
from typing import Any

import litellm as real_litellm
import openai
import pytest

from taskroute import AllModelsFailedError, NoEligibleModelError, Router, StreamInterruptedError
from taskroute.testing import FakeClock
from taskroute_litellm import install, register, unregister
from taskroute_litellm.versions import installed
from tests.emulator import Cut, Emulator, Fault, Hang, Say
from tests.parity.hosts import HOSTS, SECRET, Came, Case, come, group, policy, scripted
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

litellm: Any = real_litellm
WHOLE = "Paris is the capital of France."
SCHEMA: Any = {
    "type": "json_schema",
    "json_schema": {"name": "a", "schema": {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}}},
}
BUSY, BROKEN = Fault("rate_limit", retry_after=0.01), Fault("server_error", retry_after=0.01)
LITELLMS = [host for host in HOSTS if host != "LangChain"]
every_host = pytest.mark.parametrize("host", HOSTS)


def came(host: str, emulator: Emulator, rules: dict[str, Any], replies: dict[str, Any], **case: Any) -> Came:
    """Return what comes of a call under a policy, where models reply like this."""
    with scripted(emulator, **replies):
        return come(host, Case(Router(rules), emulator, **case))


# Which failures go on to another model


@every_host
def test_a_bad_request_is_the_callers(host: str, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator), {"small": Fault("bad_request")})
    assert found.asked == ["small"]
    assert getattr(found.error, "status_code", None) == 400


@every_host
def test_a_class_that_is_left_out_of_fallback_on_ends_the_call(host: str, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator, fallback={"on": ["timeout"]}), {"small": BROKEN})
    assert found.asked == ["small"]
    assert found.error is not None


@every_host
def test_a_text_too_long_goes_past_models_with_a_smaller_window(host: str, emulator: Emulator) -> None:
    windows = {"small": 20_000, "tiny": 10_000, "large": 100_000}
    more = {name: {"context_window": window} for name, window in windows.items()}
    found = came(host, emulator, policy(emulator, *windows, more=more), {"small": Fault("context_overflow")})
    assert (found.asked, found.text) == (["small", "large"], WHOLE)


@every_host
@pytest.mark.parametrize("goes_on", [False, True])
def test_a_content_policy_error_goes_on_only_if_refusal_is_in_fallback_on(host: str, goes_on: bool, emulator: Emulator) -> None:
    rules = policy(emulator, **({"fallback": {"on": ["refusal"]}} if goes_on else {}))
    found = came(host, emulator, rules, {"small": Fault("content_filter")})
    assert found.asked == (["small", "large"] if goes_on else ["small"])
    assert (found.error is None) == goes_on


@every_host
def test_any_number_of_models_may_follow(host: str, emulator: Emulator) -> None:
    names = [f"g{number}" for number in range(1, 9)]
    found = came(host, emulator, policy(emulator, *names), dict.fromkeys(names[:-1], BROKEN))
    assert (found.asked, found.text) == (names, WHOLE)


# Trying again


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("LangChain", ["small", "small", "large"]),
        ("taskroute/auto", ["small", "small", "large"]),
        ("install()", ["small", "small", "small", "large"]),
    ],
)
def test_the_same_model_is_tried_again_as_the_policy_says_or_as_the_router_does(host: str, asked: list[str], emulator: Emulator) -> None:
    rules = policy(emulator, retry={"extra": 1, "backoff": "1ms"})
    found = came(host, emulator, rules, {"small": [BROKEN] * 4}, settings={"num_retries": 2, "retry_after": 0})
    assert (found.asked, found.text) == (asked, WHOLE)


@pytest.mark.parametrize(
    ("host", "asked"), [("taskroute/auto", ["small", "large", "small", "large"]), ("install()", ["small", "small", "large", "large"])]
)
def test_num_retries_of_a_call_are_litellms(host: str, asked: list[str], emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator), {"small": [BROKEN] * 2, "large": [BROKEN] * 2}, given={"num_retries": 1})
    assert found.asked == asked


@pytest.mark.parametrize("host", HOSTS)
def test_a_rate_limit_of_one_of_two_deployments(host: str, emulator: Emulator) -> None:
    groups = [group(emulator, "small"), group(emulator, "small", "m-twin"), group(emulator, "large")]
    emulator.by("m-small", lambda asked: BUSY)
    case = Case(Router(policy(emulator)), emulator, groups=groups, settings={"num_retries": 6, "retry_after": 0})
    found = [come(host, case) for _ in range(4)]
    if host == "install()":
        # LiteLLM takes either at random, until one is cooling down; the other always answers.
        assert [each.asked[-1] for each in found] == ["twin"] * 4
        assert all("large" not in each.asked for each in found)
    else:
        assert [each.asked for each in found] == [["small", "large"]] * 4


# Answers and streams


@every_host
@pytest.mark.parametrize("answer", [Say(finish="content_filter"), Say(refusal="No."), Say(finish="length"), Say("no JSON")])
def test_answers_are_examined_where_the_policy_asks_for_it(host: str, answer: Say, emulator: Emulator) -> None:
    rules = policy(emulator, fallback={"on": ["refusal", "truncated", "invalid_output"]})
    found = came(host, emulator, rules, {"small": answer}, given={"response_format": SCHEMA})
    assert (found.asked, found.text) == (["small", "large"], '{"q": "Paris"}')


@every_host
@pytest.mark.parametrize("broken", [Cut(0), Cut(1), Say(error_after=0), Cut(0, clean=True)], ids=["cut", "no text", "error", "nothing"])
def test_a_stream_that_breaks_before_its_text_is_begun_by_another_model(host: str, broken: Any, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator), {"small": broken}, stream=True)
    # Before 1.106 LiteLLM asks the same group anew, where the stream is sync and has an error.
    again = host == "install()" and installed() < (1, 106) and broken != Cut(0, clean=True)
    assert (found.asked, found.text) == (["small", "small" if again else "large"], WHOLE)


@pytest.mark.parametrize(
    ("host", "error"), [("LangChain", StreamInterruptedError), ("taskroute/auto", openai.APIError), ("install()", openai.APIError)]
)
@pytest.mark.parametrize("broken", [Cut(4), Say(error_after=4)], ids=["cut", "error"])
def test_a_stream_that_breaks_later_is_an_error(host: str, error: type[Exception], broken: Any, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator), {"small": broken}, stream=True)
    assert found.asked == ["small"]
    assert isinstance(found.error, error)


# Errors


@every_host
def test_when_all_fail_the_error_tells_of_each(host: str, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator), {"small": BROKEN, "large": BUSY})
    assert found.asked == ["small", "large"]
    error: Any = found.error
    if host == "LangChain":
        assert isinstance(error, AllModelsFailedError)
        assert [each.failure for each in error.tries] == ["server_error", "rate_limit"]
    else:
        assert isinstance(error, litellm.RateLimitError), "that of the last model"
        assert any("1. small: server_error" in note and "2. large: rate_limit" in note for note in error.__notes__)


@pytest.mark.parametrize(
    ("host", "error"),
    [("LangChain", NoEligibleModelError), ("taskroute/auto", litellm.PermissionDeniedError), ("install()", NoEligibleModelError)],
)
def test_where_no_model_may_answer_none_is_asked(host: str, error: type[Exception], emulator: Emulator) -> None:
    rules = policy(emulator, require=[{"when": {"sensitive": True}, "labels": ["private"]}])
    found = came(host, emulator, rules, {}, messages=SECRET)
    assert found.asked == []
    assert isinstance(found.error, error)
    assert "lacks the required label private" in str(found.error)


# Circuits


@every_host
def test_an_open_circuit_is_heeded_and_one_call_probes_it_after_its_cooldown(host: str, emulator: Emulator) -> None:
    clock = FakeClock()
    rules = policy(emulator, breaker={"failures": 2, "window": "60s", "cooldown": "30s"})
    case = Case(Router(rules, clock=clock), emulator)
    with scripted(emulator, small=[BROKEN, BROKEN]):
        found = [come(host, case).asked for _ in range(3)]
        clock.advance(31)
        found.append(come(host, case).asked)
    assert found == [["small", "large"], ["small", "large"], ["large"], ["small"]]
    assert case.router.health()["small"].state == "closed"


@pytest.mark.parametrize(("host", "state"), [("LangChain", "open"), ("taskroute/auto", "open"), ("install()", "closed")])
def test_a_circuit_counts_tries_or_what_a_group_came_to(host: str, state: str, emulator: Emulator) -> None:
    rules = policy(emulator, retry={"extra": 1, "backoff": "1ms"}, breaker={"failures": 2})
    case = Case(Router(rules, clock=FakeClock()), emulator, settings={"num_retries": 1, "retry_after": 0})
    with scripted(emulator, small=[Fault("server_error")] * 2):
        assert come(host, case).asked == ["small", "small", "large"]
    assert case.router.health()["small"].state == state


# Time


@every_host
def test_the_limit_of_a_try_is_the_policys(host: str, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator, timeout={"attempt": "400ms"}), {"small": Hang(20)})
    assert (found.asked, found.text) == (["small", "large"], WHOLE)


@every_host
def test_so_is_the_limit_of_a_call(host: str, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator, timeout={"call": "400ms"}), {"small": Hang(20)})
    assert found.asked == ["small"]
    assert "Timeout" in type(found.error).__name__


# What is sent, and where


@pytest.mark.parametrize(("host", "sent"), [("LangChain", 0.3), ("taskroute/auto", 0.3), ("install()", None)])
def test_params_of_the_policy_are_sent_or_those_of_the_group(host: str, sent: float | None, emulator: Emulator) -> None:
    come(host, Case(Router(policy(emulator, more={"small": {"params": {"temperature": 0.3}}})), emulator))
    assert emulator.requests[-1].body.get("temperature") == sent


@pytest.mark.filterwarnings("ignore:.*observe")
@pytest.mark.parametrize(("host", "asked"), [("LangChain", ["small"]), ("taskroute/auto", ["small"]), ("install()", ["other"])])
def test_while_observing_default_answers_or_the_group_of_the_alias(host: str, asked: list[str], emulator: Emulator) -> None:
    routes = [{"name": "answers", "when": {"stage": "generate"}, "use": "large"}]
    rules = policy(emulator, "small", "large", "other", mode="observe", routes=routes)
    found = came(host, emulator, rules, {}, stage="generate", settings={"model_group_alias": {"auto": "other"}})
    assert (found.asked, found.text) == (asked, WHOLE)


@pytest.mark.skipif(installed() < (1, 106), reason="a router with fallbacks is refused before 1.106")
def test_then_fallbacks_are_the_routers_own(emulator: Emulator) -> None:
    settings = {"fallbacks": [{"auto": ["other"]}]}
    rules = policy(emulator, "small", "large", "other", mode="observe")
    found = came("install()", emulator, rules, {"small": BROKEN}, settings=settings)
    assert (found.asked, found.text) == (["small", "other"], WHOLE)


@every_host
def test_a_pin_is_answered_by_its_model_or_not_at_all(host: str, emulator: Emulator) -> None:
    found = came(host, emulator, policy(emulator), {"large": BROKEN}, model="large")
    assert found.asked == ["large"]
    assert found.error is not None


def test_fallbacks_of_a_call_to_auto_are_asked_whatever_the_policy_says(emulator: Emulator) -> None:
    rules = policy(emulator, require=[{"when": {"sensitive": True}, "labels": ["private"]}])
    other = {"model": "openai/m-other", "api_base": f"{emulator.url}/v1", "api_key": "none"}
    found = came("taskroute/auto", emulator, rules, {}, messages=SECRET, given={"fallbacks": [other]})
    assert (found.asked, found.text) == (["other"], WHOLE)


@pytest.mark.parametrize(("host", "asked"), [("taskroute/auto", ["small", "large", "other"]), ("install()", ["small", "large"])])
def test_fallbacks_of_the_caller(host: str, asked: list[str], emulator: Emulator) -> None:
    other = {"model": "openai/m-other", "api_base": f"{emulator.url}/v1", "api_key": "none"} if host == "taskroute/auto" else "other"
    groups = [group(emulator, name) for name in ("small", "large", "other")]
    with warnings.catch_warnings():
        # That they are not used is said once in a process.
        warnings.simplefilter("ignore")
        found = came(host, emulator, policy(emulator), {"small": BROKEN, "large": BROKEN}, given={"fallbacks": [other]}, groups=groups)
    assert found.asked == asked
    assert (found.error is None) == ("other" in asked)


@pytest.mark.parametrize("host", LITELLMS)
def test_an_embedding_goes_on_only_to_the_same_model(host: str, emulator: Emulator) -> None:
    rules = policy(emulator, "vectors", "fine", "twin", more={"twin": {"model": "openai:m-vectors"}})
    router = Router(rules)
    emulator.on("m-vectors", BROKEN)
    if host == "install()":
        groups = [group(emulator, "vectors"), group(emulator, "fine"), group(emulator, "twin", "m-vectors")]
        made: Any = litellm.Router(model_list=groups, model_group_alias={"auto": "vectors"}, num_retries=0)
        with install(made, router):
            made.embedding(model="auto", input="hi")
    else:
        register(router)
        try:
            litellm.embedding(model="taskroute/auto", input="hi")
        finally:
            unregister()
    assert [request.body["model"] for request in emulator.requests] == ["m-vectors", "m-vectors"]
