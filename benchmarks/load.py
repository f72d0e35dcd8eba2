"""Many calls at once, a fifth of them into a fault: that each ends in its own answer or one clear error, and what that costs."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from benchmarks.contenders import Limits, policy, routed
from benchmarks.faults import SMALL
from benchmarks.traffic import Account, Ended, Upstream, account, expected, prompt, streams, upstream

BARE: Final = "ChatOpenAI"
ROUTED: Final = "RoutedChatModel"
FAULTY: Final = "RoutedChatModel, 20 % faults"

PATIENCE: Final = 180.0
"""Seconds; what has not ended by then is lost."""


# The calls


def call(llm: BaseChatModel, number: int) -> Ended:
    """Make one call and return how it ended."""
    began, text, error = time.perf_counter(), "", None
    try:
        if streams(number):
            for chunk in llm.stream(prompt(number)):
                text += chunk.text
        else:
            text = llm.invoke(prompt(number)).text
    except Exception as raised:
        error = raised
    return Ended(number, time.perf_counter() - began, text, error)


async def acall(llm: BaseChatModel, number: int) -> Ended:
    """Make one call on an event loop and return how it ended."""
    began, text, error = time.perf_counter(), "", None
    try:
        if streams(number):
            async for chunk in llm.astream(prompt(number)):
                text += chunk.text
        else:
            text = (await llm.ainvoke(prompt(number))).text
    except Exception as raised:
        error = raised
    return Ended(number, time.perf_counter() - began, text, error)


def at_once(llm: BaseChatModel, calls: int) -> list[Ended]:
    """Make all calls at once on one event loop."""

    async def everything() -> list[Ended]:
        tasks = [asyncio.create_task(acall(llm, number)) for number in range(calls)]
        done, late = await asyncio.wait(tasks, timeout=PATIENCE)
        for task in late:
            task.cancel()
        return [task.result() for task in done]

    return asyncio.run(everything())


def in_threads(llm: BaseChatModel, calls: int, threads: int) -> list[Ended]:
    """Make the calls in so many threads, which begin together."""
    gate, ended = threading.Barrier(threads), list[Ended]()

    def some(first: int) -> None:
        gate.wait()
        for number in range(first, calls, threads):
            ended.append(call(llm, number))

    until = time.monotonic() + PATIENCE
    running = [threading.Thread(target=some, args=(first,), daemon=True) for first in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(max(until - time.monotonic(), 0))
    return list(ended)


# The runs


class Spent(NamedTuple):
    """What one round took."""

    p50: float
    """Milliseconds."""
    p99: float
    cpu: float
    """Milliseconds of this process's time for one call; the upstream has a process of its own."""
    seconds: float
    """For all calls."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one contender did under one load, over all rounds."""

    name: str
    account: Account
    """Of the last round."""
    requests: dict[str, int]
    accounted: bool
    """Whether every call of every round ended as it must, with the requests that it must have made."""
    spent: Spent
    """The medians of the rounds."""
    added: Spent
    """What was added to the bare client's in the same round; the medians of that."""


@dataclass(frozen=True, slots=True)
class Load:
    """One way to make many calls."""

    title: str
    calls: int
    run: Callable[[BaseChatModel, int], list[Ended]]


def loads(*, quick: bool) -> tuple[Load, ...]:
    """Return the loads: one call after the other, all at once on an event loop, and in threads."""
    one, many, threads, each = (20, 100, 8, 10) if quick else (200, 1_000, 64, 16)
    return (
        Load("one after the other", one, lambda llm, calls: in_threads(llm, calls, 1)),
        Load(f"{many} at once on one event loop", many, at_once),
        Load(f"{threads} threads, {each} calls each", threads * each, lambda llm, calls: in_threads(llm, calls, threads)),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """One load."""

    title: str
    calls: int
    rounds: int
    rows: tuple[Row, ...]


def tables(*, quick: bool = False) -> Iterator[Table]:
    """Yield what was measured, one table for each load."""
    with upstream() as up:
        models = {BARE: _bare(up.url), ROUTED: _routed(up.url), FAULTY: _routed(up.url)}
        for load in loads(quick=quick):
            yield _measure(load, models, up, rounds=1 if quick else 3)


def _bare(url: str) -> BaseChatModel:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=SMALL, base_url=url, api_key=SecretStr("none"), timeout=60, max_retries=0)


