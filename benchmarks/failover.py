"""What the caller gets when a model fails: 18 faults, four kinds of call, and everyone who falls back, against the same emulator."""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.emulator import Emulator

from benchmarks.contenders import KINDS, Client, Contender, Heard, Limits, contenders, streams
from benchmarks.faults import LARGE, LARGE_CITY, LARGE_TEXT, SMALL, SMALL_TEXT, TROUBLES, Place, Trouble, arrange, places

QUICK: Final = ("429 with Retry-After", "cut after first chunk", "malformed SSE", "clean truncated end", "wrong schema", "refusal")

_PARTIAL: Final = re.compile(
    r"incomplete|interrupt|broke|partial|mid-?stream|after \d+ chunk|without sending complete|finish.?reason|truncat", re.I
)
"""What a message must say where part of an answer was given out: that it is a part."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one call."""

    trouble: str
    kind: str
    contender: str
    outcome: str
    """`answered`, `clear error`, `not asked`, `silent`, `twice`, `unclear error` or `hang`."""
    seconds: float
    small: int
    """Requests that reached the faulty model; none can where it does not listen."""
    large: int
    chunks: int
    """Chunks that the caller was given; of a plain call the answer."""
    error: str
    good: bool


def judged(trouble: Trouble, kind: str, contender: Contender, heard: Heard, error: BaseException | None) -> str:
    """Return the outcome of a call that ended."""
    mixed = _mixed(heard.text)
    if error is not None:
        wanted = _PARTIAL if heard.text else re.compile(trouble.says, re.I)
        return "twice" if mixed else "clear error" if wanted.search(_message(error)) else "unclear error"
    if heard.text in _right(trouble):
        return "answered"
    if mixed:
        return "twice"
    return "not asked" if _unasked(trouble, kind, contender) else "silent"


def _right(trouble: Trouble) -> frozenset[str]:
    if trouble.schema:
        return frozenset({LARGE_CITY})
    # A model that has recovered may answer itself.
    return frozenset({LARGE_TEXT, SMALL_TEXT} if trouble.name == "500 burst" else {LARGE_TEXT})


def _mixed(text: str) -> bool:
    """Return whether words of both answers are there, or one of them twice."""
    small, large = SMALL_TEXT.split()[0], LARGE_TEXT.split()[0]
    return (small in text and large in text) or text.count(large) > 1 or text.count(small) > 1


def good(trouble: Trouble, kind: str, contender: Contender, outcome: str) -> bool:
    """Return whether it could not have been better. An error is good where part of a stream was given out, or nobody asked for more."""
    told = (trouble.late and streams(kind)) or _unasked(trouble, kind, contender)
    return outcome in ("answered", "not asked") or (outcome == "clear error" and told)


def _unasked(trouble: Trouble, kind: str, contender: Contender) -> bool:
    return not contender.examines and ("stream" if streams(kind) else "plain") in trouble.optional


def _message(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


class Bench:
    """The emulator, and everyone's clients."""

    def __init__(self, emulator: Emulator, at: Mapping[Place, str], limits: Limits) -> None:
        self._emulator = emulator
        self._at = at
        self._limits = limits
        self._clients: dict[tuple[str, Place], Client] = {}

    def warm(self, contender: Contender) -> None:
        """Let a contender do once what it does only once in a process."""
        client = self._client(contender, "emulator")
        for kind in KINDS:
            for schema in (False, True):
                self._emulator.reset()
                client.ask(kind, Heard(), schema=schema)

    def cell(self, trouble: Trouble, kind: str, contender: Contender) -> Cell:
        """Make one call, in a thread that is left behind if it does not end."""
        client, heard, errors = self._client(contender, trouble.place), Heard(), list[BaseException]()
        arrange(self._emulator, trouble, streams=streams(kind))

        def call() -> None:
            try:
                client.ask(kind, heard, schema=trouble.schema)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=call, daemon=True)
        began = time.perf_counter()
        thread.start()
        thread.join(self._limits.hang)
        seconds = time.perf_counter() - began
        error = errors[0] if errors else None
        outcome = "hang" if thread.is_alive() else judged(trouble, kind, contender, heard, error)
        asked = Counter(request.body["model"] for request in list(self._emulator.requests))
        return Cell(
            trouble=trouble.name,
            kind=kind,
            contender=contender.name,
            outcome=outcome,
            seconds=seconds,
            small=asked[SMALL],
            large=asked[LARGE],
            chunks=heard.chunks,
            error="" if error is None else _message(error),
            good=good(trouble, kind, contender, outcome),
        )

    def _client(self, contender: Contender, place: Place) -> Client:
        key = contender.name, place
        if key not in self._clients:
            self._clients[key] = contender.build(self._at[place], self._at["emulator"], self._limits)
        return self._clients[key]


@contextmanager
def bench(limits: Limits) -> Iterator[Bench]:
    """Give a bench with an emulator of its own."""
    with Emulator().running() as emulator, places(emulator) as at:
        yield Bench(emulator, at, limits)


