"""What is said of a chat model whose answers name no task."""

from __future__ import annotations

from typing import Final

from taskroute.warn import warn_again

_MANY: Final = 5
"""So many answers in a row may say nothing of a task before that is warned of."""


class UselessAnswers:
    """Counts the answers in a row that say nothing of a task, and warns of them once until one does. Threads may share it."""

    def __init__(self, model: str) -> None:
        """`model` is its name in the policy."""
        self._model = model
        self._in_a_row = 0
        self._told: dict[str, object] = {}

    def note(self, *, useful: bool) -> None:
        """Count an answer."""
        if useful:
            if self._in_a_row:
                self._in_a_row, self._told = 0, {}
            return
        self._in_a_row += 1
        token = object()
        # setdefault is atomic, so that of many threads one warns.
        if self._in_a_row >= _MANY and self._told.setdefault(self._model, token) is token:
            warn_again(
                f"the classifier asks {self._model!r}, and none of its last {self._in_a_row} answers says anything of a task; each is "
                "paid for. Let classifier.model be one that answers in JSON, and see that its 'params' leave room for a whole answer"
            )
