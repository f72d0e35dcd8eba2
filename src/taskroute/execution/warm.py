"""What is known of conversations: who answered last, and how much of the conversation a provider still holds in its cache."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Final, NamedTuple

from taskroute.ports import Clock
from taskroute.types import NOTHING, Call, Outcome, StateView, Usage

HELD: Final = 300.0
"""Seconds after an answer for which its provider is taken to hold what it cached: the shortest that providers promise."""
MOST: Final = 10_000
"""Conversations that are remembered; of more, those are forgotten that were silent for longest."""

_Place = tuple[str | None, str]


class _Answered(NamedTuple):
    model: str
    """Who answered last."""
    held: Mapping[str, tuple[int, float]]
    """Of each model: the tokens that its provider had cached at its last answer, and when that was."""


class Conversations:
    """Remembers conversations in this process, by the id that the application gives them, else by the session."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[_Place, _Answered] = OrderedDict()

    def seen(self, call: Call, state: StateView) -> StateView:
        """Return the state with what is known of the conversation that the call belongs to."""
        place = _place(call)
        if place is None:
            return state
        with self._lock:
            found = self._known.get(place)
        if found is None:
            return state
        now = self._clock.now()
        warm = {model: tokens for model, (tokens, at) in found.held.items() if now - at < HELD}
        return state._replace(last=found.model, warm=warm or NOTHING)

    def note(self, call: Call, outcome: Outcome) -> None:
        """Remember who answered. What came from a cache of ours says nothing of a provider's."""
        place, model = _place(call), outcome.model
        if place is None or model is None or outcome.is_cached or call.operation == "embeddings":
            return
        now, tokens = self._clock.now(), _cached(None if outcome.reply is None else outcome.reply.usage)
        with self._lock:
            before = self._known.pop(place, None)
            held = {} if before is None else {name: one for name, one in before.held.items() if name != model and now - one[1] < HELD}
            if tokens:
                held[model] = (tokens, now)
            self._known[place] = _Answered(model, held)
            if len(self._known) > self._most:
                self._known.popitem(last=False)


def _place(call: Call) -> _Place | None:
    name = call.conversation or call.session
    return (call.tenant, name) if name else None


def _cached(usage: Usage | None) -> int:
    return 0 if usage is None else (usage.cache_read or 0) + (usage.cache_write or 0)
