"""A model group as classifier, in every way to call a LiteLLM router."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from taskroute import Call
from taskroute_litellm.versions import installed
from tests.emulator import Emulator, Fault, Hang
from tests.emulator import Say as Says
from tests.litellm_host.routers import IDS, POLICY, WAYS, Way, call, decided, routed
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

litellm: Any = pytest.importorskip("litellm")

CLASSIFIER = {"kind": "model", "model": "claude", "timeout": "5s"}
RULES: dict[str, Any] = {
    **POLICY,
    "routes": [{"name": "questions", "when": {"task": "question_answering"}, "use": "large"}],
    "classifier": CLASSIFIER,
}
CHAT = [way for way in WAYS if way.endpoint in ("completion", "text_completion", "responses", "anthropic_messages")]
SYNC, ASYNC = Way("completion"), Way("completion", is_async=True)


def label(task: str = "question_answering", score: float = 0.9) -> Says:
    return Says(json.dumps({"scores": [{"task": task, "score": score}], "complexity": "low"}))


def needs_proxys_packages(way: Way) -> None:
    if way == Way("anthropic_messages", is_async=True, streams=True):
        pytest.importorskip("fastapi")


@pytest.mark.parametrize("way", CHAT, ids=str)
@pytest.mark.parametrize("judge", ["claude", "other"])
def test_the_group_is_asked_first_and_its_word_decides(emulator: Emulator, way: Way, judge: str) -> None:
    needs_proxys_packages(way)
    models = {**RULES["models"], "other": {"price": {"input": 1, "output": 2}}}
    with routed(emulator, policy={**RULES, "models": models, "classifier": {**CLASSIFIER, "model": judge}}) as found:
        emulator.on(IDS[judge], label())
        decisions, answer = decided(found, way)
        assert found.asked == [judge, "large"]
    assert [decision.route for decision in decisions] == ["questions"]
    assert decisions[0].signals.task.source == "model"
    assert "scores" not in str(answer)


@pytest.mark.parametrize("way", [SYNC, ASYNC], ids=str)
@pytest.mark.filterwarnings("ignore:the classifier 'model' failed")
def test_one_that_fails_leaves_the_task_open_and_its_failures_count(emulator: Emulator, way: Way) -> None:
    with routed(emulator, policy={**RULES, "breaker": {"failures": 2}}) as found:
        emulator.on(IDS["claude"], *[Fault("server_error")] * 3)
        for number in range(3):
            call(found, way, messages=[{"role": "user", "content": f"What is {number}?"}])
        assert found.asked == ["claude", "small", "claude", "small", "small"]
        assert found.router.health()["claude"].state == "open"


@pytest.mark.parametrize("way", [SYNC, ASYNC], ids=str)
@pytest.mark.filterwarnings("ignore:the classifier 'model' failed")
def test_it_is_waited_for_no_longer_than_the_policy_says(emulator: Emulator, way: Way) -> None:
    with routed(
        emulator, policy={**RULES, "classifier": {**CLASSIFIER, "model": "small", "timeout": "300ms"}, "default": "large"}
    ) as found:
        emulator.on(IDS["small"], Hang(20))
        call(found, way)
        assert found.asked == ["small", "large"]


@pytest.mark.parametrize("way", [SYNC, ASYNC], ids=str)
def test_a_text_is_asked_about_once_and_the_groups_own_fallbacks_are_not_used(emulator: Emulator, way: Way) -> None:
    # Before 1.106 a router with fallbacks of its own is refused.
    fallbacks: Any = {"fallbacks": [{"claude": ["other"]}]} if installed() >= (1, 106) else {}
    with routed(emulator, policy=RULES, **fallbacks) as found:
        emulator.on(IDS["claude"], label())
        call(found, way)
        call(found, way)
        assert found.asked == ["claude", "large", "large"]


def test_a_model_that_refuses_a_schema_is_asked_in_words_from_then_on(emulator: Emulator) -> None:
    with routed(
        emulator, policy={**RULES, "models": {**RULES["models"], "other": {}}, "classifier": {**CLASSIFIER, "model": "other"}}
    ) as found:
        emulator.on(IDS["other"], Fault("bad_request"), label(), label())
        call(found, SYNC)
        call(found, SYNC, messages=[{"role": "user", "content": "What else?"}])
        assert found.asked == ["other", "other", "large", "other", "large"]
        assert ["response_format" in request.body for request in emulator.requests if request.body["model"] == IDS["other"]] == [
            True,
            False,
            False,
        ]


def test_a_decision_alone_asks_through_the_router_that_has_the_policy(emulator: Emulator) -> None:
    with routed(emulator, policy=RULES) as found:
        emulator.on(IDS["claude"], label())
        assert asyncio.run(found.router.adecide(Call("What is the capital of France?"))).model == "large"


@pytest.mark.parametrize("way", [SYNC, ASYNC], ids=str)
@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("I would say that this is a question.", "small"),
        ('{"scores": [{"task": "large", "score": 1}], "complexity": "low", "model": "large"}', "small"),
        ("```json\n" + json.dumps({"scores": {"question_answering": 0.9}}) + "\n```", "large"),
        ("{" * 20_000, "small"),
    ],
    ids=["prose", "orders", "markdown", "braces"],
)
def test_whatever_it_says_only_a_task_is_heard(emulator: Emulator, way: Way, said: str, model: str) -> None:
    with routed(emulator, policy=RULES) as found:
        emulator.on(IDS["claude"], Says(said))
        call(found, way)
        assert found.asked == ["claude", model]


EXAMPLES = {
    **{key: value for key, value in RULES.items() if key != "routes"},
    "classifier": {"kind": "examples", "timeout": "200ms"},
    "tasks": {
        "capitals": {"examples": ["What is the capital of Peru?", "Which city is the capital of Italy?", "Name the capital of Chad"]},
        "cooking": {"examples": ["How long do eggs boil?", "Bake me a cake", "Which spice goes with rice?"]},
    },
    "routes": [{"name": "capitals", "when": {"task": "capitals"}, "use": "large"}],
}


def embed(texts: Any) -> list[list[float]]:
    words = (("capital", "city"), ("egg", "bake", "spice", "rice"))
    return [[0.3, *(float(any(word in text.lower() for word in listed)) for listed in words)] for text in texts]


async def aembed(texts: Any) -> list[list[float]]:
    return embed(texts)


async def hangs(texts: Any) -> list[list[float]]:
    await asyncio.sleep(30)
    return []


@pytest.mark.parametrize("way", [SYNC, ASYNC], ids=str)
def test_a_function_that_embeds_tells_the_task(emulator: Emulator, way: Way) -> None:
    with routed(emulator, policy=EXAMPLES, options={"embed": embed}) as found:
        call(found, way)
        assert found.asked == ["large"]


def test_one_that_waits_is_asked_by_async_calls_and_one_that_hangs_costs_no_call(emulator: Emulator) -> None:
    with routed(emulator, policy=EXAMPLES, options={"embed": aembed}) as found:
        call(found, ASYNC)
        assert found.asked == ["large"]
    with routed(emulator, policy=EXAMPLES, options={"embed": hangs}) as found:
        with pytest.warns(RuntimeWarning, match="'embedded' failed with TimeoutError"):
            call(found, ASYNC)
        assert found.asked[-1] == "small"
    with routed(emulator, policy=EXAMPLES, options={"embed": aembed}) as found:
        with pytest.warns(RuntimeWarning, match="a sync call cannot wait for it"):
            call(found, SYNC)
        assert found.asked[-1] == "small"
