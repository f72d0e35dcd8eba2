"""The `when` of a route: what the user may ask of a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from taskroute.policy.values import Languages, Names, ShortForm, Some, as_tuple, filled, one_or_many
from taskroute.taxonomy import COMPLEXITIES, MODALITIES, NEEDS, URGENCIES

Scalar = str | int | float | bool | None


class Section(BaseModel):
    """A part of the policy: unknown keys are refused, and it does not change after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True, hide_input_in_errors=True)


def _choices(names: tuple[str, ...]) -> Any:
    return WithJsonSchema(one_or_many({"enum": list(names)}))


def _refuse_empty_range(over: float | None, under: float | None) -> None:
    if over is not None and under is not None and over >= under:
        raise ValueError(f"nothing is over {over:g} and under {under:g}; swap them")


_NO_VALUES = filled("the list is empty; name at least one value, or leave the test out")


class Range(Section):
    """A numeric range; both ends are exclusive."""

    over: float | None = None
    under: float | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.over is None and self.under is None:
            raise ValueError("give 'over', 'under' or both")
        _refuse_empty_range(self.over, self.under)
        return self


class MetadataTest(Section):
    """What a metadata value must be. All that is given must hold."""

    equals: Scalar = None
    in_: Annotated[Some[Scalar] | None, _NO_VALUES] = Field(default=None, alias="in")
    not_: Annotated[Scalar | Some[Scalar], _NO_VALUES] = Field(default=None, alias="not")
    regex: str | None = None
    over: float | None = None
    under: float | None = None
    exists: bool | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("the test is empty; write a value, or one of: in, not, regex, over, under, exists")
        _refuse_empty_range(self.over, self.under)
        return self


def _as_test(value: Any) -> Any:
    """Read a plain value as equality and a list as 'any of these'."""
    if isinstance(value, dict | MetadataTest):
        return value  # pyright: ignore[reportUnknownVariableType]
    listed: dict[str, Any] = {"in" if isinstance(value, list | tuple) else "equals": value}
    return listed


class PromptTest(Section):
    """What the latest user message must hold."""

    contains: Names | None = None
    """Any of these texts, upper and lower case alike."""
    regex: Names | None = None
    """Any of these RE2 expressions."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.contains is None and self.regex is None:
            raise ValueError("give 'contains', 'regex' or both")
        return self


Level = Annotated[tuple[Literal["low", "medium", "high"], ...], BeforeValidator(as_tuple), _choices(COMPLEXITIES)]
Haste = Annotated[tuple[Literal["interactive", "batch"], ...], BeforeValidator(as_tuple), _choices(URGENCIES)]
Need = Annotated[
    tuple[Literal["tools", "vision", "json_schema", "audio", "video", "file"], ...], BeforeValidator(as_tuple), _choices(NEEDS)
]
Modality = Annotated[tuple[Literal["text", "image", "audio", "video", "file"], ...], BeforeValidator(as_tuple), _choices(MODALITIES)]
Sensitive = Annotated[
    bool | tuple[str, ...],
    BeforeValidator(lambda value: value if isinstance(value, bool) else as_tuple(value)),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
_VALUE: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
MetadataTests = dict[
    str, Annotated[MetadataTest, BeforeValidator(_as_test), ShortForm(_VALUE, {"type": "array", "items": _VALUE, "minItems": 1})]
]


class When(Section):
    """Conditions on a call. All keys that are given must hold; where a key takes a list, any of its items will do."""

    stage: Names | None = None
    task: Names | None = None
    """Task names or group names."""
    complexity: Level | None = None
    urgency: Haste | None = None
    language: Languages | None = None
    """ISO 639-1 codes."""
    sensitive: Sensitive | None = None
    """Whether sensitive data was found, or the kinds of it."""
    modality: Modality | None = None
    tokens: Range | None = None
    needs: Need | None = None
    tags: Names | None = None
    metadata: Annotated[
        Annotated[MetadataTests, Field(min_length=1)] | None,
        filled("no key is named; name a metadata key and its test, or leave 'metadata' out"),
    ] = None
    prompt: PromptTest | None = None
    any: Annotated[
        Some[When] | None,
        filled("this is empty, so it never holds; write at least one condition, or leave the key out"),
    ] = None
    all: Annotated[
        Some[When] | None,
        filled("this is empty, so it always holds; write at least one condition, or leave the key out"),
    ] = None
    not_: Annotated[When | None, filled("an empty condition holds for every call, so its opposite never does; write a condition")] = Field(
        default=None, alias="not"
    )

    def nested(self) -> tuple[tuple[tuple[str | int, ...], When], ...]:
        """Return this condition and all inside it, each with its path."""
        found: list[tuple[tuple[str | int, ...], When]] = [((), self)]
        for key in ("any", "all"):
            several: tuple[When, ...] = getattr(self, key) or ()
            for index, inner in enumerate(several):
                found += [((key, index, *path), deeper) for path, deeper in inner.nested()]
        if self.not_ is not None:
            found += [(("not", *path), deeper) for path, deeper in self.not_.nested()]
        return tuple(found)
