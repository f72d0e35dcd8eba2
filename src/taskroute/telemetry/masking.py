"""Keys in what is written: a prompt or a tool's result may hold one, and no trace is a place for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from taskroute.policy.credentials import names_key

MASK: Final = "[key]"
"""Stands in the place of a key."""

# Each is looked for only where its first letters stand, and begins with them: a pattern that may begin anywhere takes fifty times as long.
_BEGINNINGS: Final[Mapping[str, str]] = {
    "sk-": r"sk-(?<![\w-]sk-)(?=[\w-]*\d)[\w-]{16,}",
    "AKIA": r"AKIA(?<!\wAKIA)[0-9A-Z]{16}\b",
    "ASIA": r"ASIA(?<!\wASIA)[0-9A-Z]{16}\b",
    "AIza": r"AIza(?<!\wAIza)[\w-]{30,}",
    **{
        f"{word}": rf"{word}(?<!\w{word})[\w-]{{16,}}"
        for word in ("gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "gsk_", "hf_", "xai-", "pplx-", "nvapi-", "r8_")
    },
    "xox": r"xox(?<!\wxox)[abprs]-[\w-]{16,}",
    "eyJ": r"eyJ(?<!\weyJ)[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*",
    "-----BEGIN ": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    **{word: rf"{word}\s+(?=\S*\d)[\w.~+/=-]{{16,}}" for word in ("Bearer", "bearer", "BEARER")},
}
_PATTERNS: Final = tuple((first, re.compile(pattern)) for first, pattern in _BEGINNINGS.items())
_WHOLE: Final = re.compile(r"\s*(?:sk-[\w-]{6,}|(?i:bearer)\s+\S+)\s*")
_SHORTEST: Final = 8
"""Characters of the shortest text that is a key."""
_LONGEST_NAME: Final = 64
"""Characters of a name that is remembered: others may be any text."""


def masked(text: str) -> str:
    """Return a text without the keys in it, by the forms that `policy.credentials` knows."""
    if len(text) < _SHORTEST:
        return text
    for first, pattern in _PATTERNS:
        if first in text:
            text = pattern.sub(MASK, text)
    return MASK if _WHOLE.fullmatch(text) is not None else text


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
        known, secret = _known_name(name) if len(name) <= _LONGEST_NAME else (masked(name), False)
        read[known] = inner if name == data and isinstance(inner, str) else without_keys(inner, secret=secret)
    return read


@lru_cache(maxsize=1024)
def _known_name(name: str) -> tuple[str, bool]:
    """Return a name as it may be written, and whether it is that of a key."""
    return masked(name), names_key(name)
