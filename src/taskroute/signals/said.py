"""What a classifier is given to read: the latest user message, and to those that ask for it what stands before it."""

from __future__ import annotations

from typing import Final

from taskroute.signals.size import cap
from taskroute.types import Call

_TURNS: Final = 3
"""User messages before the latest that may be read."""
_BEFORE: Final = 700
"""Characters of each text before the latest message."""


class Said(str):
    """The latest user message, and with it the texts before it. To who does not look for these it is a text like any other."""

    __slots__ = ("earlier", "system")

    earlier: tuple[str, ...]
    """The user's messages before it, the latest first; of a long one its two ends."""
    system: str
    """The text of the system messages, or of a long one its two ends; '' when there is none."""

    def __new__(cls, text: str, *, earlier: tuple[str, ...] = (), system: str = "") -> Said:
        """Return the text with what stands before it."""
        said = super().__new__(cls, text)
        said.earlier = earlier
        said.system = system
        return said


def to_classify(call: Call, classifier: object) -> str:
    """Return the capped question; to a classifier whose `reads_context` is true, as a `Said`, where something stands before it."""
    text = cap(call.question())
    if not text or not call.messages or not getattr(classifier, "reads_context", False):
        return text
    turns: list[str] = [] if not call.prompt else [text]
    system = ""
    for message in reversed(call.messages):
        if message.role == "user" and len(turns) <= _TURNS:
            turns.append(message.text)
        elif message.role == "system" and not system:
            system = cap(message.text, _BEFORE)
    earlier = tuple(cap(turn, _BEFORE) for turn in turns[1:] if turn)
    return Said(text, earlier=earlier, system=system) if earlier or system else text
