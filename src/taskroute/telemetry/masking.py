"""Keys in what is written: a prompt or a tool's result may hold one, and no trace is a place for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from taskroute.policy.credentials import names_key

MASK: Final = "[key]"
"""Stands in the place of a key."""

_BEARERS: Final = {("r", "earer"): ("Bearer", "bearer"), ("R", "BEARER"): ("BEARER",)}
# Each is looked for only where its first letters stand, and begins with them: a pattern that may begin anywhere takes fifty times as long.
# And those only where a sign of them stands, that is one letter or begins with it: all of them together take seven times as long.
# And the sign only where its rarest character stands: to find that there is none of one character takes next to no time.
_BEGINNINGS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("-", "-(?<=sk-|at-|ai-|lx-|pi-)"): {
        "sk-": r"sk-(?<![\w-]sk-)(?=[\w-]*\d)[\w-]{16,}",
        **{word: rf"{word}(?<!\w{word})[\w-]{{16,}}" for word in ("glpat-", "xai-", "pplx-", "nvapi-")},
    },
    ("A", "A(?=KIA|SIA|Iza)"): {
        "AKIA": r"AKIA(?<!\wAKIA)[0-9A-Z]{16}\b",
        "ASIA": r"ASIA(?<!\wASIA)[0-9A-Z]{16}\b",
        "AIza": r"AIza(?<!\wAIza)[\w-]{30,}",
    },
    ("_", "_"): {
        word: rf"{word}(?<!\w{word})[\w-]{{16,}}" for word in ("gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "gsk_", "hf_", "r8_")
    },
    ("x", "xox"): {"xox": r"xox(?<!\wxox)[abprs]-[\w-]{16,}"},
    ("J", "J(?<=eyJ)"): {"eyJ": r"eyJ(?<!\weyJ)[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"},
    ("V", "-----BEGIN "): {
        "-----BEGIN ": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    },
    **{sign: {word: rf"{word}\s+(?=\S*\d)[\w.~+/=-]{{16,}}" for word in words} for sign, words in _BEARERS.items()},
}
_PATTERNS: Final = tuple(
    (letter, re.compile(sign), tuple((first, re.compile(pattern)) for first, pattern in beginnings.items()))
    for (letter, sign), beginnings in _BEGINNINGS.items()
)
_ADDRESS: Final = re.compile(r"://[^\s/?#:@]*:[^\s/?#@]+@")
_WHOLE: Final = re.compile(r"\s*(?:sk-[\w-]{6,}|(?i:bearer)\s+\S+)\s*")
_SHORTEST: Final = 8
"""Characters of the shortest text that is a key."""
LONGEST_NAME: Final = 200
"""Characters of a name that a caller gives: what is longer is none."""
_LONGEST_KNOWN: Final = 64
"""Characters of a name that is remembered: others may be any text."""


def masked(text: str) -> str:
    """Return a text without the keys in it, by the forms that `policy.credentials` knows, and without passwords in addresses."""
    if len(text) < _SHORTEST:
        return text
    for letter, sign, beginnings in _PATTERNS:
        if letter in text and sign.search(text) is not None:
            for first, pattern in beginnings:
                if first in text:
                    text = pattern.sub(MASK, text)
    if ":" in text:
        text = _ADDRESS.sub(f"://{MASK}@", text)
    return MASK if _WHOLE.fullmatch(text) is not None else text


def named(text: str, *, most: int = LONGEST_NAME) -> str:
    """Return what a caller calls something, as it may be written: without the keys in it, and no longer than a name is."""
    return _known_name(text)[0] if len(text) <= _LONGEST_KNOWN else masked(text)[:most]


def without_keys(value: Any, *, secret: bool = False) -> Any:
    """Return a plain value without the keys in it. `secret` says that its name is that of a key, so that any text of it is one."""
    if isinstance(value, str):
        return MASK if secret and value else masked(value)
    if isinstance(value, dict):
        return _mapping(cast("dict[str, Any]", value))
    if isinstance(value, list):
        return [without_keys(inner, secret=secret) for inner in cast("Sequence[Any]", value)]
    return MASK if secret and isinstance(value, int | float) and not isinstance(value, bool) else value


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    # Binary data is no text, and long.
    data = "content" if value.get("type") == "blob" else None
    read: dict[str, Any] = {}
    for name, inner in value.items():
        known, secret = _known_name(name) if len(name) <= _LONGEST_KNOWN else (masked(name), False)
        read[known] = inner if name == data and isinstance(inner, str) else without_keys(inner, secret=secret)
    return read


@lru_cache(maxsize=1024)
def _known_name(name: str) -> tuple[str, bool]:
    """Return a name as it may be written, and whether it is that of a key."""
    return masked(name), names_key(name)
