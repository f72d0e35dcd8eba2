"""What to say of a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def suggestion(name: str, known: Collection[str]) -> str:
    """Return 'did you mean …? known: …' for a name that is not known."""
    return f"{meant(name, known)}known: {', '.join(sorted(known)) or 'none'}"


def meant(name: str, known: Collection[str]) -> str:
    """Return 'did you mean …? ' for a name that is like one of those that are known; else nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}? " if close else ""
