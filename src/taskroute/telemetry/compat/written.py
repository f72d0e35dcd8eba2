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


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Written(NamedTuple):
    """A span that is about to end."""

    span: SpanKind
    attributes: Mapping[str, AttributeValue]
    cost: Cost | None
    said: Mapping[str, Any]
    """Messages, instructions and tools as lists, by the names of their attributes; on a route span, those of the call."""
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
        """Return the messages, instructions or tools that may be written; nothing where content is not written."""
        found: list[dict[str, Any]] = self.said.get(name, [])
        return found

    def asked(self) -> str:
        """Return instructions and messages on an inference's span as one JSON list; '' where there are none."""
        # Put together of what is on the span: to encode a long conversation once more takes longer than all else here.
        instructions, messages = self.text(names.SYSTEM_INSTRUCTIONS), self.text(names.INPUT_MESSAGES)
        if instructions is None:
            return messages or ""
        system = f'{{"role":"system","parts":{instructions}}}'
        return f"[{system}]" if messages is None else f"[{system},{messages.removeprefix('[')}"


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
    return _ENCODE(value)


def in_json(value: Any) -> str:
    """Return a text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else as_json(value)
