"""What the processes of the stress program saw, and what is left on the disk, held against what must be so."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.stress_worker import KEYS, answers, belongs, response_key
from taskroute.cache import names
from taskroute.cache.entry import UnreadableError, loads
from taskroute.ports import Store

Line = Mapping[str, Any]


@dataclass(slots=True)
class Verdict:
    """What was found. Whatever stands in `faults` must not be."""

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    repaired: list[str] = field(default_factory=list)
    """What `verify` found before it was let repair."""


def lines(directory: Path) -> list[Line]:
    """Return everything that was noted, in the order of time. The last line of a process that was killed may be cut off."""
    return sorted((line for file in directory.glob("*.jsonl") for line in lines_of(file)), key=lambda line: line["at"])


def lines_of(file: Path) -> Iterator[Line]:
    """Yield what one worker noted in all of its lives."""
    for line in file.read_bytes().split(b"\n"):
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def seen(noted: Sequence[Line]) -> Verdict:
    """Return what follows from what the processes noted."""
    by_kind: dict[str, list[Line]] = defaultdict(list)
    for line in noted:
        by_kind[line["what"]].append(line)
    verdict = Verdict()
    verdict.faults += [f"wrong answer in {line['where']} of {line['name']}: {line['found']}" for line in by_kind["wrong"]]
    verdict.faults += [f"an operation raised {line['error']}" for line in by_kind["error"]]
    verdict.faults += [
        f"{name!r} was held twice: {a} and {b}" for name, a, b in twice(by_kind["held"], by_kind["released"], by_kind["gone"])
    ]
    alone = [line for line in by_kind["called"] if line["alone"]]
    verdict.faults += [
        f"two models were asked at once for {name!r}: {a} and {b}" for name, a, b in twice(alone, by_kind["released"], by_kind["gone"])
    ]
    verdict.counts.update(
        {
            "operations begun": len(by_kind["began"]),
            "hits": len(by_kind["hit"]),
            "calls of the model": len(by_kind["called"]),
            "of those after waiting in vain, or with a store too slow": len(by_kind["called"]) - len(alone),
            "leases": len(by_kind["held"]),
            "store slow or failing": len(by_kind["trouble"]),
        }
    )
    return verdict


def twice(held: Sequence[Line], released: Sequence[Line], gone: Sequence[Line]) -> Iterator[tuple[str, str, str]]:
    """Yield the name and both holders of whatever two held at once, by what each of them knows for sure.

    What was asked for at `asked` is held until it is released, for `ttl` seconds at most, and was had before `at`. What was given back too
    late may have been somebody else's by then, so that nothing is known of its name.
    """
    unknown = {line["name"] for line in gone if line["at"] >= line["asked"] + line["ttl"]}
    let_go = {(line["who"], line["name"], line["asked"]): line["at"] for line in released}
    by_name: dict[str, list[Line]] = defaultdict(list)
    for line in held:
        by_name[line["name"]].append(line)

    def follows(first: Line, second: Line) -> bool:
        """Return whether the second may have come after the first had ended."""
        end = min(first["asked"] + first["ttl"], let_go.get((first["who"], first["name"], first["asked"]), float("inf")))
        return bool(second["at"] >= end)

    for name, of_name in by_name.items():
        if name in unknown:
            continue
        for a, b in itertools.combinations(of_name, 2):
            if not follows(a, b) and not follows(b, a):
                yield name, f"{a['who']} at {a['at']:.3f}", f"{b['who']} at {b['at']:.3f}"


def left(store: Store, noted: Sequence[Line], namespace: str = "stress") -> list[str]:
    """Return what is wrong with the values that are left in a store, all of which are read."""
    faults: list[str] = []
    for name in store.scan("value/"):
        found = store.get(name)
        if found is not None and not belongs(name, found):
            faults.append(f"{name!r} holds {found[:100]!r}")
    faults += _counters(store, noted, "counter", "incremented", "increments")
    faults += _counters(store, noted, "chain", "linked", "links")
    faults += left_answers(store, namespace)
    return faults


def left_answers(store: Store, namespace: str = "stress") -> list[str]:
    """Return what is wrong with the answers that are left in a store."""
    numbers = {names.entry(namespace, response_key(partition, number)): number for partition in ("", "narrow") for number in range(KEYS)}
    faults: list[str] = []
    for name in store.scan(f"{names.root(namespace)}e/"):
        data = store.get(name)
        try:
            if data is not None and not answers(numbers[name], loads(data).answer):
                faults.append(f"{name!r} holds the answer to another request")
        except UnreadableError as error:
            faults.append(f"{name!r}: {error}")
    return faults


def _counters(store: Store, noted: Iterable[Line], kind: str, done: str, tried: str) -> Iterator[str]:
    """Yield each counter that lost a step, or has one too many: a process that was killed may have taken one without saying so."""
    at_least, at_most, reached = Counter[str](), Counter[str](), defaultdict[str, list[int]](list)
    for line in noted:
        if line["what"] == done:
            at_least[line["name"]] += 1
            reached[line["name"]].append(line["to"])
        elif line["what"] == tried:
            at_most[line["name"]] += 1
    for name in at_most:
        value = int(store.get(name) or b"0")
        if not at_least[name] <= value <= at_most[name]:
            yield f"{kind} {name!r} came to {value}; {at_least[name]} steps were taken for sure, {at_most[name]} at most"
        if len(set(reached[name])) != len(reached[name]):
            yield f"{kind} {name!r} told two processes the same number"
