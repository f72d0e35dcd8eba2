"""What MLflow reads of a cost: it works out one of its own only where this is missing."""

from __future__ import annotations

from typing import Final

from opentelemetry.util.types import AttributeValue

from taskroute.telemetry.compat.written import Written, as_json

_COST: Final = "mlflow.llm.cost"


def block(written: Written) -> dict[str, AttributeValue]:
    """Return an inference's cost in US dollars as JSON; only the total where that is all that is known."""
    cost = written.dollars
    if written.span != "inference" or cost is None:
        return {}
    costs = {"total_cost": float(cost.amount)}
    if cost.parts is not None and cost.parts.input is not None and cost.parts.output is not None:
        costs = {"input_cost": float(cost.parts.input), "output_cost": float(cost.parts.output), **costs}
    return {_COST: as_json(costs)}