def measure(everyone: Sequence[Contender] | None = None, *, quick: bool = False) -> tuple[Cell, ...]:
    """Return what everyone did in every cell."""
    troubles = [trouble for trouble in TROUBLES if not quick or trouble.name in QUICK]
    everyone = contenders() if everyone is None else everyone
    with bench(Limits()) as ready, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for contender in everyone:
            ready.warm(contender)
        return tuple(ready.cell(trouble, kind, contender) for trouble in troubles for kind in KINDS for contender in everyone)


def as_data(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return the cells as JSON values."""
    return [asdict(cell) for cell in cells]


def as_text(cells: Sequence[Cell]) -> str:
    """Return one table for each contender: in each cell the outcome, the seconds, and the requests to the faulty and the healthy model."""
    tables = [_of_one(name, [cell for cell in cells if cell.contender == name]) for name in _unique(cell.contender for cell in cells)]
    return "\n\n".join(["failover  (outcome, seconds, requests to the faulty + the healthy model; ! where it could be better)", *tables])


def _of_one(name: str, cells: Sequence[Cell]) -> str:
    found = {(cell.trouble, cell.kind): cell for cell in cells}
    lines = [f"{name}: {_sum(cells)}", f"  {'':22}" + "".join(f"{kind:28}" for kind in KINDS).rstrip()]
    for trouble in _unique(cell.trouble for cell in cells):
        shown = "".join(f"{_cell_text(found[trouble, kind]):28}" for kind in KINDS)
        lines.append(f"  {trouble:22}{shown}".rstrip())
    return "\n".join(lines)


def _cell_text(cell: Cell) -> str:
    return f"{' ' if cell.good else '!'}{cell.outcome} {cell.seconds:.2f} {cell.small}+{cell.large}"


def _sum(cells: Sequence[Cell]) -> str:
    counts = Counter(cell.outcome for cell in cells)
    listed = ", ".join(f"{outcome} {count}" for outcome, count in counts.most_common())
    return f"{sum(cell.good for cell in cells)} of {len(cells)} as good as can be ({listed})"


def _unique(names: Iterator[str] | Any) -> list[str]:
    return list(dict.fromkeys(names))


def as_markdown(cells: Sequence[Cell]) -> str:
    """Return the table for the documentation: a row for each fault, a column for each contender."""
    names = _unique(cell.contender for cell in cells)
    lines = [f"| | {' | '.join(f'`{name}`' for name in names)} |", "|---" * (len(names) + 1) + "|"]
    for trouble in _unique(cell.trouble for cell in cells):
        of = [[cell for cell in cells if cell.trouble == trouble and cell.contender == name] for name in names]
        lines.append(f"| {trouble} | {' | '.join(map(_together, of))} |")
    sums = [[cell for cell in cells if cell.contender == name] for name in names]
    lines.append(f"| **as good as can be** | {' | '.join(f'{sum(cell.good for cell in some)} of {len(some)}' for some in sums)} |")
    return "\n".join(lines)


def effort_as_markdown(cells: Sequence[Cell]) -> str:
    """Return the other table: the seconds until the call ended, and the requests to the faulty + the healthy model."""
    names = _unique(cell.contender for cell in cells)
    lines = [f"| | {' | '.join(f'`{name}`' for name in names)} |", "|---" * (len(names) + 1) + "|"]
    for trouble in _unique(cell.trouble for cell in cells):
        of = [[cell for cell in cells if cell.trouble == trouble and cell.contender == name] for name in names]
        lines.append(f"| {trouble} | {' | '.join(map(_effort, of))} |")
    return "\n".join(lines)


def _effort(cells: Sequence[Cell]) -> str:
    """Return the least and the most of the four kinds of call, said once where they are alike."""
    seconds = [f"{function(cell.seconds for cell in cells):.2f}" for function in (min, max)]
    requests = _unique(f"{cell.small}+{cell.large}" for cell in cells)
    return f"{'–'.join(dict.fromkeys(seconds))} s, {' or '.join(sorted(requests))}"


def _together(cells: Sequence[Cell]) -> str:
    """Return the outcomes of the four kinds of call, those that are alike said once."""
    shown = {cell.kind: cell.outcome if cell.good else f"**{cell.outcome}**" for cell in cells}
    if len(set(shown.values())) == 1:
        return next(iter(shown.values()))
    halves = {"plain": ("sync", "async"), "streams": ("stream", "async stream")}
    if all(shown[one] == shown[other] for one, other in halves.values()):
        return ", ".join(f"{half}: {shown[one]}" for half, (one, _) in halves.items())
    by_outcome = {outcome: [kind for kind in shown if shown[kind] == outcome] for outcome in _unique(shown.values())}
    return "; ".join(f"{', '.join(kinds)}: {outcome}" for outcome, kinds in by_outcome.items())
