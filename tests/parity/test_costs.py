"""What calls cost is one number, wherever it is read: in the outcome, on the route span, in metrics and in the report of a file of spans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from taskroute import Checked, Router
from taskroute.reporting.as_json import as_json
from taskroute.reporting.collect import Collector
from taskroute.reporting.lines import collect
from taskroute.telemetry.metrics import MetricsObserver
from taskroute.types import Classification, Cost, Outcome
from tests.emulator import Cut, Emulator, Fault, Say
from tests.execution.test_drivers import Witness
from tests.parity.hosts import HOSTS, Case, come, policy, scripted
from tests.telemetry.measured import Meter

PRICES: Final[Mapping[str, Any]] = {
    "small": {"price": {"input": 1, "output": 2, "cache_read": "0.1"}},
    "large": {"price": {"input": 5, "output": 25, "request": "0.001"}},
    "free": {"price": {"input": 0, "output": 0}},
    "unpriced": {},
}
USAGE: Final = {"stream_options": {"include_usage": True}}
GOOD, POOR = Say("good", input=1000, output=100, cached=400), Say("poor", input=1000, output=10)
BETTER = Say("better", input=1100, output=90)
BUSY, BROKEN = Fault("server_error"), Cut(after=4, say=Say("good " * 40, input=1000, output=100))


class Paid:
    """A classifier that asks a model of its own for each call, which costs a tenth of a cent."""

    name, local, labels = "paid", False, ()

    def classify(self, text: str, tasks: Any) -> Classification:
        return Classification({"writing": 0.9}, cost=Cost(Decimal("0.001"), "classifier"))

    async def aclassify(self, text: str, tasks: Any) -> Classification:
        return self.classify(text, tasks)


def check(answer: Any) -> Checked:
    text = str(answer.text) if hasattr(answer, "text") else str(answer.choices[0].message.content)
    return Checked(score="poor" not in text, cost=Cost(Decimal("0.0002"), "judge"))


class Asked(NamedTuple):
    """A call, and what the models make of it."""

    prompt: str
    replies: Mapping[str, Any]
    stream: bool = False
    model: str | None = None


CALLS: Final = (
    Asked("one", {"small": GOOD}),
    Asked("one", {}),
    Asked("two", {"small": GOOD}, stream=True),
    Asked("three", {"small": POOR, "large": BETTER}),
    Asked("four", {"small": POOR, "large": BETTER}, stream=True),
    Asked("five", {"small": BUSY, "large": BETTER}),
    Asked("six", {"small": BROKEN, "large": BETTER}, stream=True),
    Asked("seven", {"small": BUSY, "large": BUSY}),
    Asked("eight", {"small": POOR, "large": BUSY}),
    Asked("nine", {"free": GOOD}, model="free"),
    Asked("ten", {"unpriced": GOOD}, model="unpriced"),
)


class Came(NamedTuple):
    """What the calls left behind."""

    outcomes: list[Outcome]
    spans: list[dict[str, Any]]
    """The attributes of each route span, in the order of the calls."""
    meter: Meter
    report: dict[str, Any]

    def spent(self) -> list[Cost]:
        return [outcome.cost for outcome in self.outcomes if outcome.cost is not None]

    def saved(self) -> list[Cost]:
        return [outcome.saved for outcome in self.outcomes if outcome.saved is not None]

    def money(self) -> dict[str, str]:
        [money] = self.report["money"].values()
        return money


@pytest.fixture(params=list(HOSTS))
def came(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Came:
    file, meter, witness = tmp_path / "spans.jsonl", Meter(), Witness()
    given = policy(
        emulator,
        *PRICES,
        more=PRICES,
        default=["small", "large"],
        routes=[{"name": "code", "when": {"task": "code"}, "use": "large"}],
        fallback={"on": ["low_confidence", "server_error", "connection"], "min_score": 0.5, "hold": "30s"},
        cache={"store": "memory", "ttl": "1h", "scope": []},
        telemetry={"baseline": "large", "file": str(file)},
    )

    def spec(name: str) -> Any:
        return router.snapshot.registry.get(name)

    metrics = MetricsObserver(models=spec, telemetry=lambda: router.policy.telemetry, meter_provider=meter.provider)
    router = Router(given, classifier=Paid(), check=check, observers=[witness, metrics])
    for asked in CALLS:
        with scripted(emulator, **asked.replies):
            message = {"role": "user", "content": asked.prompt}
            settings: dict[str, Any] = {"given": USAGE} if asked.stream else {}
            come(request.param, Case(router, emulator, model=asked.model, stream=asked.stream, messages=[message], **settings))
    collector = Collector()
    collect([str(file)], collector)
    return Came(witness.outcomes, _routes(file), meter, as_json(collector.report()))


def _routes(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for line in file.read_text().splitlines():
        for resource in json.loads(line)["resourceSpans"]:
            for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
                said = {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}
                if span["name"].startswith("route"):
                    found.append(said)
    return found


def total(costs: list[Cost]) -> Decimal:
    return sum((cost.amount for cost in costs), Decimal(0))


def test_each_call_costs_on_its_span_what_it_cost(came: Came) -> None:
    assert len(came.outcomes) == len(came.spans) == len(CALLS)
    for outcome, span in zip(came.outcomes, came.spans, strict=True):
        for name, known in (("total", outcome.cost), ("baseline", outcome.baseline), ("saved", outcome.saved)):
            assert span.get(f"taskroute.cost.{name}") == (None if known is None else float(known.amount)), (outcome, name)


def test_the_calls_are_of_every_kind(came: Came) -> None:
    statuses = [outcome.status for outcome in came.outcomes]
    assert statuses == ["answered"] * 7 + ["failed"] + ["answered"] * 3
    costs = [outcome.cost for outcome in came.outcomes]
    amounts = [None if cost is None else cost.amount for cost in costs]
    # 600 new, 400 cached, 100 said; the classifier and a check.
    assert amounts[0] == Decimal("0.00084") + Decimal("0.0012")
    assert came.outcomes[1].is_cached
    # Both answers, each with its check.
    assert amounts[3] == Decimal("0.00102") + Decimal("0.0012") + Decimal("0.00875") + Decimal("0.0002")
    assert amounts[10] is None
    estimated = came.outcomes[6].tries[0].cost
    assert estimated is not None
    assert estimated.source == "user, estimated"


def test_metrics_come_to_what_the_calls_cost(came: Came) -> None:
    unknown = [outcome for outcome in came.outcomes if outcome.cost is None]
    assert [outcome.tries[0].model for outcome in unknown] == ["unpriced"]
    # Of the call whose cost is unknown, what the classifier took is known.
    known = total([cost for outcome in unknown for cost in outcome.aside if cost is not None])
    assert came.meter.total("taskroute.cost") == pytest.approx(float(total(came.spent()) + known), rel=1e-12)
    assert came.meter.total("taskroute.cost.unknown") == 1


def test_metrics_come_to_what_the_calls_saved(came: Came) -> None:
    saved = came.meter.total("taskroute.cost.saved") - came.meter.total("taskroute.cost.extra")
    assert saved == pytest.approx(float(total(came.saved())), rel=1e-9)


def test_the_report_comes_to_what_the_calls_cost_and_saved(came: Came) -> None:
    money = came.money()
    assert Decimal(money["spent"]) == total(came.spent())
    assert Decimal(money["saved"]) == total(came.saved())
    assert came.report["calls"]["unknown_cost"] == 1


def test_the_last_answer_of_a_call_is_not_paid_twice_where_a_better_model_failed(came: Came) -> None:
    outcome = came.outcomes[8]
    assert (outcome.model, [one.failure for one in outcome.tries]) == ("small", ["low_confidence", "server_error"])
    assert outcome.cost is not None
    assert outcome.cost.amount == Decimal("0.00102") + Decimal("0.0012")
