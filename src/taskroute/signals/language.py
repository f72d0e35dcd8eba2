"""Tells the language of a text from its script and its commonest words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from string import ascii_lowercase
from typing import Final

from taskroute.signals.language_profiles import (
    CYRILLIC_LETTERS,
    CYRILLIC_WORDS,
    LETTERS,
    PERSIAN_LETTERS,
    SCRIPTS,
    STOP_WORDS,
    URDU_LETTERS,
)
from taskroute.signals.size import cap

_READ: Final = 2000
_LEAST_LETTERS: Final = 8
_LEAST_EVIDENCE: Final = 1.2
_LEAST_CONFIDENCE: Final = 0.55
_DENSE: Final = frozenset({"han", "kana", "ko"})
_DENSE_WEIGHT: Final = 2
"""A character of a dense script says as much as so many letters."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_BLANKS: Final = {code: " " for code in range(128) if not chr(code).isalpha()}
_ASCII_SIGNS: Final = bytes(_BLANKS)
_SIGNS_BLANK: Final = bytes.maketrans(_ASCII_SIGNS, b" " * len(_ASCII_SIGNS))
_LETTERS_ALIKE: Final = bytes.maketrans(ascii_lowercase.encode(), b"a" * 26)
_FEW_SIGNS: Final = 20
"""So many kinds of signs are taken out of a text one by one sooner than the words are found by the expression."""
_SCRIPT_STARTS: Final = [first for first, _, _ in SCRIPTS]
_LETTER_HINT: Final = 0.7
_MOST_HINTS: Final = 3


def _weights(profiles: Mapping[str, frozenset[str]]) -> Mapping[str, tuple[tuple[str, float], ...]]:
    """Return for each word its languages; a word that several share says less of each."""
    shared = Counter(word for words in profiles.values() for word in words)
    table: dict[str, list[tuple[str, float]]] = {}
    for code, words in profiles.items():
        for word in words:
            table.setdefault(word, []).append((code, 1.0 / shared[word]))
    return {word: tuple(found) for word, found in table.items()}


_LATIN_WORDS: Final = _weights(STOP_WORDS)
_HINTED: Final = {char: tuple(code for code, letters in LETTERS.items() if char in letters) for char in "".join(LETTERS.values())}
"""The languages of which each letter is a hint."""
_CYRILLIC_WORDS: Final = _weights(CYRILLIC_WORDS)


def detect_language(text: str) -> tuple[str, float] | None:
    """Return the ISO 639-1 code and the confidence; None when the text is too short, or not clearly in one known language.

    Of a long text the first and last thousand characters are read.
    """
    part = cap(text, _READ).lower()
    if part.isascii():
        return _latin(part.translate(_BLANKS).split(), {})
    raw = part.encode("utf-8", "surrogatepass")
    seen = _seen(raw)
    scripts: Counter[str] = Counter()
    for char, count in seen.items():
        if char.isalpha():
            script = _script(char)
            scripts[script] += count * (_DENSE_WEIGHT if script in _DENSE else 1)
    if not scripts:
        return None
    total = scripts.total()
    if 2 * scripts["latin"] > total:
        return _latin(_words(part, raw, seen), seen)
    return _by_script(part, seen, scripts, total)


def _seen(raw: bytes) -> Counter[str]:
    """Return the characters beyond ASCII in order, and how often each stands there; all ASCII letters count as `a`.

    In bytes these are told apart at once, and they are most of a Latin text.
    """
    before, first, after = raw.translate(_LETTERS_ALIKE, _ASCII_SIGNS).partition(b"a")
    seen = Counter((before + first + after.translate(None, b"a")).decode("utf-8", "surrogatepass"))
    if first:
        seen["a"] += after.count(b"a")
    return seen


def _words(part: str, raw: bytes, seen: Iterable[str]) -> list[str]:
    """Return the words of a text, of which all but what is `seen` is ASCII: the same as by the expression, in half the time."""
    signs = [char for char in seen if not char.isalnum() or char.isdecimal()]
    if len(signs) > _FEW_SIGNS:
        return _WORD.findall(part)
    plain = raw.translate(_SIGNS_BLANK).decode("utf-8", "surrogatepass")
    for sign in signs:
        plain = plain.replace(sign, " ")
    return plain.split()


def _script(char: str) -> str:
    code = ord(char)
    at = bisect_right(_SCRIPT_STARTS, code) - 1
    if at >= 0 and code <= SCRIPTS[at][1]:
        return SCRIPTS[at][2]
    return "latin" if code < 0x0250 or 0x1E00 <= code <= 0x1EFF else "other"


def _by_script(part: str, seen: Mapping[str, int], scripts: Mapping[str, int], total: int) -> tuple[str, float] | None:
    cjk = scripts.get("han", 0) + scripts.get("kana", 0)
    merged = {**scripts, "han": cjk, "kana": 0}
    name = max(merged, key=lambda key: merged[key])
    if merged[name] < 4 or 2 * merged[name] < total:
        return None
    share = merged[name] / total
    if name in {"other", "latin"}:
        return None
    if name == "han":
        # Japanese always mixes kana in; a title in Chinese characters only may be either.
        return ("ja" if 10 * scripts.get("kana", 0) >= cjk else "zh", round(share * 0.95, 4))
    if name == "arabic":
        return _arabic(seen), round(share * 0.85, 4)
    if name == "cyrillic":
        return _cyrillic(part, seen, share)
    return name, round(share * 0.95, 4)


def _arabic(seen: Mapping[str, int]) -> str:
    if any(char in seen for char in URDU_LETTERS):
        return "ur"
    return "fa" if any(char in seen for char in PERSIAN_LETTERS) else "ar"


def _cyrillic(part: str, seen: Mapping[str, int], share: float) -> tuple[str, float] | None:
    for code, letters in CYRILLIC_LETTERS:
        if any(char in seen for char in letters):
            return code, round(share * 0.9, 4)
    scores = _score(_WORD.findall(part), _CYRILLIC_WORDS)
    if "ъ" in seen:
        scores["bg"] = scores.get("bg", 0.0) + 1.0
    return _clear(scores, share)


def _latin(words: list[str], seen: Mapping[str, int]) -> tuple[str, float] | None:
    if sum(map(len, words)) < _LEAST_LETTERS:
        return None
    scores = _score(words, _LATIN_WORDS)
    hints: Counter[str] = Counter()
    for char in seen:
        for code in _HINTED.get(char, ()):
            hints[code] += seen[char]
    for code in LETTERS:
        if code in hints:
            scores[code] = scores.get(code, 0.0) + _LETTER_HINT * min(_MOST_HINTS, hints[code])
    best = max(scores.values(), default=0.0)
    # Names and code hold few of the short words of any language.
    if best < 0.06 * len(words):
        return None
    return _clear(scores, 1.0)


def _score(words: list[str], table: Mapping[str, tuple[tuple[str, float], ...]]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for word, count in Counter(words).items():
        told = table.get(word)
        if told is not None:
            often = min(count, 4)
            for code, weight in told:
                scores[code] = scores.get(code, 0.0) + weight * often
    return scores


def _clear(scores: Mapping[str, float], share: float) -> tuple[str, float] | None:
    """Return the best language if it has enough evidence and leads clearly."""
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    if not ranked or ranked[0][1] < _LEAST_EVIDENCE:
        return None
    code, best = ranked[0]
    rival = ranked[1][1] if len(ranked) > 1 else 0.0
    confidence = share * best / (best + rival) * best / (best + 0.5)
    return (code, round(confidence, 4)) if confidence >= _LEAST_CONFIDENCE else None