def _routed(url: str) -> BaseChatModel:
    # A circuit that counts and never opens: who is asked must not depend on who came first.
    patient = Limits(attempt=60, chunk=60, call=120)
    return routed(policy(url, url, patient, breaker={"failures": 10_000}))


def _measure(load: Load, models: dict[str, BaseChatModel], up: Upstream, *, rounds: int) -> Table:
    spent: dict[str, list[Spent]] = {name: [] for name in models}
    last: dict[str, tuple[Account, dict[str, int]]] = {}
    accounted = dict.fromkeys(models, True)
    for turn in range(-1, rounds):
        # The first turn warms up, with a tenth of the calls.
        calls = load.calls if turn >= 0 else max(load.calls // 10, 10)
        for name in list(models) if turn % 2 == 0 else reversed(models):
            up.begin(faulty=name == FAULTY)
            ended, took = _timed(load, models[name], calls)
            last[name] = account(ended, calls), dict(sorted(up.requests().items()))
            accounted[name] = accounted[name] and last[name] == expected(calls, faulty=name == FAULTY)
            if turn >= 0:
                spent[name].append(took)
    rows = [Row(name, *last[name], accounted[name], _medians(spent[name]), _medians(_over(spent[name], spent[BARE]))) for name in models]
    return Table(load.title, load.calls, rounds, tuple(rows))


def _timed(load: Load, llm: BaseChatModel, calls: int) -> tuple[list[Ended], Spent]:
    began, began_cpu = time.perf_counter(), time.process_time()
    ended = load.run(llm, calls)
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    cuts = statistics.quantiles([one.seconds * 1e3 for one in ended], n=100, method="inclusive")
    return ended, Spent(cuts[49], cuts[98], cpu / calls * 1e3, seconds)


def _over(ours: Sequence[Spent], theirs: Sequence[Spent]) -> list[Spent]:
    return [Spent(*(mine - other for mine, other in zip(*both, strict=True))) for both in zip(ours, theirs, strict=True)]


def _medians(rounds: Sequence[Spent]) -> Spent:
    return Spent(*map(statistics.median, zip(*rounds, strict=True)))


def as_data(table: Table) -> dict[str, Any]:
    """Return the table as JSON values."""
    found = asdict(table)
    for row, data in zip(table.rows, found["rows"], strict=True):
        data.update(spent=row.spent._asdict(), added=row.added._asdict())
    return found


def as_text(table: Table) -> str:
    """Return one table for people."""
    head = f"load: {table.title}  (milliseconds a call; {table.calls} calls, {table.rounds} rounds; + over {BARE} in the same round)"
    lines = [head, f"  {'':28}" + "".join(f"{name:>9}" for name in ("p50", "+", "p99", "+", "CPU", "+", "all, s")) + "  ended"]
    for row in table.rows:
        pairs = zip(row.spent[:3], row.added[:3], strict=True)
        times = "".join(f"{value:9.1f}{more:9.1f}" for value, more in pairs)
        lines.append(f"  {row.name:28}{times}{row.spent.seconds:9.2f}  {_ended(row)}")
    return "\n".join(lines)


def _ended(row: Row) -> str:
    counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in asdict(row.account).items() if count)
    asked = ", ".join(f"{model} {count}" for model, count in row.requests.items())
    return f"{counts}; requests: {asked}{'' if row.accounted else '; NOT AS IT MUST BE'}"


def as_markdown(found: Sequence[Table]) -> str:
    """Return the table for the documentation."""
    lines = ["| load | | p50, ms | p99, ms | CPU, ms | ended |", "|---|---|---|---|---|---|"]
    for table in found:
        for row in table.rows:
            pairs = zip(row.spent[:3], row.added[:3], strict=True)
            shown = [f"{value:.1f}" if row.name == BARE else f"{value:.1f} ({more:+.1f})" for value, more in pairs]
            lines.append(f"| {table.title} | {row.name} | {' | '.join(shown)} | {_ended(row)} |")
    return "\n".join(lines)
