"""Errors as a caller of LiteLLM catches them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from taskroute.errors import AllModelsFailedError, StreamInterruptedError
from taskroute_litellm.stream_errors import EventError

OURS: Final = (AllModelsFailedError, StreamInterruptedError)
"""The errors that stand for one of a model's."""
SURFACED: Final = (*OURS, TimeoutError, EventError)
"""The errors in whose place a caller gets one of LiteLLM's."""
_CLASSES: Final[Mapping[int, str]] = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
    504: "Timeout",
    529: "ServiceUnavailableError",
}
"""LiteLLM's classes by status. Any other is an error of the server."""
_NOTE: Final = "taskroute: "


def surfaced(error: BaseException, model: str = "") -> BaseException:
    """Return LiteLLM's own error of the last model where there is one, with a note of everything that was tried.

    Code around LiteLLM catches its classes and OpenAI's, and its proxy reads their status. Raise it outside of the `except` block, so
    that what it stands on stays what it was. `model` is what the call asked for.
    """
    cause = error.__cause__ if isinstance(error, OURS) else error
    if cause is None:
        return error
    found = _as_theirs(cause, model)
    if isinstance(error, OURS):
        # An error that a caller raises again and again, as a mock does, would gather the notes of every call.
        notes: list[str] = getattr(found, "__notes__", [])
        notes[:] = [note for note in notes if not note.startswith(_NOTE)]
        found.add_note(f"{_NOTE}{error}")
    return found


def _as_theirs(error: BaseException, model: str) -> BaseException:
    """Return an error of LiteLLM's for one that is neither its own nor a provider's; any other as it is."""
    if type(error) is TimeoutError:
        name = "Timeout"
    elif isinstance(error, EventError):
        name = _CLASSES.get(error.status_code, "InternalServerError")
    else:
        return error
    litellm: Any = import_module("litellm")
    found: BaseException = getattr(litellm, name)(message=str(error), model=model, llm_provider="taskroute")
    found.__cause__ = error
    return found
