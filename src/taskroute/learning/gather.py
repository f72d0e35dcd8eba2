"""Scored answers, one after the other, as one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from taskroute.learning.columns import Row
from taskroute.learning.questions import check_prompt, join
from taskroute.learning.rows import Floats, Labels, labels
from taskroute.types import NOTHING

_AMOUNTS: Final = ("score", "cost", "output_tokens", "latency")


class Gathered(NamedTuple):
    """A table, and how it came about."""

    labels: Labels
    scores: int
    """Scores that were given."""
    repeated: int
    """Of these, how many were of a question and a model that had one already, and went into a mean."""
    notes: tuple[str, ...] = ()
    """What was made of rows that tell different things of one question, a sentence each."""
    by_file: Mapping[str, int] = NOTHING
    """How many scores stand in each file, or folder of feedback."""

    def came_from(self, sources: Iterable[str]) -> tuple[str, ...]:
        """Return a sentence on how many scores each of these sources had; none of one alone, which had them all."""
        counts = {source: self.by_file.get(source, 0) for source in sources}
        return (f"scores came from {', '.join(f'{source} ({count:,})' for source, count in counts.items())}",) if len(counts) > 1 else ()


class _Table:
    """Sums and counts of every amount, by question and model."""

    def __init__(self) -> None:
        self.questions: dict[tuple[object, ...], int] = {}
        self.first: list[Row] = []
        self.models: dict[str, int] = {}
        self.sums: dict[tuple[int, int], list[float]] = {}
        self.inputs: dict[int, tuple[float, int]] = {}
        self._seen: Counter[tuple[object, ...]] = Counter()

    def add(self, row: Row) -> None:
        key = self._key(row)
        question = self.questions.setdefault(key, len(self.questions))
        if question == len(self.first):
            self.first.append(row)
        elif row.prompt is not None:
            check_prompt(row, self.first[question])
            if self.first[question].prompt is None:
                self.first[question] = row
        sums = self.sums.setdefault((question, self.models.setdefault(row.model, len(self.models))), [0.0] * (2 * len(_AMOUNTS)))
        for place, name in enumerate(_AMOUNTS):
            amount: float | None = getattr(row, name)
            if amount is not None:
                sums[2 * place] += amount
                sums[2 * place + 1] += 1
        if row.input_tokens is not None:
            total, count = self.inputs.get(question, (0.0, 0))
            self.inputs[question] = (total + row.input_tokens, count + 1)

    def join(self) -> tuple[str, ...]:
        """Put rows that turn out to be of one question together, and return what there is to say of it."""
        joined = join(self.first)
        if len(joined.rows) < len(self.first):
            sums, inputs = self.sums, self.inputs
            self.sums, self.inputs = {}, {}
            for (question, model), values in sums.items():
                cell = (joined.of[question], model)
                self.sums[cell] = [one + more for one, more in zip(self.sums[cell], values, strict=True)] if cell in self.sums else values
            for question, (total, count) in inputs.items():
                before = self.inputs.get(joined.of[question], (0.0, 0))
                self.inputs[joined.of[question]] = (before[0] + total, before[1] + count)
        self.first = list(joined.rows)
        return joined.notes

    def _key(self, row: Row) -> tuple[object, ...]:
        if row.id is not None or row.prompt is not None:
            return ("id", row.id, row.task, row.stage) if row.id is not None else ("prompt", row.prompt, row.task, row.stage)
        # Nothing tells which question this was. The n-th score of each model for a task stands in the n-th row, so that none are averaged.
        of_model = (row.task, row.stage, row.model)
        self._seen[of_model] += 1
        return ("nth", row.task, row.stage, self._seen[of_model])


def gather(rows: Iterable[Row]) -> Gathered:
    """Return the table of these answers: a row for each question, a column for each model, both in the order in which they came.

    Answers of one question are told by its `id`, or without one by its prompt, as `join` says; those of the same model are averaged.
    Where only task or stage is known, every score counts as one of a question of its own. Raises DataError where an id is that of
    two questions.
    """
    table = _Table()
    scores = 0
    by_file: Counter[str] = Counter()
    for row in rows:
        scores += 1
        if row.place is not None:
            by_file[row.place.file] += 1
        table.add(row)
    notes = table.join()
    return Gathered(_labels(table), scores, scores - len(table.sums), notes, by_file)


def _labels(table: _Table) -> Labels:
    n, m = len(table.first), len(table.models)
    sums = np.zeros((n, m, 2 * len(_AMOUNTS)))
    for (question, model), values in table.sums.items():
        sums[question, model] = values
    means = _means(sums[..., 0::2], sums[..., 1::2])
    inputs = np.full(n, np.nan)
    for question, (total, count) in table.inputs.items():
        inputs[question] = total / count
    score, cost, output_tokens, latency = np.moveaxis(means, -1, 0)
    return labels(
        tuple(table.models),
        score,
        prompts=tuple(row.prompt for row in table.first),
        tasks=tuple(row.task for row in table.first),
        stages=tuple(row.stage for row in table.first),
        costs=cost,
        input_tokens=inputs,
        output_tokens=output_tokens,
        latency=latency,
        counts=sums[..., 1],
    )


def _means(totals: Floats, counts: Floats) -> Floats:
    means = np.full(totals.shape, np.nan)
    np.divide(totals, counts, out=means, where=counts > 0)
    return means
