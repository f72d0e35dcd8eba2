"""What is said of a price source that broke and was worked around."""

from __future__ import annotations

from taskroute import warn


def warn_once(where: type, error: Exception) -> None:
    """Warn that a price source failed, the first time that this class fails. Never raises."""
    # Without its message, which may quote an address or a key.
    text = (
        f"{where.__name__} failed with {type(error).__name__}; the costs it should give are unknown. "
        "Give `price` for the model in the policy, or repair the package."
    )
    warn.warn_once("price source", where.__name__, text)
