"""Words of a text that carry meaning, cut down so that 'models' and 'model' are one."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+")
_COMMON: Final = frozenset(
    _WORD.findall(
        "a an and any are as at be because been but by can do does each for from had has have how i if in into "
        "is it its may me my not of on or other our so than that the their them then there these they this those to was "
        "what when where which who why will with would you your"
    )
)
_ENDINGS: Final = ("ations", "ation", "ings", "ing", "ers", "er", "ed", "es", "s", "e")
_SHORTEST: Final = 3


def terms(text: str) -> list[str]:
    """Return the words of a text in order, without common ones, each without its ending."""
    return [_stem(word) for word in _WORD.findall(text.casefold()) if word not in _COMMON]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; headings are left out."""
    plain = " ".join(line for line in text.splitlines() if not line.startswith("#"))
    return [sentence.strip() for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", plain) if sentence.strip()]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word
