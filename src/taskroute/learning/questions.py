"""Which scored answers are of one question: rows that have an id, or without one the prompt, in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from taskroute.errors import DataError
from taskroute.learning.columns import Place, Row

_SHOWN: Final = 40
"""Characters of a prompt in an error."""
_NOWHERE: Final = Place("the scores")
_OWN_IDS: Final = "give each question an id of its own in all files, or leave ids out: rows of one prompt belong together by themselves"
_OWN_ID: Final = "write the same in all rows; where these are different questions, give each an id of its own in all files"

Aspect = Literal["task", "stage"]


class Joined(NamedTuple):
    """The questions that rows are of."""

    rows: tuple[Row, ...]
    """One of each question, in the order in which they came, with all that is known of it."""
    of: tuple[int, ...]
    """The question of each row that was given."""
    notes: tuple[str, ...]


def join(rows: Sequence[Row]) -> Joined:
    """Return the questions of rows that differ in id, prompt, task or stage.

    What one row of a question does not tell, another fills in. An id is of one question; only stages part it, since each is a call of its
    own. Without an id, the tasks and stages that are told of a prompt part it. Raises DataError where an id has two tasks or prompts
    in one stage, or where nothing tells which of its stages a row is of.
    """
    groups: dict[object, list[int]] = {}
    for at, row in enumerate(rows):
        groups.setdefault(_shared(row, at), []).append(at)
    full = list(rows)
    several_tasks: list[Row] = []
    for places in groups.values():
        members = [rows[at] for at in places]
        if members[0].id is not None:
            _check_told(members)
        if len(members) == 1:
            continue
        if members[0].id is not None:
            members = _of_id(members)
        else:
            members = _of_prompt(members)
            if len(_told(members, "task")) > 1:
                several_tasks.append(members[0])
        for at, row in zip(places, members, strict=True):
            full[at] = row
    return _numbered(full, _notes(several_tasks))


def check_prompt(row: Row, before: Row) -> None:
    """Raise DataError where two rows of one id have different prompts: the scores of two questions would go into one."""
    if row.prompt is None or before.prompt is None or row.prompt == before.prompt or row.prompt.split() == before.prompt.split():
        return
    told = f"the id {row.id!r} is that of {_short(row.prompt)} here, and of {_short(before.prompt)} in {_where(before)}"
    raise _wrong(row, f"{told}; {_OWN_IDS}")


def _shared(row: Row, at: int) -> object:
    """Return what rows of one question have in common; of a row that tells only task or stage, nothing."""
    if row.id is not None:
        return "id", row.id
    return at if row.prompt is None else ("prompt", row.prompt)


def _check_told(rows: Sequence[Row]) -> None:
    """Raise DataError where nothing is told of an id, so that nobody could tell calls like it."""
    if all(row.prompt is None and row.task is None and row.stage is None for row in rows):
        raise _wrong(rows[0], f"no row of the id {rows[0].id!r} has a 'prompt', a 'task' or a 'stage'; name one of them")


def _of_id(rows: list[Row]) -> list[Row]:
    """Return these rows of one id with what they do not tell filled in, so that those of one stage say the same."""
    stages = _told(rows, "stage")
    lacking = next((row for row in rows if row.stage is None), None)
    if len(stages) > 1 and lacking is not None:
        named = " and ".join(repr(row.stage) for row in stages[:2])
        raise _wrong(lacking, f"the id {lacking.id!r} has the stages {named} in other rows, and none here; write the stage of this row")
    if stages and lacking is not None:
        rows = [row._replace(stage=stages[0].stage) for row in rows]
    by_stage: dict[str | None, list[Row]] = {}
    for row in rows:
        by_stage.setdefault(row.stage, []).append(row)
    whole = {stage: _one(each) for stage, each in by_stage.items()}
    return [whole[row.stage] for row in rows]


def _one(rows: Sequence[Row]) -> Row:
    """Return what these rows of one id and stage say together."""
    tasks = _told(rows, "task")
    if len(tasks) > 1:
        told = f"the id {rows[0].id!r} has the task {tasks[1].task!r} here, and {tasks[0].task!r} in {_where(tasks[0])}"
        raise _wrong(tasks[1], f"{told}; {_OWN_ID}")
    prompted = [row for row in rows if row.prompt is not None]
    for row in prompted[1:]:
        check_prompt(row, prompted[0])
    task, prompt = tasks[0].task if tasks else None, prompted[0].prompt if prompted else None
    return rows[0]._replace(task=task, prompt=prompt)


def _of_prompt(rows: list[Row]) -> list[Row]:
    """Return these rows of one prompt with the task and the stage filled in where only one can be meant."""
    return _filled(_filled(rows, "task", "stage"), "stage", "task")


def _filled(rows: list[Row], aspect: Aspect, other: Aspect) -> list[Row]:
    full: list[Row] = []
    for row in rows:
        told = _told(_alike(row, rows, other), aspect) if getattr(row, aspect) is None else []
        full.append(row._replace(**{aspect: getattr(told[0], aspect)}) if len(told) == 1 else row)
    return full


def _alike(row: Row, rows: Iterable[Row], aspect: Aspect) -> list[Row]:
    """Return the rows that do not tell another task, or another stage, than this one."""
    own: str | None = getattr(row, aspect)
    return [each for each in rows if own is None or getattr(each, aspect) in (None, own)]


def _told(rows: Iterable[Row], aspect: Aspect) -> list[Row]:
    """Return the first row of each task, or each stage, that is told."""
    found: dict[str, Row] = {}
    for row in rows:
        name: str | None = getattr(row, aspect)
        if name is not None:
            found.setdefault(name, row)
    return list(found.values())


def _numbered(rows: Sequence[Row], notes: tuple[str, ...]) -> Joined:
    numbers: dict[object, int] = {}
    first: list[Row] = []
    of: list[int] = []
    for at, row in enumerate(rows):
        number = numbers.setdefault((_shared(row, at), row.task, row.stage), len(first))
        if number == len(first):
            first.append(row)
        of.append(number)
    return Joined(tuple(first), tuple(of), notes)


def _notes(several_tasks: Sequence[Row]) -> tuple[str, ...]:
    if not several_tasks:
        return ()
    one = several_tasks[0]
    count = f"{len(several_tasks)} prompts without an id have" if len(several_tasks) > 1 else "1 prompt without an id has"
    text = f"{count} more than one task, such as {_short(one.prompt or '')} in {_where(one)}"
    return (f"{text}: each task counts as a question of its own; where they are one, write one task, or an id",)


def _wrong(row: Row, problem: str) -> DataError:
    place = row.place or _NOWHERE
    return DataError(place.file, problem, line=place.line)


def _where(row: Row) -> str:
    place = row.place or _NOWHERE
    return place.file if place.line is None else f"{place.file}, line {place.line}"


def _short(prompt: str) -> str:
    return repr(prompt if len(prompt) <= _SHOWN else f"{prompt[: _SHOWN - 1]}…")
