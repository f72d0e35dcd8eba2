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
_OPTION: Final = re.compile(r"^\s*\(?[A-P][.)]\s", re.MULTILINE)
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_NUMBER: Final = re.compile(r"\d[\d,]*\.?\d*")
_NUMERIC: Final = re.compile(r"[-$£€]?\s*[\d.][\d\s.,/%^*+=-]*")
_FORMULA: Final = re.compile(r"[=+*/^<>\\_{}|~]")
_CAPITAL: Final = re.compile(r"[A-Z]")
_CODE: Final = re.compile(r"```|\bdef \w+\(|\breturn\b|\bfunction\b|[;{]\s*$", re.MULTILINE)

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
    words = _WORD.findall(text.lower())
    distinct = set(words)
    size, many = max(len(text), 1), max(len(words), 1)
    lengths = [len(option) for option in options] or [0]
    mean = sum(lengths) / len(lengths)
    spread = math.sqrt(sum((length - mean) ** 2 for length in lengths) / len(lengths))
    numbers = [_NUMBER.findall(question), _NUMBER.findall(text)]
    formula = len(_FORMULA.findall(text))
    asked = question.rstrip()
    log = math.log1p
    return np.array(
        [
            log(len(text)),
            log(len(question)),
            log(len(words)),
            log(mean),
            log(max(lengths)),
            log(min(lengths)),
            spread / (1 + mean),
            len(options) / 10,
            sum(_NUMERIC.match(option) is not None for option in options) / len(lengths),
            log(len(numbers[0])),
            log(len(numbers[1]) - len(numbers[0])) if len(numbers[1]) > len(numbers[0]) else 0.0,
            sum(map(len, numbers[1])) / size,
            formula / size,
            log(formula),
            len(_CAPITAL.findall(text)) / size,
            sum(map(len, words)) / many,
            log(sum(len(word) > 9 for word in words)),
            len(distinct) / many,
            log(sum(word in _COMPARED for word in words)),
            "___" in text,
            asked.endswith("?"),
            asked.endswith("."),
            "NOT" in text or "EXCEPT" in text or ("I." in text and "II" in text),
            log(len(_CODE.findall(text))),
            *(log(text.count(mark)) for mark in _COUNTED),
            *(not distinct.isdisjoint(group) for group in _ASKED),
        ],
        dtype=np.float32,
    )


def _split(text: str) -> tuple[str, list[str]]:
    """Return what comes before lettered options, and the options; all of the text where there are none."""
    marks = list(_OPTION.finditer(text))
    if len(marks) < 2:
        return text, []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return text[: marks[0].start()], [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
