"""Answers that are not good enough: who is asked next, what the caller gets in the end, and that it gets it once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Source
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt
from taskroute.testing import FakeClock
from taskroute.types import Cost, Outcome, Reply
from tests.execution.test_drivers import Witness
from tests.policies import policy

pytestmark = pytest.mark.usefixtures("no_task_is_left")

ON = ["rate_limit", "server_error", "truncated", "refusal", "invalid_output"]
SCORED = [*ON, "low_confidence"]
SHORT = Reply(answer=None, finish_reason="length")
REFUSED = Reply(answer=None, refused=True)
FINE = Reply(answer=None, finish_reason="stop")


ASKING = Call("q")


class RateLimitError(Exception):
    pass


class Told:
    """Gives what the whole stream came to as its host was told."""

    def __init__(self, reply: Reply) -> None:
        self.given, self.seen = reply, list[str]()

    def take(self, chunk: Any) -> bool:
        self.seen.append(chunk)
        return bool(chunk)

    def reply(self) -> Reply:
        text = "".join(self.seen)
        return self.given._replace(answer=text, text=text)


class Host:
    """Each model says its name in two chunks, and ends as it is told: with a reply, or with an exception after the first chunk.

    A number is how many seconds it takes for each chunk.
    """

    def __init__(self, clock: FakeClock | None = None, **models: Reply | Exception | tuple[float, Reply]) -> None:
        self.clock = clock
        self.models = models
        self.attempts: list[Attempt] = []
        self.expected: Expected | None = None

    def _line(self, attempt: Attempt) -> tuple[list[Any], Reply, float]:
        self.attempts.append(attempt)
        told, name, seconds = self.models[attempt.model], attempt.model, 0.0
        if isinstance(told, Exception):
            return [told], FINE, 0.0
        if not isinstance(told, Reply):
            seconds, told = told
        return ([] if told.empty else [name[:2], name[2:]]), told, seconds

    def _reply(self, attempt: Attempt) -> Reply:
        line, told, _ = self._line(attempt)
        source = Told(told)
        for part in line:
            if isinstance(part, Exception):
                raise part
            source.take(part)
        return source.reply()

    def answer(self, attempt: Attempt) -> Reply:
        return self._reply(attempt)

    async def aanswer(self, attempt: Attempt) -> Reply:
        await asyncio.sleep(0)
        return self._reply(attempt)

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        return self.expected or Expected(reply.answer)

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        line, told, seconds = self._line(attempt)
        return self._parts(line, seconds), Told(told)

    def _parts(self, line: list[Any], seconds: float) -> Iterator[Any]:
        for part in line:
            if self.clock is not None:
                self.clock.advance(seconds)
            if isinstance(part, Exception):
                raise part
            yield part

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        line, told, seconds = self._line(attempt)
        return self._aparts(line, seconds), Told(told)

    async def _aparts(self, line: list[Any], seconds: float) -> AsyncIterator[Any]:
        for part in self._parts(line, seconds):
            await asyncio.sleep(0)
            yield part


Asked = tuple[Any, Outcome]
"""What the caller got (a stream's chunks as they came, or its exception), and how the call ended."""


def whole(router: Router, host: Host, call: Call) -> Any:
    reply = drive(router.run(call), host).reply
    return None if reply is None else reply.answer


def whole_async(router: Router, host: Host, call: Call) -> Any:
    async def go() -> Any:
        reply = (await adrive(router.run(call), host)).reply
        return None if reply is None else reply.answer

    return asyncio.run(go())


def streamed(router: Router, host: Host, call: Call) -> Any:
    return list(drive_stream(router.run(call), host))


def streamed_async(router: Router, host: Host, call: Call) -> Any:
    async def go() -> Any:
        return [chunk async for chunk in adrive_stream(router.run(call), host)]

    return asyncio.run(go())


Way = Callable[[Router, Host, Call], Any]
ways = pytest.mark.parametrize("way", [whole, whole_async, streamed, streamed_async])
streams = pytest.mark.parametrize("way", [streamed, streamed_async])


def ask(way: Way, host: Host, *, check: Any = None, call: Call = ASKING, **changes: Any) -> Asked:
    witness = Witness()
    changes = {"fallback": {"on": ON if check is None else SCORED}, "retry": {"extra": 0}, **changes}
    router = Router(policy(**changes), clock=host.clock or FakeClock(), environ={}, check=check, observers=[witness])
    try:
        given = way(router, host, call)
    except Exception as error:
        given = error
    (outcome,) = witness.outcomes
    # Whatever is told to observers, a stream is given out at most once.
    assert witness.told.count("Deliver") <= 1
    # Each try is told to the model's account once: as it ends, or when the call is over.
    assert witness.told.count("Release") + sum(t.untold is not None for t in outcome.tries) == len(outcome.tries)
    return given, outcome


def says(name: str, way: Way) -> Any:
    return [name[:2], name[2:]] if way in (streamed, streamed_async) else name


def priced(**prices: float | None) -> dict[str, Any]:
    models = {
        name: {"model": f"test:{name}", **({} if price is None else {"price": {"input": price, "output": price}})}
        for name, price in prices.items()
    }
    return {"models": models, "default": list(models)}


def asked(host: Host) -> list[str]:
    return [attempt.model for attempt in host.attempts]


# Who is asked next


@ways
@pytest.mark.parametrize("bad", [SHORT, REFUSED, Reply(answer=None, misfit="not as it should be")])
def test_an_answer_that_is_no_good_goes_to_the_next_model(way: Way, bad: Reply) -> None:
    host = Host(small=bad, large=FINE)
    given, outcome = ask(way, host)
    assert given == says("large", way)
    assert outcome.model == "large"
    failure = outcome.tries[0].failure
    assert failure in ON
    assert (host.attempts[1].fallback_from, host.attempts[1].fallback_reason) == ("small", failure)
    assert outcome.tries[0].paid
    assert outcome.tries[0].error is None


@ways
def test_nothing_is_examined_unless_the_policy_says_so(way: Way) -> None:
    host = Host(small=SHORT)
    assert ask(way, host, fallback={"on": ["rate_limit", "refusal"]})[0] == says("small", way)


@ways
def test_a_model_that_is_surely_weaker_is_passed_over(way: Way) -> None:
    host = Host(middle=SHORT, large=FINE)
    assert ask(way, host, **priced(middle=2, tiny=1, large=3))[0] == says("large", way)
    host = Host(middle=SHORT, unknown=FINE)
    assert ask(way, host, **priced(middle=2, tiny=1, unknown=None))[0] == says("unknown", way)


@ways
def test_where_a_model_refused_any_other_may_not(way: Way) -> None:
    host = Host(middle=REFUSED, tiny=FINE)
    assert ask(way, host, **priced(middle=2, tiny=1, large=3))[0] == says("tiny", way)


@ways
def test_the_answer_of_a_model_without_a_better_one_is_not_examined(way: Way) -> None:
    seen: list[Any] = []
    host = Host(large=SHORT)
    given, outcome = ask(way, host, check=lambda answer: seen.append(answer) or 0.0, **priced(large=3, tiny=1))
    assert (given, outcome.model, seen) == (says("large", way), "large", [])
    # A weaker one may still do where this one refuses.
    assert host.attempts[0].checks == {"refusal"}


@ways
def test_the_last_models_answer_is_examined_where_another_is_kept_and_the_better_one_is_given(way: Way) -> None:
    for small, large, best in ((SHORT, SHORT, "large"), (SHORT, REFUSED, "small"), (REFUSED, SHORT, "large")):
        host = Host(small=small, large=large)
        given, outcome = ask(way, host)
        assert (given, outcome.status, outcome.model) == (says(best, way), "answered", best)
        assert [t.failure is not None for t in outcome.tries] == [True, True]


@ways
def test_of_two_scores_the_better_is_given(way: Way) -> None:
    scores = {"small": 0.4, "middle": 0.3, "large": 0.2}
    given, outcome = ask(way, Host(small=FINE, middle=FINE, large=FINE), check=scores.__getitem__, **priced(small=1, middle=2, large=3))
    assert (given, outcome.model) == (says("small", way), "small")
    assert [t.score for t in outcome.tries] == [0.4, 0.3, 0.2]


# What there is, where nothing better comes


@ways
@pytest.mark.parametrize("later", [RateLimitError("busy"), KeyError("a bug")])
def test_an_answer_is_given_after_all_when_a_better_model_fails(way: Way, later: Exception) -> None:
    host = Host(small=SHORT._replace(cost=Cost(Decimal(1), "user")), large=later)
    given, outcome = ask(way, host)
    assert given == says("small", way)
    assert (outcome.status, outcome.model, outcome.answered_by, outcome.error) == ("answered", "small", "small", None)
    assert [t.model for t in outcome.tries] == ["small", "large"]
    assert outcome.cost == Cost(Decimal(1), "user")


@ways
def test_a_model_whose_circuit_is_open_is_not_waited_for(way: Way) -> None:
    witness = Witness()
    breaker = {"failures": 1}
    router = Router(policy(fallback={"on": ON}, breaker=breaker), clock=FakeClock(), environ={}, observers=[witness])
    host = Host(small=SHORT, large=RateLimitError())
    assert way(router, host, Call("q")) == says("small", way)
    assert way(router, host, Call("q")) == says("small", way)
    assert [len(outcome.tries) for outcome in witness.outcomes] == [2, 1]
    assert witness.outcomes[1].answered_by is None


@streams
def test_an_empty_stream_takes_no_answers_place(way: Way) -> None:
    empty = Reply(answer=None, empty=True)
    for on, failure in ((ON, "refusal"), (["truncated"], "server_error")):
        host = Host(small=SHORT, large=empty)
        given, outcome = ask(way, host, fallback={"on": on})
        assert (given, outcome.answered_by) == (says("small", way), "small")
        assert [t.failure for t in outcome.tries] == ["truncated", failure]


@streams
def test_an_empty_stream_is_a_refusal_where_only_that_is_asked_for(way: Way) -> None:
    host = Host(small=Reply(answer=None, empty=True), large=FINE)
    given, outcome = ask(way, host, fallback={"on": ["refusal"]})
    assert (given, outcome.tries[0].failure) == (says("large", way), "refusal")
    host = Host(small=Reply(answer=None, empty=True))
    assert ask(way, host, fallback={"on": ["truncated"]})[0] == []


@ways
def test_the_cost_is_that_of_every_answer_and_the_last_attempt_knows_it(way: Way) -> None:
    one, two = Cost(Decimal(1), "user"), Cost(Decimal(2), "user")
    host = Host(small=SHORT._replace(cost=one), large=FINE._replace(cost=two))
    _, outcome = ask(way, host)
    assert outcome.cost == Cost(Decimal(3), "user")
    assert [attempt.given_up for attempt in host.attempts] == [(), (one,)]
    assert ask(way, Host(small=SHORT, large=FINE._replace(cost=two)))[1].cost is None


# Schemas and checks


@ways
def test_an_answer_must_fit_its_schema(way: Way) -> None:
    host = Host(small=FINE, large=FINE)
    host.expected = Expected(schema={"type": "object"})
    given, outcome = ask(way, host)
    assert (given, outcome.tries[0].failure) == (says("large", way), "invalid_output")


@ways
def test_a_host_that_cannot_say_what_it_expects_costs_no_call(way: Way, recwarn: pytest.WarningsRecorder) -> None:
    kind: type[Exception] = type(f"Unexpected_{way.__name__}", (Exception,), {})

    class Confused(Host):
        def expects(self, attempt: Attempt, reply: Reply) -> Expected:
            raise kind

    assert ask(way, Confused(small=SHORT))[0] == says("small", way)
    assert [str(warning.message) for warning in recwarn] == [f"an answer could not be examined ({kind.__name__}); it stood"]


@ways
def test_a_check_scores_an_answer_and_the_score_is_told(way: Way) -> None:
    seen: list[Any] = []

    def check(answer: str) -> float:
        seen.append(answer)
        return {"small": 0.4, "middle": 0.6, "large": 1.0}[answer]

    fallback = {"on": SCORED, "min_score": 0.6}
    given, outcome = ask(way, Host(small=FINE, middle=FINE), check=check, fallback=fallback, **priced(small=1, middle=2, large=3))
    assert given == says("middle", way)
    assert [(t.failure, t.score) for t in outcome.tries] == [("low_confidence", 0.4), (None, 0.6)]
    assert seen == ["small", "middle"]


@pytest.mark.parametrize("way", [whole_async, streamed_async])
def test_an_async_check_is_awaited(way: Way) -> None:
    async def check(answer: str) -> bool:
        await asyncio.sleep(0)
        return answer == "large"

    assert ask(way, Host(small=FINE, large=FINE), check=check)[0] == says("large", way)


@ways
def test_a_check_that_breaks_lets_the_answer_stand(way: Way, recwarn: pytest.WarningsRecorder) -> None:
    kind: type[Exception] = type(f"Broken_{way.__name__}", (Exception,), {})

    def check(answer: str) -> float:
        raise kind(answer)

    assert ask(way, Host(small=FINE), check=check)[0] == says("small", way)
    assert [str(warning.message) for warning in recwarn] == [f"the check failed with {kind.__name__}; the answer stood"]


ROUTES = [{"name": "hard", "when": {"stage": "generate"}, "use": ["small", "large"]}, {"name": "easy", "use": ["small", "large"]}]


@ways
def test_a_check_of_one_route_is_for_no_other(way: Way) -> None:
    check = {"hard": lambda answer: answer == "large"}
    assert ask(way, Host(small=FINE, large=FINE), check=check, routes=ROUTES, call=Call("q", stage="generate"))[0] == says("large", way)
    host = Host(small=FINE)
    assert ask(way, host, check=check, routes=ROUTES)[0] == says("small", way)
    assert "low_confidence" not in host.attempts[0].checks


@streams
def test_no_stream_is_held_back_for_a_check_that_does_not_exist(way: Way) -> None:
    host = Host(small=FINE)
    with pytest.warns(UserWarning, match="no check= was given"):
        _, outcome = ask(way, host, fallback={"on": ["low_confidence"]})
    assert host.attempts[0].checks == frozenset()
    assert outcome.model == "small"


@pytest.mark.parametrize("way", [whole, streamed])
def test_an_interrupt_in_a_check_ends_the_call(way: Way) -> None:
    def check(answer: str) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(way, Host(small=FINE), check=check)


@pytest.mark.parametrize("stream", [False, True])
async def test_cancelling_a_check_cancels_the_call(stream: bool) -> None:
    async def check(answer: str) -> float:
        await asyncio.sleep(60)
        return 0.0

    witness = Witness()
    router = Router(policy(fallback={"on": SCORED}), environ={}, check=check, observers=[witness])

    async def read() -> list[Any]:
        return [chunk async for chunk in adrive_stream(router.run(Call("q")), Host(small=FINE))]

    task = asyncio.create_task(read() if stream else adrive(router.run(Call("q")), Host(small=FINE)))  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(outcome.status, outcome.tries[0].failure) for outcome in witness.outcomes] == [("cancelled", "control")]
    # It had answered all the same.
    assert router.health()["small"].tries == 1


