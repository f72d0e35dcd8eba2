"""One warning a process for each price source that broke and was worked around."""

from __future__ import annotations

import contextlib
import warnings

_said: dict[str, object] = {}


def warn_once(where: type, error: Exception) -> None:
    """Warn that a price source failed, the first time that this class fails. Never raises."""
    token = object()
    # setdefault is atomic, so that of many threads one warns.
    if _said.setdefault(where.__name__, token) is not token:
        return
    # Under `-W error` a warning is an exception, and a broken price table must not cost the call.
    with contextlib.suppress(Warning):
        warnings.warn(
            f"{where.__name__} failed ({type(error).__name__}: {error}); the costs it should give are unknown. "
            "Give `price` for the model in the policy, or repair the package.",
            RuntimeWarning,
            stacklevel=2,
        )
