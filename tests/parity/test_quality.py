"""Choosing by quality in every host: the same tasks, the same estimates, the same costs, the same models in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from taskroute import Decision, Router
from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump
from taskroute.types import Expected
from tests.emulator import Emulator, Say
from tests.parity.table import IDS, Asked, says
from tests.parity.test_decisions import told
from tests.parity.ways import WAYS, Way, came_of, langchain, langchain_async, provider_sync, router_async, router_sync

QUALITY = {
    "small": {"math": 0.5, "translation": 0.9, "debugging": 0.3},
    "large": {"math": 0.95, "translation": 0.92, "debugging": 0.9},
    "house": {"math": 0.8, "translation": 0.85, "debugging": 0.6},
}
PRICES = {"small": (0.1, 0.4), "large": (5, 25), "house": (1, 4)}
CALLS = (
    Asked("a task as a tag", "all", "large", tags=["task:math"]),
    Asked("a task in the metadata", "all", "small", metadata={"llm_task": "translation"}),
    Asked("a task of its own", "all", "large", metadata={"llm_task": "poetry"}),
    Asked("a task from the prompt", "all", "large", says("Fix the bug in this Python function: def f(x): return x +")),
    Asked("another task from the prompt", "all", "small", says("Translate this sentence into French: good morning, how are you?")),
    Asked("no task", "all", "large", says("well")),
    Asked("a stage", "all", "large", metadata={"llm_stage": "generate"}, tags=["task:math"]),
    Asked("a limit of tokens", "all", "large", tags=["task:debugging"], max_tokens=50),
    Asked("sensitive text", "all", "house", says("Write to joe.bloggs@example.com, please."), tags=["task:math"]),
    Asked("tools", "all", "house", tags=["task:translation"], tools=True),
)

COUNTED = (langchain, langchain_async, router_sync, router_async, provider_sync)
"""The ways of which the provider says what was read from its cache: of streams OpenAI's does so only where that is asked for."""


def policy(emulator: Emulator, folder: Path, **choose: Any) -> dict[str, Any]:
    file = folder / "quality.json"
    cells = [Cell(name, task, None, 400, mean, 0.2) for name, by_task in QUALITY.items() for task, mean in by_task.items()]
    file.write_text(dump(QualityTable(cells)), encoding="utf-8")
    models: dict[str, dict[str, Any]] = {
        name: {
            "model": f"openai:{IDS[name]}",
            "base_url": f"{emulator.url}/v1",
            "api_key_env": "EMULATED_KEY",
            "price": {"input": read, "output": written, "cache_read": read / 10},
        }
        for name, (read, written) in PRICES.items()
    }
    models["small"]["capabilities"] = {"tools": False}
    models["house"]["labels"] = ["private"]
    return {
        "models": models,
        "default": ["large", "small", "house"],
        "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
        "routes": [{"name": "all", "choose": {"among": list(models), "objective": "cheapest", "within": "10%", **choose}}],
        "quality": {"file": str(file)},
        "classifier": {"kind": "builtin"},
        "retry": {"extra": 0},
        "breaker": "none",
    }


def expected(decision: Decision) -> Mapping[str, Expected]:
    """Return what was expected of each model, but for its speed: that is measured."""
    return {name: one._replace(latency=None) for name, one in decision.expected.items()}


@pytest.mark.parametrize("asked", CALLS, ids=lambda asked: asked.name)
def test_every_host_chooses_alike(asked: Asked, emulator: Emulator, tmp_path: Path) -> None:
    router = Router(policy(emulator, tmp_path))
    first = came_of(langchain, router, emulator, asked)
    assert (first.decision.route, first.models) == (asked.route, [asked.first])
    assert all(one.quality is not None and one.cost is not None for one in first.decision.expected.values())
    for way in WAYS.values():
        other = came_of(way, router, emulator, asked)
        assert told(other.decision) == told(first.decision)
        assert expected(other.decision) == expected(first.decision)
        assert other.decision.signals.task.scores == first.decision.signals.task.scores
        assert other.models == first.models


@pytest.mark.parametrize("way", COUNTED, ids=lambda way: way.__name__)
def test_what_the_provider_holds_of_a_conversation_makes_its_next_turn_cheaper(way: Way, emulator: Emulator, tmp_path: Path) -> None:
    router = Router(policy(emulator, tmp_path))
    asked = Asked("a turn", "all", "large", says("word " * 1500), metadata={"session_id": "s", "llm_task": "math"})
    costs = []
    for _ in range(2):
        emulator.on("m-large", Say("ho", input=1600, output=5, cached=1000))
        came = came_of(way, router, emulator, asked)
        assert came.models == ["large"]
        costs.append(came.decision.expected["large"].cost)
    first, second = costs
    assert first is not None
    assert second is not None
    # A thousand tokens at a tenth of 5 USD per million.
    assert float(first - second) == pytest.approx(1000 * 4.5e-6)


def test_the_model_of_a_conversation_stays_where_another_is_hardly_better(emulator: Emulator, tmp_path: Path) -> None:
    for way in (langchain, *WAYS.values()):
        router = Router(policy(emulator, tmp_path, objective="best", within=None, margin="5%"))
        turns = [Asked("a turn", "all", "", metadata={"session_id": "s", "llm_task": task}) for task in ("math", "translation")]
        assert [came_of(way, router, emulator, asked).models for asked in turns] == [["large"], ["large"]]
        pinned = Asked("a pin", None, "small", pin="small", metadata={"session_id": "t"})
        assert came_of(way, router, emulator, pinned).models == ["small"]
        again = came_of(way, router, emulator, turns[1]._replace(metadata={"session_id": "t", "llm_task": "translation"}))
        assert again.models == ["small"], again.decision.reason
