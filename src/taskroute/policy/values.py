"""Values of the policy file that are written one way and used another: durations, lists that may be one name, prices."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic_core import CoreSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LANGUAGE = re.compile(r"[a-z]{2}")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s?(ms|s|m|h|d)")


def parse_duration(value: Any) -> float:
    """Return seconds for a duration such as `500ms`, `60s`, `2m`, `1h` or `1d`."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        hint = f"{value}s" if isinstance(value, int | float) and not isinstance(value, bool) else "60s"
        raise ValueError(f"{value!r} is not a duration; write a number with its unit (ms, s, m, h, d), such as {hint!r}")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds <= 0:
        raise ValueError(f"{value!r} is not longer than zero; write a longer one, such as '1ms'")
    return seconds


def as_tuple(value: Any) -> Any:
    """Let one value stand for a list of one; refuse an empty list, which would match nothing."""
    if not isinstance(value, list | tuple):
        return (value,)
    if not value:
        raise ValueError("the list is empty; name at least one, or leave the key out")
    return tuple(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def as_needed(value: Any) -> Any:
    """The same for a key that cannot be left out."""
    if isinstance(value, list | tuple) and not value:
        raise ValueError("the list is empty; name at least one")
    return as_tuple(value)  # pyright: ignore[reportUnknownArgumentType]


def filled(cure: str) -> BeforeValidator:
    """Refuse an empty list or mapping, which says nothing, or nothing that anyone means. `cure` tells why, and what to write."""

    def check(value: Any) -> Any:
        if isinstance(value, dict | list | tuple) and not value:
            raise ValueError(cure)
        return value  # pyright: ignore[reportUnknownVariableType]

    return BeforeValidator(check)


def _plain(name: str) -> str:
    """Refuse a name that would break the lines of reports and the attributes of spans."""
    if not name.strip():
        raise ValueError(f"the name {name!r} is blank; give it letters")
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in name):
        raise ValueError(f"the name {name!r} holds a line break or another control character; take it out")
    return name


def _language(code: str) -> str:
    if _LANGUAGE.fullmatch(code) is None:
        begins = re.match(r"[A-Za-z]{2}(?=[-_]|$)", code)
        hint = f"did you mean {begins[0].lower()!r}?" if begins else "such as 'en'"
        raise ValueError(f"{code!r} is not an ISO 639-1 code; write two lower-case letters; {hint}")
    return code


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _exact(value: Any) -> Any:
    """Read a number by the digits that were written, so that 0.15 is not 0.1499999…"""
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a price; write a number, in units of the currency per million tokens")
    if not isinstance(value, int | float | str):
        return value
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"{value!r} is not a price; write a number, in units of the currency per million tokens") from None


def one_or_many(items: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [items, {"type": "array", "items": items, "minItems": 1}]}


class ShortForm:
    """Marks a section that may also be written as a single value, for the JSON schema."""

    def __init__(self, *short: dict[str, Any]) -> None:
        self._short = short

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [*self._short, handler(core)]}


DURATION_SCHEMA = {"type": "string", "pattern": r"^\d+(\.\d+)?\s?(ms|s|m|h|d)$", "examples": ["500ms", "60s", "1d"]}

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(lambda seconds: f"{seconds:g}s", return_type=str),
    WithJsonSchema(DURATION_SCHEMA),
]
"""Seconds; written as `500ms`, `60s`, `1d`."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], BeforeValidator(as_tuple), WithJsonSchema(one_or_many({"type": "string"}))]
"""One name, or a list of names of which any will do."""

NeededNames = Annotated[tuple[Name, ...], BeforeValidator(as_needed), WithJsonSchema(one_or_many({"type": "string"}))]
"""The same for a key that cannot be left out."""

_Text = Annotated[str, Field(min_length=1, max_length=4000)]
Texts = Annotated[
    tuple[_Text, ...], BeforeValidator(as_tuple), WithJsonSchema(one_or_many({"type": "string", "minLength": 1, "maxLength": 4000}))
]
"""One text as users write it, or a list of them."""

PlainName = Annotated[Name, AfterValidator(_plain)]
"""The name of a model, a route or a task: one line, not blank."""

Languages = Annotated[
    tuple[Annotated[str, AfterValidator(_language)], ...],
    BeforeValidator(as_tuple),
    WithJsonSchema(one_or_many({"type": "string", "pattern": "^[a-z]{2}$"})),
]
"""ISO 639-1 codes."""

T = TypeVar("T")
Many = Annotated[tuple[T, ...], BeforeValidator(_listed)]
"""A list; it may be empty."""

Some = Annotated[tuple[T, ...], Field(min_length=1), BeforeValidator(_listed)]
"""A list that may not be empty."""

Price = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False), WithJsonSchema({"type": "number", "minimum": 0})]
"""Units of the currency per million tokens."""
