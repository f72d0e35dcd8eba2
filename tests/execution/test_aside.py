"""What the classifier and the checks ask of models is paid, too: the cost of a call includes it, in every driver."""

from __future__ import annotations

import asyncio
import decimal
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from taskroute import Call, Checked, NoEligibleModelError, Router
from taskroute.execution.aside import told
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.record import record
from taskroute.execution.run import Source
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.execution.validate import Expected, judged
from taskroute.steps import Attempt
from taskroute.types import Classification, Cost, Outcome, Reply
from tests.decision.test_decide import Remote
from tests.execution.test_drivers import Witness
from tests.policies import policy, when

pytestmark = pytest.mark.usefixtures("no_task_is_left")


def cost(amount: int | str, currency: str = "USD") -> Cost:
    return Cost(Decimal(amount), "user", currency)


class Said:
    def take(self, chunk: Any) -> bool:
        return True

    def reply(self) -> Reply:
        return Reply("hi", cost=cost(100))


class Host:
    """Every model answers at a cost of 100, and every record is kept."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.recorded: list[float | None] = []

    def answer(self, attempt: Attempt) -> Reply:
        self.attempts.append(attempt)
        self.recorded.append(record(attempt, cost(100))["cost"])
        return Reply("hi", cost=cost(100))

    async def aanswer(self, attempt: Attempt) -> Reply:
        return self.answer(attempt)

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        self.answer(attempt)
        return iter(["hi"]), Said()

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        self.answer(attempt)
        return _one("hi"), Said()

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        return Expected(reply.answer)


async def _one(chunk: str) -> AsyncIterator[str]:
    yield chunk


def whole(router: Router, host: Host) -> None:
    drive(router.run(Call("fix it")), host)


def whole_async(router: Router, host: Host) -> None:
    async def run() -> None:
        await adrive(router.run(Call("fix it"), is_async=True), host)

    asyncio.run(run())


def streamed(router: Router, host: Host) -> None:
    list(drive_stream(router.run(Call("fix it")), host))


def streamed_async(router: Router, host: Host) -> None:
    async def run() -> None:
        async for _ in adrive_stream(router.run(Call("fix it"), is_async=True), host):
            pass

    asyncio.run(run())


WAYS = [whole, whole_async, streamed, streamed_async]
Way = Callable[[Router, Host], None]
every_way = pytest.mark.parametrize("way", WAYS)


class Paid(Remote):
    """A classifier that asks a model, and says what that cost."""

    def __init__(self, told: Any) -> None:
        super().__init__()
        self.told = told

    def classify(self, text: str, tasks: Any) -> Classification:
        return Classification({"debugging": 0.9}, cost=self.told)

    async def aclassify(self, text: str, tasks: Any) -> Classification:
        return self.classify(text, tasks)


def ask(way: Way, *, classifier: Any = None, check: Any = None, **changes: Any) -> tuple[Outcome, Host]:
    witness, host = Witness(), Host()
    if check is not None:
        changes |= {"fallback": {"on": ["low_confidence"], "min_score": 0.5}}
    routes = when(task="code") if classifier is not None else []
    router = Router(policy(routes=routes, **changes), classifier=classifier, check=check, observers=[witness], environ={})
    way(router, host)
    (outcome,) = witness.outcomes
    return outcome, host


@every_way
def test_what_the_classifier_cost_is_in_the_outcome_and_in_the_record(way: Way) -> None:
    outcome, host = ask(way, classifier=Paid(cost(7)))
    assert (outcome.aside, outcome.cost) == ((cost(7),), cost(107))
    assert host.recorded == [107.0]
    assert host.attempts[0].aside == (cost(7),)


@every_way
def test_a_classifier_with_nothing_to_tell_adds_nothing(way: Way) -> None:
    outcome, host = ask(way, classifier=Paid(None))
    assert (outcome.aside, outcome.cost, host.recorded) == ((), cost(100), [100.0])


@every_way
def test_what_a_check_cost_is_in_the_outcome_and_in_the_record_of_what_comes_after(way: Way) -> None:
    outcome, host = ask(way, check=lambda answer: Checked(score=0.1, cost=cost(3)), classifier=Paid(cost(7)), default=["large", "small"])
    # The first answer is examined, no good and paid; the second is, too, because the first is kept.
    assert outcome.aside == (cost(7), cost(3), cost(3))
    assert outcome.cost == cost(213)
    assert host.recorded == [107.0, 210.0]
    assert [attempt.aside for attempt in host.attempts] == [(cost(7),), (cost(7), cost(3))]
    assert [one.score for one in outcome.tries] == [0.1, 0.1]


@every_way
def test_a_check_that_does_not_know_what_it_cost_makes_the_cost_unknown(way: Way) -> None:
    outcome, _ = ask(way, check=lambda answer: Checked(score=True, cost=None))
    assert (outcome.status, outcome.aside, outcome.cost) == ("answered", (None,), None)


@every_way
def test_a_check_that_gives_a_score_alone_adds_nothing(way: Way) -> None:
    outcome, _ = ask(way, check=lambda answer: 0.9)
    assert (outcome.aside, outcome.cost) == ((), cost(100))


@pytest.mark.parametrize("way", [whole_async, streamed_async])
def test_an_async_check_may_tell_its_cost_too(way: Way) -> None:
    async def check(answer: Any) -> Checked:
        return Checked(score=1, cost=cost(3))

    outcome, _ = ask(way, check=check)
    assert (outcome.aside, outcome.cost) == ((cost(3),), cost(103))


@every_way
def test_a_cost_in_another_currency_makes_the_sum_unknown_and_fails_no_call(way: Way) -> None:
    outcome, host = ask(way, classifier=Paid(cost(7, "EUR")))
    assert (outcome.status, outcome.cost, host.recorded) == ("answered", None, [None])


ODD = [0.5, "0.5", Cost(0.5, "mine"), Cost(Decimal("NaN"), "mine"), Cost(Decimal(-1), "mine")]  # type: ignore[arg-type]


@every_way
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_what_is_no_cost_is_unknown_and_fails_no_call(way: Way, odd: Any, recwarn: pytest.WarningsRecorder) -> None:
    outcome, host = ask(way, classifier=Paid(odd))
    assert len(recwarn) <= 1
    assert (outcome.status, outcome.aside, outcome.cost, host.recorded) == ("answered", (None,), None, [None])


@pytest.mark.parametrize("by", ["classifier", "check"])
def test_what_is_no_cost_is_said_once_by_its_class(by: str) -> None:
    class Coin(float):
        pass

    with pytest.warns(RuntimeWarning, match=rf"the {by} told a cost that is no Cost with a Decimal of 0 or more \(Coin\)") as said:
        assert [told(Coin(amount), by) for amount in (1, 2)] == [None, None]
    assert len(said) == 1


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_what_a_check_tells_is_looked_at_too(odd: Any, recwarn: pytest.WarningsRecorder) -> None:
    assert judged(Checked(score=1, cost=odd), 0.5).aside == (None,)
    assert len(recwarn) <= 1


def test_a_score_that_is_none_lets_the_answer_stand_and_its_cost_counts() -> None:
    class Great(str):
        __slots__ = ()

    with pytest.warns(RuntimeWarning, match="the check gave a Great that is no score from 0 to 1"):
        found = judged(Checked(score=Great("great"), cost=cost(3)), 0.5)  # type: ignore[arg-type]
    assert (found.failure, found.score, found.aside) == (None, None, (cost(3),))


def test_a_call_that_no_model_may_answer_has_paid_its_classifier() -> None:
    witness = Witness()
    barred = [{"when": {"task": "code"}, "labels": "private"}]
    models = {"small": {"model": "test:small"}, "large": {"model": "test:large"}}
    classifier = Paid(cost(7))
    classifier.labels = ("private",)
    router = Router({"models": models, "default": "small", "require": barred}, classifier=classifier, observers=[witness], environ={})
    with pytest.raises(NoEligibleModelError):
        drive(router.run(Call("fix it")), Host())
    (outcome,) = witness.outcomes
    assert (outcome.tries, outcome.cost) == ((), cost(7))


@every_way
def test_no_context_of_the_application_changes_a_sum_or_fails_a_call(way: Way) -> None:
    fine = Decimal("0.123456789")
    with decimal.localcontext(decimal.Context(prec=3, traps=list(decimal.Context().flags))):
        outcome, host = ask(way, classifier=Paid(Cost(fine, "user")), check=lambda answer: Checked(score=1, cost=Cost(fine, "user")))
        total = outcome.cost
    assert total is not None
    assert total.amount == Decimal("100.246913578")
    assert host.recorded == [100.123456789]
