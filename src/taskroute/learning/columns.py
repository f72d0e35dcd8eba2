"""The columns that data of scores may have, under every name that is understood, and one scored answer out of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, cast

from taskroute.signals.size import cap

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "prompt_id", "question_id", "sample_id"),
    "prompt": ("prompt", "question", "query", "input", "text", "instruction"),
    "task": ("task", "task_name", "category", "subject", "domain"),
    "stage": ("stage", "llm_stage"),
    "model": ("model", "model_name", "llm"),
    "score": ("score", "quality", "performance", "reward", "correct"),
    "cost": ("cost", "total_cost", "cost_usd", "price"),
    "input_tokens": ("input_tokens", "prompt_tokens", "tokens_in"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_out"),
    "latency": ("latency", "seconds", "duration", "response_time"),
}
"""Each column with the names that it may have, the first of which is its own; where a row has several of them, the first counts."""

WIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "score": ("scores", "qualities"),
    "cost": ("costs", "cost"),
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "latency": ("latencies", "latency"),
}
"""Columns of the wide form, which hold a value for each model: a mapping, or in a table columns such as `scores.small`."""
_AMOUNTS: Final = ("cost", "input_tokens", "output_tokens", "latency")

_LONGEST: Final = 100_000
"""Characters of a prompt that are kept, head and tail: more than any reader of prompts looks at."""
_TRUTH: Final = {"true": 1.0, "false": 0.0}
_PERCENT: Final = re.compile(r"\d{1,3}(?:\.\d{1,20})?\s?%")
_HALF_A_CHARACTER: Final = re.compile("[\ud800-\udfff]")


class Place(NamedTuple):
    """Where a row stands."""

    file: str
    line: int | None = None


class Row(NamedTuple):
    """One scored answer. None is unknown."""

    model: str
    score: float
    """From 0 to 1."""
    id: str | None = None
    """Of the question, where the data has one: scores of one id belong together."""
    prompt: str | None = None
    task: str | None = None
    stage: str | None = None
    cost: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None
    latency: float | None = None
    place: Place | None = None


class ColumnError(ValueError):
    """What is wrong with one row, and the cure; whoever reads the file adds where."""


class _Of(NamedTuple):
    """What is true of every answer to one question."""

    id: str | None
    prompt: str | None
    task: str | None
    stage: str | None
    input_tokens: float | None


def rows_of(raw: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the scored answers in one line of data, in either form. Raises ColumnError."""
    question = _Of(
        _text(raw, "id"), _prompt(raw), _text(raw, "task"), _text(raw, "stage"), _amount(_found(raw, "input_tokens"), "input_tokens")
    )
    if question[:4] == (None, None, None, None):
        raise ColumnError(f"there is neither a 'prompt', nor a 'task', nor a 'stage'; {_has(raw)}; name one of them")
    wide = {column: by_model for column in WIDE if (by_model := values_by_model(raw, column))}
    if "score" in wide:
        model, score = _text(raw, "model"), _found(raw, "score")
        if model is not None and not is_empty(score):
            raise ColumnError(f"there is a 'score' of {model!r} beside the 'scores' of several models; write them as two rows")
        return _wide(question, wide)
    return iter((_long(raw, question),))


def _long(raw: Mapping[str, Any], question: _Of) -> Row:
    model = _text(raw, "model")
    if model is None:
        raise ColumnError(f"there is no 'model'; {_has(raw)}; add it, or write 'scores' as a mapping of model to score")
    score = _found(raw, "score")
    if is_empty(score):
        raise ColumnError(f"there is no 'score' of {model!r}; {_has(raw)}; give a number from 0 to 1, or leave the row out")
    return Row(
        model,
        _score(score, model),
        *question[:4],
        cost=_amount(_found(raw, "cost"), "cost"),
        input_tokens=question.input_tokens,
        output_tokens=_amount(_found(raw, "output_tokens"), "output_tokens"),
        latency=_amount(_found(raw, "latency"), "latency"),
    )


