"""Timing several contenders in turns, so that whatever slows the machine slows them all."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Batch = Callable[[int], object]
"""Does the work that many times."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of one or more values."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, slots=True)
class Row:
    """One contender: what one call cost it, and how that compares with the peer in the same rounds."""

    name: str
    cpu: Spread
    """Microseconds of processor time for one call."""
    wall: Spread
    ratio: Spread
    """Processor time against the peer's of the same round; 1 for the peer itself."""


@dataclass(frozen=True, slots=True)
class Table:
    """Contenders that were measured in the same run."""

    title: str
    peer: str
    rows: tuple[Row, ...]
    rounds: int
    calls: int
    """Calls in one round of one contender."""
    note: str = ""


def each(call: Callable[[], object]) -> Batch:
    """Return a batch that makes the call again and again."""

    def batch(times: int) -> None:
        for _ in range(times):
            call()

    return batch


def compare(
    title: str, contenders: Mapping[str, Batch], *, peer: str, rounds: int, calls: int | Mapping[str, int], note: str = ""
) -> Table:
    """Time the contenders in turns and return a row for each. `calls` may differ where some are far slower than others."""
    counts = calls if isinstance(calls, Mapping) else dict.fromkeys(contenders, calls)
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    for name, batch in contenders.items():
        batch(max(1, counts[name] // 10))
    gc.collect()
    names = list(contenders)
    for turn in range(rounds):
        # Whoever goes first goes last another time: each warms the caches for the next.
        for name in names if turn % 2 == 0 else reversed(names):
            began, began_wall = time.process_time(), time.perf_counter()
            contenders[name](counts[name])
            spent, spent_wall = time.process_time() - began, time.perf_counter() - began_wall
            cpu[name].append(spent / counts[name] * 1e6)
            wall[name].append(spent_wall / counts[name] * 1e6)
    rows = tuple(Row(name, Spread.of(cpu[name]), Spread.of(wall[name]), _ratio(cpu[name], cpu[peer])) for name in names)
    return Table(title, peer, rows, rounds, min(counts.values()), note)


def _ratio(values: Sequence[float], peers: Sequence[float]) -> Spread:
    # What is too quick for the clock reads as 0.
    return Spread.of([1.0 if values is peers else value / max(peer, 1e-3) for value, peer in zip(values, peers, strict=True)])


def as_data(table: Table) -> dict[str, Any]:
    """Return the table as JSON values."""
    return asdict(table)


def as_text(table: Table) -> str:
    """Return the table for people: one line for each contender."""
    width = max(len(row.name) for row in table.rows)
    head = f"{table.title}  (microseconds a call; {table.rounds} rounds of {table.calls} or more calls; peer: {table.peer})"
    lines = [head, f"  {'':{width}}  {'CPU':>9}  {'quartiles':>19}  {'wall':>9}  {'× peer':>7}  {'quartiles':>13}"]
    for row in table.rows:
        ratio = _short(row.ratio.median)
        quartiles, ratios = f"{row.cpu.low:.1f}–{row.cpu.high:.1f}", f"{_short(row.ratio.low)}–{_short(row.ratio.high)}"
        lines.append(f"  {row.name:{width}}  {row.cpu.median:9.1f}  {quartiles:>19}  {row.wall.median:9.1f}  {ratio:>7}  {ratios:>13}")
    return "\n".join([*lines, f"  {table.note}"] if table.note else lines)


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.1g}"
