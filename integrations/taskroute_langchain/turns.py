"""One decision for each turn of the user, kept in the agent's state: inside a turn a model may give way to its fallback, never back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from langchain_core.messages import AnyMessage, HumanMessage

from taskroute.types import Kept, Outcome

TURN: Final = "taskroute_turn"
"""Key in the agent's state. Its value is made of JSON values, so that any checkpointer can keep it."""


def turn_of(messages: Sequence[AnyMessage]) -> str | None:
    """Return what tells this turn from others: the latest message that a human wrote, by its id or its place.

    None when there is none left, because a summary took the place of it: then the turn goes on.
    """
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, HumanMessage) and message.additional_kwargs.get("lc_source") != "summarization":
            return message.id or f"#{index}"
    return None


def kept_in(state: Mapping[str, Any], turn: str | None) -> Kept | None:
    """Return what was decided earlier in this turn, or None at its start."""
    found = state.get(TURN)
    if not isinstance(found, dict):
        return None
    entry = cast("dict[str, Any]", found)
    if turn is not None and entry.get("turn") != turn:
        return None
    return Kept(route=entry.get("route"), models=tuple(entry.get("models") or ()), stage=entry.get("stage"), task=entry.get("task"))


def entry_for(state: Mapping[str, Any], turn: str | None, outcome: Outcome) -> dict[str, Any] | None:
    """Return what the rest of the turn is to know; None when the state says it already, or the call was pinned."""
    decision = outcome.decision
    if decision.pinned:
        return None
    models = decision.candidates
    if outcome.model in models:
        models = models[models.index(outcome.model) :]
    before: dict[str, Any] = state.get(TURN) or {}
    entry = {
        "turn": before.get("turn") if turn is None else turn,
        "route": decision.route,
        "models": list(models),
        "stage": decision.signals.stage.value,
        "task": decision.signals.task.value,
    }
    return None if entry == before else entry
