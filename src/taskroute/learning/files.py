"""Scores of models out of files, as one table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from taskroute.errors import DataError
from taskroute.learning.columns import ColumnError, Place, Row, rows_of
from taskroute.learning.gather import Gathered, gather
from taskroute.learning.left_out import LeftOut
from taskroute.learning.rows import Labels
from taskroute.learning.sources import Progress, lines_of
from taskroute.policy.consistent import suggestion


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
    """Yield the scored answers of files, one after the other. Raises DataError.

    `left_out` sees every row.
    """
    for path in paths:
        found = False
        for line in lines_of(path, progress):
            try:
                place = Place(path, line.number)
                for row in rows_of(line.values):
                    if models is not None and row.model not in models:
                        raise ColumnError(f"no model named {row.model!r} is in the policy; {suggestion(row.model, models)}")
                    found = True
                    yield row._replace(place=place)
                if left_out is not None:
                    left_out.see(line.values, path, line.number)
            except ColumnError as error:
                raise DataError(path, str(error), line=line.number) from None
        if not found:
            raise DataError(path, "there are no scores in it; give a row for each answer: prompt or task, model, score")


def as_data(gathered: Gathered, where: str) -> Data:
    """Return what was gathered from `where`. Raises DataError where fewer than two models were scored."""
    models = gathered.labels.models
    if not models:
        raise DataError(where, "there are no scores; give a row for each answer: prompt or task, model, score")
    if len(models) == 1:
        raise DataError(where, f"there are scores of {models[0]!r} alone, so there is nothing to choose from; add those of another model")
    notes = list(gathered.notes)
    if gathered.repeated:
        cure = "where these were different questions, give each an id of its own"
        notes.append(f"{gathered.repeated} scores of the same question and model were averaged with others; {cure}")
    return Data(gathered.labels, gathered.scores, tuple(notes))
