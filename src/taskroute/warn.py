"""One warning a process for each thing that broke and was worked around."""

from __future__ import annotations

import contextlib
import warnings
from typing import Final

_said: Final[dict[tuple[str, str], object]] = {}


def warn_once(what: str, name: str, text: str) -> None:
    """Warn with `text` the first time that this is said of this kind of thing under this name. Never raises."""
    token = object()
    # setdefault is atomic, so that of many threads one warns.
    if _said.setdefault((what, name), token) is not token:
        return
    # Under `-W error` a warning is an exception, and what was worked around must not cost the call.
    with contextlib.suppress(Warning):
        warnings.warn(text, RuntimeWarning, stacklevel=3)
