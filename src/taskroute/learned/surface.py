"""What a text looks like, as numbers: lengths, digits, formulas, options, and the words that questions are asked with."""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.words import Reading, capped

Floats = NDArray[np.float32]

_READING: Final = Reading()
_OPTION: Final = re.compile(r"^[ \t]*\(?[A-P][.)]\s", re.MULTILINE)
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_NUMBER: Final = re.compile(r"\d[\d,]*\.?\d*")
_NUMERIC: Final = re.compile(r"[-$£€]?\s*[\d.][\d\s.,/%^*+=-]*")
_FORMULA: Final = b"=+*/^<>\\_{}|~"
_CAPITALS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NO_WORD: Final = {code: " " for code in range(128) if not chr(code).isalpha() and chr(code) != "'"}
_CODE: Final = re.compile(r"```|\bdef \w+\(|\breturn\b|\bfunction\b|[;{]\s*$", re.MULTILINE)
_CODE_SIGNS: Final = ("`", ";", "{", "def ", "return", "function")
_LONG: Final = 9

_ASKED: Final = tuple(
    frozenset(group.split())
    for group in (
        "not except never isn't false incorrect",
        "which",
        "what",
        "how",
        "why explain",
        "who whose whom",
        "when",
        "where",
        "if suppose assume let given",
        "find calculate compute determine evaluate solve",
        "prove derive show",
        "statement statements",
        "following",
        "all none both neither",
        "he she his her him",
        "best most primarily likely",
        "year years day days hour hours minute minutes week weeks",
        "write create implement generate",
        "summarize translate rewrite list",
    )
)
_GROUPS: Final = {word: [at for at, group in enumerate(_ASKED) if word in group] for word in frozenset[str]().union(*_ASKED)}
_COMPARED: Final = frozenset(
    ["more", "less", "than", "each", "every", "half", "twice", "times", "percent", "total", "remaining", "left", "fewer", "per"]
)
_COUNTED: Final = ("$", "\\", "(", ".", ",", "?", '"', "\n", ";", "%")

WIDTH: Final = 24 + len(_COUNTED) + len(_ASKED)
"""How many numbers `surface` gives."""


def surface(text: str) -> Floats:
    """Return `WIDTH` numbers for the head and tail of a text; counts are logarithms. No number depends on the machine."""
    text = capped(text, _READING)
    question, options = _split(text)
    words = _words(text.lower())
    distinct = set(words)
    size, many = max(len(text), 1), max(len(words), 1)
    asked = question.rstrip()
    letters = "".join(words)
    formula, capitals = _signs(text)
    numbers, digits, more = _numbers(text, question)
    log = math.log1p
    return np.array(
        [
            log(len(text)),
            log(len(question)),
            log(len(words)),
            *_of_options(options),
            log(numbers),
            log(more),
            digits / size,
            formula / size,
            log(formula),
            capitals / size,
            len(letters) / many,
            log(len([word for word in words if len(word) > _LONG])),
            len(distinct) / many,
            log(sum(map(words.count, _COMPARED & distinct))),
            "___" in text,
            asked.endswith("?"),
            asked.endswith("."),
            "NOT" in text or "EXCEPT" in text or ("I." in text and "II" in text),
            log(len(_CODE.findall(text))) if any(sign in text for sign in _CODE_SIGNS) else 0.0,
            *[log(text.count(mark)) for mark in _COUNTED],
            *_groups(distinct),
        ],
        dtype=np.float32,
    )


def _words(text: str) -> list[str]:
    """Return the words of a text in lower case. An ASCII text has the same as by the expression, but for stray apostrophes."""
    return text.translate(_NO_WORD).split() if text.isascii() else _WORD.findall(text)


def _signs(text: str) -> tuple[int, int]:
    """Return how many signs of a formula, and how many plain capitals, a text has."""
    plain = text.encode("ascii", "ignore")
    return len(plain) - len(plain.translate(None, _FORMULA)), len(plain) - len(plain.translate(None, _CAPITALS))


def _numbers(text: str, question: str) -> tuple[int, int, int]:
    """Return how many numbers the question has, their characters in all of the text, and how many numbers come after the question."""
    before, after = _NUMBER.findall(question), _NUMBER.findall(text, len(question))
    return len(before), len("".join(before)) + len("".join(after)), len(after)


def _of_options(options: list[str]) -> tuple[float, float, float, float, float, float]:
    """Return the logarithms of the options' mean, longest and shortest length, how unlike their lengths are, their count and numbers."""
    lengths = [len(option) for option in options] or [0]
    mean = sum(lengths) / len(lengths)
    spread = math.sqrt(sum([(length - mean) ** 2 for length in lengths]) / len(lengths))
    numeric = len([option for option in options if _NUMERIC.match(option)]) / len(lengths)
    log = math.log1p
    return log(mean), log(max(lengths)), log(min(lengths)), spread / (1 + mean), len(options) / 10, numeric


def _groups(distinct: set[str]) -> list[float]:
    """Return 1 for each group of which a word is there, else 0."""
    found = [0.0] * len(_ASKED)
    for word in _GROUPS.keys() & distinct:
        for at in _GROUPS[word]:
            found[at] = 1.0
    return found


def _split(text: str) -> tuple[str, list[str]]:
    """Return what comes before lettered options, and the options; all of the text where there are none."""
    marks = list(_OPTION.finditer(text))
    if len(marks) < 2:
        return text, []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return text[: marks[0].start()], [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
