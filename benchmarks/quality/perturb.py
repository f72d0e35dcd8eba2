"""Changes to prompts that change nothing of what they ask for: typing errors, case, blanks, and other words for the same."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Final

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _beside(row: int, at: int) -> str:
    places = ((row, at - 1), (row, at + 1), (row - 1, at), (row - 1, at + 1), (row + 1, at - 1), (row + 1, at))
    return "".join(_ROWS[r][k] for r, k in places if 0 <= r < len(_ROWS) and 0 <= k < len(_ROWS[r]))


_NEIGHBOURS: Final[Mapping[str, str]] = {key: _beside(row, at) for row, keys in enumerate(_ROWS) for at, key in enumerate(keys)}
"""Keys beside each key."""
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_BLANK: Final = re.compile(r"(?<=\S) (?=\S)")

_SAME: Final[tuple[tuple[str, ...], ...]] = (
    ("can you", "could you", "would you", "are you able to"),
    ("please", "kindly", "pls"),
    ("i need", "i want", "i would like", "i'm looking for"),
    ("give me", "provide", "send me", "let me have"),
    ("make", "create", "produce"),
    ("show", "demonstrate", "present"),
    ("find", "locate", "look for"),
    ("quick", "fast", "rapid"),
    ("big", "large"),
    ("small", "little"),
    ("the following", "this", "the next"),
    ("below", "underneath"),
    ("short", "brief"),
    ("about", "regarding", "concerning"),
    ("tell me", "let me know", "inform me"),
    ("explain", "clarify", "describe"),
    ("help me", "assist me to", "support me to"),
    ("all", "every one of"),
    ("however", "yet", "still"),
    ("buy", "purchase"),
    ("get", "obtain", "receive"),
    ("use", "employ", "apply"),
    ("start", "begin"),
    ("because", "since", "as"),
    ("for example", "for instance", "e.g."),
    ("determine", "establish", "work out"),
    ("calculate", "compute", "work out"),
    ("write", "compose", "put down"),
    ("function", "method", "routine"),
    ("error", "failure", "fault"),
    ("answer", "reply", "response"),
    ("question", "query"),
    ("summarize", "sum up", "condense"),
    ("email", "e-mail", "mail"),
    ("list", "enumerate"),
    ("also", "too", "as well"),
    ("which of the following", "which one of these"),
    ("what is", "what's"),
    ("how many", "what number of"),
    ("does not", "doesn't"),
    ("is not", "isn't"),
    ("do not", "don't"),
)
_PHRASES: Final = {phrase: tuple(other for other in group if other != phrase) for group in _SAME for phrase in group}
_PHRASE: Final = re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, _PHRASES), key=len, reverse=True)) + r")\b", re.IGNORECASE)
_BEFORE: Final = ("Hi, ", "Hello! ", "Please: ", "One question. ", "Quick request: ", "So, ", "I have something for you. ", "Hey there, ")
_AFTER: Final = (" Thanks!", " Thank you.", " Thanks in advance.", " Much appreciated.", " Cheers.", " That would be great.")


def typos(text: str, rng: random.Random, share: float = 0.08) -> str:
    """Return the text with a slip of the finger in that share of its longer words, at least in one."""
    places = [found.span() for found in _WORD.finditer(text)]
    if not places:
        return text
    chosen = set(rng.sample(range(len(places)), max(1, round(share * len(places)))))
    out: list[str] = []
    end = 0
    for number, (start, stop) in enumerate(places):
        out.append(text[end:start])
        out.append(_slip(text[start:stop], rng) if number in chosen else text[start:stop])
        end = stop
    return "".join(out) + text[end:]


def _slip(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    near = _NEIGHBOURS.get(word[at].lower())
    return word[:at] + rng.choice(near) + word[at + 1 :] if near else word


def case(text: str, rng: random.Random) -> str:
    """Return the text in lower case, in capitals, or with each word capitalised."""
    return rng.choice((str.lower, str.upper, str.title))(text)


def blanks(text: str, rng: random.Random) -> str:
    """Return the text with blanks doubled, with blanks around it, or with a line broken where there was a blank."""
    if rng.random() < 0.3:
        return f"\n  {text}\n\n"
    broken = "\n" if rng.random() < 0.2 else "  "
    changed = _BLANK.sub(lambda found: broken if rng.random() < 0.15 else found[0], text)
    return changed if changed != text else f" {text} "


def paraphrase(text: str, rng: random.Random) -> str:
    """Return the text with other words for some phrases, and often with a greeting or thanks."""
    changed = _PHRASE.sub(lambda found: _other(found[0], rng), text)
    if changed == text or rng.random() < 0.4:
        if rng.random() < 0.5:
            changed = rng.choice(_BEFORE) + changed
        else:
            changed = changed + ("" if changed[-1:] in ".?!:\n" else ".") + rng.choice(_AFTER)
    return changed


def _other(phrase: str, rng: random.Random) -> str:
    if rng.random() < 0.4:
        return phrase
    other = rng.choice(_PHRASES[phrase.lower()])
    return other[0].upper() + other[1:] if phrase[0].isupper() else other


PERTURBATIONS: Final[Mapping[str, Callable[[str, random.Random], str]]] = {
    "typos": typos,
    "case": case,
    "blanks": blanks,
    "paraphrase": paraphrase,
}
"""Name to change. The same random numbers give the same change."""
