"""Scores of models out of files, as one table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from taskroute.errors import DataError
from taskroute.learning.columns import ColumnError, Row, rows_of
from taskroute.learning.gather import Gathered, gather
from taskroute.learning.left_out import LeftOut
from taskroute.learning.rows import Labels
from taskroute.learning.sources import Progress, lines_of
from taskroute.policy.consistent import suggestion

_SHOWN: Final = 40
"""Characters of a prompt in an error."""


class Data(NamedTuple):
    """What files held."""

    labels: Labels
    scores: int
    """How many scores were read."""
    notes: tuple[str, ...]
    """What was done with them that one may want to know, a sentence each."""


def read_files(paths: Sequence[str], *, models: Collection[str] | None = None, progress: Progress | None = None) -> Data:
    """Return the scores in these files: JSON lines, CSV or Parquet, packed with gzip or not, in the long or the wide form.

    `models` are the only ones that may be named. `progress` is told bytes read, and of how many, file by file. Raises DataError with file,
    line and cure for what cannot be used, and where there are scores of fewer than two models.
    """
    left_out = LeftOut()
    data = as_data(gather(read_rows(paths, models=models, progress=progress, left_out=left_out)), ", ".join(paths))
    return data._replace(notes=(*data.notes, *left_out.notes()))


def read_rows(
    paths: Iterable[str],
    *,
    models: Collection[str] | None = None,
    progress: Progress | None = None,
    left_out: LeftOut | None = None,
) -> Iterator[Row]:
    """Yield the scored answers of files, one after the other. Raises DataError, also where one id is that of two prompts.

    `left_out` sees every row.
    """
    prompts = _Prompts()
    for path in paths:
        found = False
        for line in lines_of(path, progress):
            try:
                for row in rows_of(line.values):
                    if models is not None and row.model not in models:
                        raise ColumnError(f"no model named {row.model!r} is in the policy; {suggestion(row.model, models)}")
                    prompts.check(row, path, line.number)
                    found = True
                    yield row
                if left_out is not None:
                    left_out.see(line.values, path, line.number)
            except ColumnError as error:
                raise DataError(path, str(error), line=line.number) from None
        if not found:
            raise DataError(path, "there are no scores in it; give a row for each answer: prompt or task, model, score")


class _Prompts:
    """The prompt of every id so far, and where it stood first."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str | None, str | None], tuple[str, str, int]] = {}

    def check(self, row: Row, path: str, line: int) -> None:
        """Raise ColumnError where the id of this row was that of another prompt: the scores of two questions would go into one."""
        if row.id is None or row.prompt is None:
            return
        prompt, where, number = self._seen.setdefault((row.id, row.task, row.stage), (row.prompt, path, line))
        if prompt == row.prompt or prompt.split() == row.prompt.split():
            return
        raise ColumnError(
            f"the id {row.id!r} is that of {_short(row.prompt)} here, and of {_short(prompt)} in {where}, line {number}; "
            "give each question an id of its own in all files, or leave ids out: rows of one prompt belong together by themselves"
        )


def _short(prompt: str) -> str:
    return repr(prompt if len(prompt) <= _SHOWN else f"{prompt[: _SHOWN - 1]}…")


def as_data(gathered: Gathered, where: str) -> Data:
    """Return what was gathered from `where`. Raises DataError where fewer than two models were scored."""
    models = gathered.labels.models
    if not models:
        raise DataError(where, "there are no scores; give a row for each answer: prompt or task, model, score")
    if len(models) == 1:
        raise DataError(where, f"there are scores of {models[0]!r} alone, so there is nothing to choose from; add those of another model")
    notes: list[str] = []
    if gathered.repeated:
        notes.append(f"{gathered.repeated} scores of the same question and model were averaged with others")
    return Data(gathered.labels, gathered.scores, tuple(notes))