# Holding back


@streams
def test_what_takes_longer_than_it_may_be_held_is_given_out_unexamined(way: Way) -> None:
    clock, seen = FakeClock(), list[Any]()
    host = Host(clock, small=(3, SHORT))
    fallback = {"on": SCORED, "hold": "2s"}
    given, outcome = ask(way, host, check=lambda answer: seen.append(answer) or 0.0, fallback=fallback)
    assert (given, outcome.model, outcome.tries[0].failure, seen) == (["sm", "all"], "small", None, [])
    host = Host(clock, small=(0.5, SHORT), large=(0.5, FINE))
    assert ask(way, host, fallback={"on": ON, "hold": "2s"})[0] == ["la", "rge"]


@streams
def test_while_another_answer_is_kept_the_last_models_stream_is_held_too_but_for_no_longer(way: Way) -> None:
    clock = FakeClock()
    for seconds, best in ((0.5, "small"), (3.0, "large")):
        host = Host(clock, small=(0.5, SHORT), large=(seconds, REFUSED))
        given, outcome = ask(way, host, fallback={"on": ON, "hold": "2s"})
        assert (given, outcome.model) == (says(best, way), best)


def test_nothing_of_a_stream_is_given_out_before_it_was_examined() -> None:
    order: list[str] = []
    router = Router(policy(fallback={"on": SCORED}), environ={}, check=lambda answer: order.append(f"checked {answer}") or 1.0)
    for chunk in drive_stream(router.run(Call("q")), Host(small=FINE)):
        order.append(chunk)
    assert order == ["checked small", "sm", "all"]


