"""Calls of real hosts leave the same numbers however they are made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from taskroute import Router
from taskroute.telemetry.metric_names import METRICS
from taskroute.telemetry.metrics import MetricsObserver
from taskroute.testing import FakeClock, ScriptedModel
from taskroute.types import ModelHealth
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from tests.langchain.ways import STREAMS, WAYS, ask, pieces

from .driven import RateLimitError
from .measured import Meter

pytestmark = pytest.mark.filterwarnings("ignore:.* is in beta")

PRICED = {
    "small": {"model": "openai:gpt-5-mini", "price": {"input": 1_000_000, "output": 1_000_000}},
    "large": {"model": "anthropic:claude-opus-5-5", "price": {"input": 2_000_000, "output": 2_000_000}},
}
DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


class Routed(Meter):
    """A routed model over a script, and what its calls leave."""

    def __init__(self, script: Mapping[str, Any], *, check: Any = None, **policy: Any) -> None:
        super().__init__()
        said: dict[str, Any] = {"models": PRICED, "default": ["small", "large"], **policy}
        observer = MetricsObserver(
            models=self._spec, telemetry=lambda: self.router.policy.telemetry, health=self._health, meter_provider=self.provider
        )
        self.router = Router(said, observers=[observer], clock=FakeClock(), environ={}, chance=lambda: 1.0, check=check)
        self.llm = RoutedChatModel(router=self.router, models=chat_models(ScriptedModel(script)))

    def _spec(self, name: str) -> Any:
        return self.router.snapshot.registry.get(name)

    def _health(self) -> Mapping[str, ModelHealth]:
        return self.router.health()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(routed: Meter) -> dict[str, Any]:
    """Return all numbers, but for those that only streams have."""
    return {name: points for name, points in routed.read().items() if "chunk" not in name}


def routed(way: str) -> Routed:
    """Make one call that is tried again, falls back, and is answered; and one that fails."""
    script = {
        "small": [RateLimitError("x"), TimeoutError("x"), ConnectionError("x"), ConnectionError("x")],
        "large": ["one two three", ValueError("x")],
    }
    made = Routed(script, retry={"extra": 1, "backoff": "1s"}, telemetry={"metrics": "both"})
    ask(way, made.llm.for_stage("generate"), "how long")
    with contextlib.suppress(Exception):
        ask(way, made.llm.for_stage("generate"), "how long")
    return made


def test_every_way_to_call_leaves_the_same_numbers(way: str) -> None:
    assert told(routed(way)) == told(routed("invoke"))


def test_the_numbers_are_those_of_what_happened(way: str) -> None:
    made = routed(way)
    assert made.total("taskroute.calls", taskroute__status="answered", taskroute__model="large") == 1
    assert made.total("taskroute.calls", taskroute__status="failed") == 1
    assert made.total("taskroute.attempts", taskroute__model="small") == 4
    assert made.total("taskroute.attempts", taskroute__model="large") == 2
    assert made.total("taskroute.retries") == 2
    assert made.total("taskroute.fallbacks", taskroute__fallback__from="small", taskroute__model="large") == 2
    durations = [
        (said["gen_ai.request.model"], said.get("error.type"), count)
        for said, (count, _) in made.points("gen_ai.client.operation.duration")
    ]
    assert sorted(durations, key=str) == [
        ("claude-opus-5-5", "ValueError", 1),
        ("claude-opus-5-5", None, 1),
        ("gpt-5-mini", "ConnectionError", 1),
        ("gpt-5-mini", "TimeoutError", 1),
    ]
    tokens = {said["gen_ai.token.type"]: value for said, value in made.points("gen_ai.client.token.usage")}
    assert tokens == {"input": (1, 2), "output": (1, 3)}
    assert made.total("taskroute.cost", taskroute__model="large", taskroute__stage="generate") == 10


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_has_a_time_for_its_first_chunk_and_for_the_others(stream: str) -> None:
    made = Routed({"small": "one two three", "large": "x"})
    ask(stream, made.llm)
    assert made.one("gen_ai.client.operation.time_to_first_chunk")[1] == (1, 0)


def test_chunks_after_the_first_are_counted_and_a_slow_reader_is_not_the_models_time() -> None:
    made = Routed({"small": "one two three four", "large": "x"})
    clock: Any = made.router.clock
    for _ in made.llm.stream("hi"):
        clock.advance(7)
    assert made.one("gen_ai.client.operation.time_per_output_chunk")[1] == (1, 0)
    assert made.one("taskroute.routing.duration")[1] == (1, 0)


@pytest.mark.parametrize("stream", ["stream", "astream"])
def test_a_stream_that_is_dropped_early_has_an_estimate_of_its_cost_and_no_count_of_tokens(stream: str) -> None:
    made = Routed({"small": "one two three four", "large": "x"})
    source: Any = pieces(stream, made.llm)
    next(source)
    source.close()
    asyncio.run(asyncio.sleep(0))
    assert made.one("taskroute.calls")[0]["taskroute.status"] == "cancelled"
    (about, (count, _)) = made.one("gen_ai.client.operation.duration")
    assert (count, "error.type" in about) == (1, False)
    assert made.points("gen_ai.client.token.usage") == []
    assert made.total("taskroute.cost", taskroute__model="small") > 0


def test_threads_and_tasks_lose_no_call() -> None:
    made = Routed({"small": "hi", "large": "x"})
    made.llm.batch(["hi"] * 40, config={"max_concurrency": 8})
    asyncio.run(made.llm.abatch(["hi"] * 40))
    assert made.total("taskroute.calls", taskroute__status="answered") == 80
    assert made.one("gen_ai.client.operation.duration")[1][0] == 80


def test_an_answer_from_the_cache_is_a_hit_and_no_inference(way: str) -> None:
    made = Routed({"small": "one two three", "large": "x"}, cache={"store": "memory"})
    for _ in range(2):
        ask(way, made.llm, "how long")
    statuses = {said["taskroute.cache.status"]: value for said, value in made.points("taskroute.cache.requests")}
    assert statuses == {"miss": 1, "hit": 1}
    assert made.one("gen_ai.client.operation.duration")[1][0] == 1
    assert made.one("taskroute.cost")[1] == 5
    (about, saved) = made.one("taskroute.cost.saved")
    assert (about["taskroute.cost.saved.basis"], saved) == ("cache", 5)


def test_a_circuit_that_opens_is_seen() -> None:
    made = Routed(
        {"small": ConnectionError("x"), "large": "hi"}, retry={"extra": 0}, breaker={"failures": 1, "window": "60s", "cooldown": "30s"}
    )
    made.llm.invoke("hi")
    states = {said["taskroute.model"]: value for said, value in made.points("taskroute.breaker.state")}
    assert states == {"small": 2, "large": 0}
    clock: Any = made.router.clock
    clock.advance(31)
    states = {said["taskroute.model"]: value for said, value in made.points("taskroute.breaker.state")}
    assert states == {"small": 1, "large": 0}


def test_an_answer_that_is_not_good_enough_is_counted_and_paid_for(way: str) -> None:
    made = Routed(
        {"small": "one", "large": "two"},
        fallback={"on": ["low_confidence"]},
        check=lambda answer: 0.0 if answer.text == "one" else 1.0,
    )
    ask(way, made.llm, "hi")
    assert made.one("taskroute.validation.failures") == ({"taskroute.model": "small", "taskroute.validation.failure": "low_confidence"}, 1)
    assert made.total("taskroute.cost", taskroute__model="small") == 2
    assert made.total("taskroute.cost", taskroute__model="large") == 4


def test_what_a_policy_saves_against_its_baseline_is_counted(way: str) -> None:
    made = Routed({"small": "one two three", "large": "x"}, telemetry={"baseline": "large"})
    ask(way, made.llm, "how long")
    (about, saved) = made.one("taskroute.cost.saved")
    assert (saved, about["taskroute.cost.saved.basis"], about["taskroute.model"]) == (5, "estimate", "small")
    (about, baseline) = made.one("taskroute.cost.baseline")
    assert (baseline, about["taskroute.cost.baseline.model"]) == (10, "large")


def test_nothing_that_was_said_is_in_any_metric(way: str) -> None:
    made = Routed(
        {"small": [ValueError("hunter2")], "large": ["hunter2 hunter2"]}, telemetry={"metrics": "both"}, fallback={"on": ["server_error"]}
    )
    with contextlib.suppress(ValueError):
        ask(way, made.llm, "my password is hunter2", {"metadata": {"user_id": "hunter2"}})
    assert "hunter2" not in str(made.read())
    assert made.total("taskroute.calls") == 1


def test_the_page_lists_every_metric_with_its_kind_and_unit() -> None:
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in DOCS.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    listed = {row[0]: (row[1], row[2]) for row in rows if len(row) >= 4}
    assert {name: listed.get(name) for name in (metric.name for metric in METRICS)} == {
        metric.name: (metric.kind, metric.unit) for metric in METRICS
    }
