"""What telemetry adds to a call: ours of each kind, beside OpenInference's instrumentation and LiteLLM's OpenTelemetry callback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

from benchmarks import telemetry_langchain, telemetry_litellm
from benchmarks.cache_figures import Figures
from benchmarks.cache_figures import as_markdown as figures_as_markdown
from benchmarks.cache_figures import as_text as figures_as_text
from benchmarks.measure import Spread
from benchmarks.telemetry_processes import Plan, Timed, in_turns


@dataclass(frozen=True, slots=True)
class Row:
    """One contender."""

    name: str
    call: Spread
    """Microseconds of processor time of the whole call, with all that it leaves to other threads."""
    base: str | None
    """The contender without telemetry; None for one that is such."""
    added: Spread | None
    """Microseconds that telemetry added, against the base of the same round."""
    ratio: Spread | None
    """What was added against what the peer added, in the same round; None where there is no peer."""
    left: Mapping[str, int]
    """What its calls left, in all cases together."""


@dataclass(frozen=True, slots=True)
class Table:
    """Contenders that were measured in turns, each in a process of its own."""

    title: str
    peer: str | None
    rows: tuple[Row, ...]
    rounds: int
    calls: int
    """Calls in one round of one contender."""


def tables(*, quick: bool = False) -> Iterator[Table]:
    """Give what was measured through LangChain and, where it is installed, through LiteLLM."""
    langchain, litellm = telemetry_langchain, telemetry_litellm
    rounds, calls = (2, 2) if quick else (40, 20)
    builds = langchain.builds()
    timed = in_turns(Plan(builds, langchain.CASES, rounds, calls))
    peer = langchain.PEER if langchain.PEER in builds else None
    for case in langchain.CASES:
        yield _table(case, timed, bases=langchain.BASES, peer=peer, rounds=rounds, calls=calls)
    if find_spec("litellm") is not None:
        rounds, calls = (2, 2) if quick else (30, 8)
        timed = in_turns(Plan(litellm.builds(), litellm.CASES, rounds, calls, litellm.prepare))
        for case in litellm.CASES:
            yield _table(case, timed, bases=litellm.BASES, peer=litellm.PEER, rounds=rounds, calls=calls)


def _table(case: str, timed: Timed, *, bases: Mapping[str, str], peer: str | None, rounds: int, calls: int) -> Table:
    cpu = timed.cpu[case]
    added = {name: less(cpu[name], cpu[base]) for name, base in bases.items() if name in cpu}
    rows = [
        Row(
            name,
            Spread.of(times),
            bases.get(name),
            Spread.of(added[name]) if name in added else None,
            Spread.of(against(added[name], added[peer])) if name in added and peer in added else None,
            timed.left[name],
        )
        for name, times in cpu.items()
    ]
    return Table(case, peer, tuple(rows), rounds, calls)


def less(values: Sequence[float], bases: Sequence[float]) -> list[float]:
    """Return by how much each value exceeds the base of its round; below 0 where noise is larger than the difference."""
    return [value - base for value, base in zip(values, bases, strict=True)]


def against(values: Sequence[float], peers: Sequence[float]) -> list[float]:
    """Return each value against the peer's of its round, but for rounds in which the peer seemed to add nothing."""
    return [value / peer for value, peer in zip(values, peers, strict=True) if peer > 0] or [float("nan")]


def as_data(table: Table) -> dict[str, Any]:
    """Return the table as JSON values."""
    return asdict(table)


def as_text(table: Table) -> str:
    """Return the table for people."""
    left = "\n".join(f"  {row.name}: {', '.join(f'{count} {what}' for what, count in row.left.items())}" for row in table.rows if row.left)
    return f"{figures_as_text(_figures(table))}\n  What all calls of a process left:\n{left}"


def as_markdown(table: Table) -> str:
    """Return the table for the documentation."""
    return figures_as_markdown(_figures(table))


def _figures(table: Table) -> Figures:
    rows = tuple((row.name, (*_shown(row.call)[:1], *_shown(row.added), *_shown(row.ratio, digits=2))) for row in table.rows)
    against_peer = f"× {table.peer}" if table.peer else "× peer"
    note = f"Processor time, medians of {table.rounds} rounds of {table.calls} calls; each in a process of its own, in turns."
    return Figures(table.title, ("the call, µs", "added, µs", "quartiles", against_peer, "quartiles"), rows, note)


def _shown(spread: Spread | None, *, digits: int = 0) -> tuple[str, str]:
    if spread is None:
        return "", ""
    return f"{spread.median:.{digits}f}", f"{spread.low:.{digits}f}–{spread.high:.{digits}f}"
