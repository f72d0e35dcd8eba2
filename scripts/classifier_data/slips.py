"""Typing errors to learn from. They are not those that flips are measured with."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Final

_KEYS: Final[Mapping[str, tuple[float, float]]] = {
    key: (column + 0.4 * row, float(row))
    for row, keys in enumerate(("qwertyuiop", "asdfghjkl", "zxcvbnm"))
    for column, key in enumerate(keys)
}
"""Where each key is."""
_REACH: Final = 1.3
_NEAR: Final[Mapping[str, str]] = {
    key: "".join(other for other, (u, v) in _KEYS.items() if other != key and (u - x) ** 2 + (v - y) ** 2 <= _REACH**2)
    for key, (x, y) in _KEYS.items()
}
_SOUNDS: Final = (
    ("ie", "ei"),
    ("ei", "ie"),
    ("ph", "f"),
    ("ck", "k"),
    ("sc", "s"),
    ("ou", "u"),
    ("ea", "ee"),
    ("tion", "sion"),
    ("able", "ible"),
    ("er", "re"),
    ("a", "e"),
    ("e", "a"),
    ("i", "e"),
    ("c", "s"),
    ("s", "c"),
)
"""What is mixed up by those who write as they hear."""
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_DOUBLED: Final = re.compile(r"([a-z])\1")


def slips(text: str, rng: random.Random) -> str:
    """Return the text with a slip in one of its words, or in up to a quarter of them: the more letters, the sooner."""
    places = [found.span() for found in _WORD.finditer(text)]
    if not places:
        return text
    most = 1 if rng.random() < 0.5 else max(1, len(places) // 4)
    letters = [stop - start for start, stop in places]
    for start, stop in sorted(set(rng.choices(places, letters, k=rng.randint(1, most))), reverse=True):
        text = text[:start] + _slip(text[start:stop], rng) + text[stop:]
    return text


def _slip(word: str, rng: random.Random) -> str:
    kind = rng.random()
    at = rng.randrange(len(word))
    if kind < 0.2:
        return word[:at] + word[at + 1 :]
    if kind < 0.4:
        at = rng.randrange(len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.7:
        near = _NEAR.get(word[at].lower())
        if near is None:
            return word
        hit = rng.choice(near)
        # The neighbour is hit instead of the key, or together with it.
        return word[:at] + hit + word[at + 1 :] if rng.random() < 0.6 else word[: at + 1] + hit + word[at + 1 :]
    if kind < 0.8:
        return word[:at] + word[at] + word[at:]
    return _as_heard(word, rng)


def _as_heard(word: str, rng: random.Random) -> str:
    if _DOUBLED.search(word):
        return _DOUBLED.sub(r"\1", word, count=1)
    fits = [(old, new) for old, new in _SOUNDS if old in word[1:]]
    if not fits:
        return word[:-1]
    old, new = rng.choice(fits)
    at = word.index(old, 1)
    return word[:at] + new + word[at + len(old) :]
