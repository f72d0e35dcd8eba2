"""Errors as a caller of LiteLLM catches them."""

from __future__ import annotations

from typing import Final

from taskroute.errors import AllModelsFailedError, StreamInterruptedError

OURS: Final = (AllModelsFailedError, StreamInterruptedError)
"""The errors that stand for one of LiteLLM's."""


def surfaced(error: AllModelsFailedError | StreamInterruptedError) -> BaseException:
    """Return LiteLLM's own error of the last model where there is one, with a note of everything that was tried.

    Code around LiteLLM catches its classes and OpenAI's, and its proxy reads their status. Raise it outside of the `except` block, so
    that what it stands on stays what it was.
    """
    cause = error.__cause__
    if cause is None:
        return error
    cause.add_note(f"taskroute: {error}")
    return cause
