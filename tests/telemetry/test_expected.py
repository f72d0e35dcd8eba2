"""What was expected of the model that is asked first, on the span of the call."""

from __future__ import annotations

from decimal import Decimal

from taskroute.telemetry.describe import of_decision
from taskroute.types import Decision, Expected

SMALL = Expected(0.84, 0.8, 120, "task", Decimal("0.0012"), 1.5)


def decided(*candidates: str, **expected: Expected) -> Decision:
    return Decision(candidates=candidates, route="answers", reason="so", expected=expected)


def test_the_first_candidate_is_told() -> None:
    said = of_decision(decided("small", "large", large=Expected(0.9), small=SMALL))
    assert (said["taskroute.expected.quality"], said["taskroute.expected.cost"]) == (0.84, 0.0012)


def test_what_is_not_known_is_absent() -> None:
    for decision in (decided("small"), decided(small=SMALL), decided("small", small=Expected()), decided("last", small=SMALL)):
        assert not [name for name in of_decision(decision) if name.startswith("taskroute.expected")]
