"""What is said of a price source that broke and was worked around."""

from __future__ import annotations

from taskroute import warn


def warn_once(where: type, error: Exception) -> None:
    """Warn that a price source failed, the first time that this class fails. Never raises."""
    text = (
        f"{where.__name__} failed ({type(error).__name__}: {error}); the costs it should give are unknown. "
        "Give `price` for the model in the policy, or repair the package."
    )
    warn.warn_once("price source", where.__name__, text)