def _wide(question: _Of, wide: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    for model, score in wide["score"].items():
        if is_empty(score):
            continue
        if not model:
            raise ColumnError("a score is of a model without a name; name it")
        cost, read, written, latency = (_amount(wide.get(column, {}).get(model), column) for column in _AMOUNTS)
        yield Row(model, _score(score, model), *question[:4], cost, question.input_tokens if read is None else read, written, latency)


def values_by_model(raw: Mapping[str, Any], column: str) -> Mapping[str, Any]:
    """Return the values of a wide column by model; none where it is not there, or holds a single value. Raises ColumnError."""
    for name in WIDE[column]:
        value = raw.get(name)
        if isinstance(value, Mapping):
            held = cast("Mapping[object, Any]", value)
            return {_whole(str(model), column).strip(): each for model, each in held.items()}
        if name == "scores" and isinstance(value, list):
            raise ColumnError("'scores' is a list, so that nobody can tell whose they are; write a mapping of model to score")
        spread = {key[len(name) + 1 :]: each for key, each in raw.items() if key.startswith(f"{name}.")}
        if spread:
            return spread
    return {}


def _found(raw: Mapping[str, Any], column: str) -> Any:
    for name in COLUMNS[column]:
        value = raw.get(name)
        if value is not None and not isinstance(value, Mapping):
            return value
    return None


def _text(raw: Mapping[str, Any], column: str) -> str | None:
    value = _found(raw, column)
    if value is None:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        raise ColumnError(f"'{column}' is {value:g}, not text; leave it out where it is not known")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ColumnError(f"'{column}' is of type {type(value).__name__}, not text; write it as text")
    return _whole(value, column).strip() or None


def _whole(text: str, column: str) -> str:
    """Return a name as it is, since it is written into files. Raises ColumnError for half a character, as JSON may hold one."""
    if _HALF_A_CHARACTER.search(text):
        raise ColumnError(f"'{column}' is {text!a}, which has half a character in it (a lone surrogate); correct it")
    return text


def _prompt(raw: Mapping[str, Any]) -> str | None:
    value = _found(raw, "prompt")
    if value is not None and not isinstance(value, str):
        raise ColumnError(f"'prompt' is of type {type(value).__name__}, not text; write the text of the user's message")
    # Prompts that were cut in the midst of an emoji are no reason to leave an answer out.
    return _HALF_A_CHARACTER.sub("\ufffd", cap(value, _LONGEST)) if value and value.strip() else None


def _score(value: Any, model: str) -> float:
    if isinstance(value, str) and _PERCENT.fullmatch(value.strip()):
        value = float(value.strip().removesuffix("%")) / 100
    number = _number(value, f"the score of {model!r}")
    if not 0 <= number <= 1:
        cure = (
            "leave the row out where nobody scored it" if math.isnan(number) else "scores go from 0 to 1: divide by the best there can be"
        )
        raise ColumnError(f"the score of {model!r} is {number:g}; {cure}")
    return number


def _amount(value: Any, column: str) -> float | None:
    if is_empty(value):
        return None
    number = _number(value, f"'{column}'")
    if math.isnan(number) or math.isinf(number):
        raise ColumnError(f"'{column}' is {number:g}; leave it out where it is not known")
    if number < 0:
        raise ColumnError(f"'{column}' is {number:g}, and cannot be below 0; leave it out where it is not known")
    return number


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool | int | float | Decimal):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str):
        text = value.strip()
        try:
            return _TRUTH[text.lower()] if text.lower() in _TRUTH else float(text)
        except ValueError:
            shown = text if len(text) <= 40 else f"{text[:37]}…"
            raise ColumnError(f"{what} is {shown!r}, which is no number; write one, such as 0.5") from None
    raise ColumnError(f"{what} is of type {type(value).__name__}, not a number; write one, such as 0.5")


def is_empty(value: Any) -> bool:
    """Return whether this stands for no value."""
    return value is None or (isinstance(value, str) and not value.strip())


def _has(raw: Mapping[str, Any]) -> str:
    names = ", ".join(repr(name) for name in list(raw)[:12])
    return f"it has {names}" if names else "it has no columns"
