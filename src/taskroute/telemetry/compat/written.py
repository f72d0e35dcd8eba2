"""What stands on a span, as the blocks of other conventions read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from opentelemetry.util.types import AttributeValue

from taskroute.reading import as_list, as_mapping
from taskroute.telemetry import attributes as names
from taskroute.types import Cost

SpanKind = Literal["route", "inference"]

_PREFIX: Final = "gen_ai.request."
_ELSEWHERE: Final[Mapping[str, str]] = {
    names.EMBEDDINGS_DIMENSION_COUNT: "dimensions",
    names.REQUEST_CHOICE_COUNT: "n",
    names.REQUEST_REASONING_LEVEL: "reasoning_effort",
}
_NO_PARAMETERS: Final = frozenset({names.REQUEST_MODEL, names.REQUEST_PREVIOUS_RESPONSE_ID})


class Written(NamedTuple):
    """A span that is about to end."""

    span: SpanKind
    attributes: Mapping[str, AttributeValue]
    cost: Cost | None
    said: Mapping[str, AttributeValue]
    """The attributes, and the messages of the call where they stand on another span."""
    room: int
    """How many attributes more the span may have."""

    @property
    def is_embedding(self) -> bool:
        """Whether the span is of vectors that were asked for."""
        return self.attributes.get(names.OPERATION_NAME) == "embeddings"

    @property
    def dollars(self) -> Cost | None:
        """The cost, where it is in the currency that conventions without one mean."""
        return self.cost if self.cost is not None and self.cost.currency == "USD" else None

    def number(self, name: str) -> int | None:
        """Return a count, None where it is not known."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, name: str) -> str | None:
        """Return a text, None where there is none."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the request, by the names that providers' APIs have for them."""
        found: dict[str, Any] = {}
        for name, value in self.attributes.items():
            if name in _NO_PARAMETERS:
                continue
            if name in _ELSEWHERE:
                found[_ELSEWHERE[name]] = value
            elif name.startswith(_PREFIX):
                found[name.removeprefix(_PREFIX)] = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        return found

    def messages(self, name: str) -> list[dict[str, Any]]:
        """Return the messages, instructions or tools that are on the span; nothing where content is not written."""
        return read(self.said.get(name))


def read(value: AttributeValue | None) -> list[dict[str, Any]]:
    """Return the objects in a JSON list that we wrote."""
    if not isinstance(value, str):
        return []
    found: Any = json.loads(value)
    return [dict(as_mapping(each)) for each in as_list(found) if isinstance(each, dict)]


def parts_of(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of a message."""
    for part in as_list(message.get("parts")):
        if isinstance(part, dict):
            yield as_mapping(part)


def text_of(message: Mapping[str, Any]) -> str:
    """Return what a message says in words."""
    return "\n".join(str(part.get("content", "")) for part in parts_of(message) if part.get("type") == "text")


def last_text(messages: Sequence[Mapping[str, Any]], role: str) -> str:
    """Return the words of the latest message of a role that has any; '' where none does."""
    return next((text for message in reversed(messages) if message.get("role") == role and (text := text_of(message))), "")


def as_json(value: Any) -> str:
    """Return JSON without blanks, as it was meant to be read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def in_json(value: Any) -> str:
    """Return a text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else as_json(value)
