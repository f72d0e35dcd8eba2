"""Scores that were kept by `router.feedback`, as rows to learn from."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from taskroute.clock import SystemClock
from taskroute.errors import ConfigurationError, DataError
from taskroute.feedback.opening import SCORES, folder_of, kept_scores, scores_in
from taskroute.feedback.record import Scored
from taskroute.feedback.scores import read_scores
from taskroute.learning.columns import Place, Row
from taskroute.policy.parse import load_policy
from taskroute.ports import Store


class FeedbackRows(NamedTuple):
    """Rows out of feedback, oldest first."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    """What was left out, a sentence each."""


def read_feedback(source: str, environ: Mapping[str, str], *, models: Collection[str] | None = None) -> FeedbackRows:
    """Return the scores that a policy file's `feedback` has kept, or those in a folder.

    Scores of a model that is not in `models` are left out. Nothing is made where nothing was kept. Raises DataError where there is no such
    folder, PolicyError, and ConfigurationError for a policy without `feedback` and for a store that no other process can read.
    """
    store = _store(source, environ)
    try:
        found = rows_of(read_scores(store), models=models)
        place = Place(source)
        return found._replace(rows=tuple(row._replace(place=place) for row in found.rows))
    except OSError as error:
        raise DataError(source, f"the scores cannot be read: {error.strerror or type(error).__name__}") from None
    finally:
        store.close()


def rows_of(scores: Iterable[Scored], *, models: Collection[str] | None = None) -> FeedbackRows:
    """Return these scores as rows, each under the id of its decision; a cost in a currency that most are not in is left out."""
    found = sorted(scores, key=lambda each: (each.at, each.answer.decision_id, each.model))
    known = [each for each in found if models is None or each.model in models]
    currencies = Counter(each.answer.currency for each in known if each.answer.cost is not None)
    currency = currencies.most_common(1)[0][0] if currencies else None
    notes: list[str] = []
    if len(known) < len(found):
        gone = ", ".join(sorted({repr(each.model) for each in found} - {repr(each.model) for each in known}))
        notes.append(f"{len(found) - len(known)} scores of models that the policy does not have were left out: {gone}")
    others = sum(count for name, count in currencies.items() if name != currency)
    if others:
        notes.append(f"the costs of {others} answers were left out, because most are in {currency}")
    return FeedbackRows(tuple(_row(each, currency) for each in known), tuple(notes))


def _row(scored: Scored, currency: str | None) -> Row:
    answer = scored.answer
    row = Row(scored.model, scored.score, answer.decision_id, answer.prompt, answer.task, answer.stage)
    if scored.model != answer.model:
        return row
    cost = float(answer.cost) if answer.cost is not None and answer.currency == currency else None
    input_tokens, output_tokens = _number(answer.input_tokens), _number(answer.output_tokens)
    return row._replace(cost=cost, input_tokens=input_tokens, output_tokens=output_tokens, latency=answer.latency)


def _number(count: int | None) -> float | None:
    return None if count is None else float(count)


def _store(source: str, environ: Mapping[str, str]) -> Store:
    path = Path(source)
    if path.is_dir():
        if not (path / SCORES).is_dir():
            looked = os.path.abspath(path / SCORES)
            raise DataError(source, f"no scores were kept in this folder, looked for {looked!r}; give the one that 'feedback.path' names")
        return scores_in(path, SystemClock())
    if not path.exists():
        cure = "give a policy with 'feedback', or the folder that 'feedback.path' names"
        raise DataError(source, f"there is no such file or folder, looked for {os.path.abspath(path)!r}; {cure}")
    policy = load_policy(source)
    if policy.feedback is None:
        raise ConfigurationError(f"{source}: this policy keeps no scores; it has no 'feedback'")
    if policy.feedback.store == "disk":
        _check_kept(folder_of(policy.feedback, environ), source)
    return kept_scores(policy.feedback, SystemClock(), environ)


def _check_kept(folder: Path, source: str) -> None:
    """Raise DataError where a policy's folder holds no scores: to open it would make it."""
    looked = folder.expanduser().absolute() / SCORES
    if looked.is_dir():
        return
    where = "a relative 'feedback.path' begins at the directory that a program is started in: go there, or give the folder itself"
    raise DataError(source, f"no scores were kept where 'feedback.path' says, looked for {str(looked)!r}; {where}")
