"""How LiteLLM carries what it is told of an attempt."""

from __future__ import annotations

KEY = "taskroute"
"""Where the record of a call stands in the `_hidden_params` of its answer, and what LiteLLM is told of it in the metadata."""


class AttemptId(str):
    """The id of a decision as an attempt of this process carries it. What was read from a log is none."""

    __slots__ = ()