COST = Cost(Decimal(1), "user")
PAID = [FINE._replace(cost=COST), SHORT._replace(cost=COST)]


def check_what_is_left(router: Router, witness: Witness) -> None:
    ends = [[(t.model, t.failure, t.cost) for t in outcome.tries] for outcome in witness.outcomes]
    assert ends == [[("small", "control", COST)], [("small", "truncated", COST), ("large", "rate_limit", None)]]
    assert [(outcome.status, outcome.cost) for outcome in witness.outcomes] == [("cancelled", COST)] * 2
    # It answered both times, whatever its reader did then.
    small = router.health()["small"]
    assert (small.tries, small.error_rate) == (2, 0.0)


def test_a_stream_that_was_held_back_can_be_closed_while_it_is_given_out() -> None:
    witness = Witness()
    router = Router(policy(fallback={"on": ON}, retry={"extra": 0}), environ={}, observers=[witness])
    for reply in PAID:
        chunks = drive_stream(router.run(Call("q")), Host(small=reply, large=RateLimitError()))
        assert next(chunks) == "sm"
        chunks.close()
    check_what_is_left(router, witness)


async def test_an_async_stream_that_was_held_back_can_be_closed_while_it_is_given_out() -> None:
    witness = Witness()
    router = Router(policy(fallback={"on": ON}, retry={"extra": 0}), environ={}, observers=[witness])
    for reply in PAID:
        chunks = adrive_stream(router.run(Call("q")), Host(small=reply, large=RateLimitError()))
        assert await anext(chunks) == "sm"
        await chunks.aclose()
    check_what_is_left(router, witness)
