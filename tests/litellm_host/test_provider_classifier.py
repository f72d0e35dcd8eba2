"""A model as classifier behind plain `litellm.completion`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator import Emulator, Say
from tests.litellm_host.provided import Ends, ask, asked, ends, routed  # noqa: F401

pytest.importorskip("litellm")
LABEL = json.dumps({"scores": [{"task": "question_answering", "score": 0.9}], "complexity": "low"})


def test_what_it_costs_is_a_part_of_what_the_call_costs(emulator: Emulator, routed: Any, ask: Any, ends: Ends) -> None:  # noqa: F811
    rules = [{"name": "questions", "when": {"task": "question_answering"}, "use": "large"}]
    routed(classifier={"kind": "model", "model": "small"}, routes=rules)
    emulator.on("gpt-4o-mini", Say(LABEL))
    ask()
    assert asked(emulator) == ["gpt-4o-mini", "gpt-4o"]
    outcome = ends.outcomes[0]
    (aside,) = outcome.aside
    assert aside is not None
    assert outcome.cost is not None
    assert outcome.tries[0].cost is not None
    assert outcome.cost.amount == aside.amount + outcome.tries[0].cost.amount > aside.amount > 0
