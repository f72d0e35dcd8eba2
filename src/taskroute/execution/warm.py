"""What is known of conversations: who answered last, and how much of the conversation a provider still holds in its cache."""

from __future__ import annotations

import os
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from threading import RLock
from typing import Final, NamedTuple

from taskroute.ports import Clock
from taskroute.registry.models import ModelSpec
from taskroute.types import NOTHING, Call, Outcome, StateView, Usage

HELD: Final = 300.0
"""Seconds after an answer for which its provider is taken to hold what it cached: the shortest that providers promise."""
MOST: Final = 10_000
"""Conversations that are remembered; of more, those are forgotten that were silent for longest."""

_Place = tuple[str | None, str]


class _Answered(NamedTuple):
    model: str
    """Who answered last. Models are kept by their identities, so that another under the same name is not taken for it."""
    held: Mapping[str, tuple[int, float]]
    """Of each model: the tokens that its provider had cached at its last answer, and when that was."""


class Turns:
    """What is known of conversations in this process; it outlives the policies that the router is given."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self.clock = clock
        self._most = most
        # Reentrant, since the collector may close a forgotten stream, and with it a call, while this thread holds it.
        self._lock = RLock()
        self._known: OrderedDict[_Place, _Answered] = OrderedDict()
        _alive.add(self)

    def known(self, place: _Place) -> _Answered | None:
        """Return what is known of a conversation, None where nothing is."""
        with self._lock:
            return self._known.get(place)

    def answered(self, place: _Place, model: str, tokens: int) -> None:
        """Note that a model answered, whose provider now holds so many tokens."""
        now = self.clock.now()
        with self._lock:
            before = self._known.pop(place, None)
            held = {} if before is None else {name: one for name, one in before.held.items() if name != model and now - one[1] < HELD}
            if tokens:
                held[model] = (tokens, now)
            self._known[place] = _Answered(model, held)
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def renew_lock(self) -> None:
        """Take a new lock, in the child of a fork."""
        self._lock = RLock()


class Conversations:
    """Remembers conversations under one policy, by the id that the application gives them, else by the session."""

    def __init__(self, turns: Turns, registry: Mapping[str, ModelSpec]) -> None:
        self._turns = turns
        self._identities = {name: spec.identity for name, spec in registry.items()}
        self._names = {identity: name for name, identity in self._identities.items()}

    def seen(self, call: Call, state: StateView) -> StateView:
        """Return the state with what is known of the conversation that the call belongs to, of models that the policy has."""
        place = _place(call)
        found = None if place is None else self._turns.known(place)
        if found is None:
            return state
        now, names = self._turns.clock.now(), self._names
        warm = {names[model]: tokens for model, (tokens, at) in found.held.items() if model in names and now - at < HELD}
        return state._replace(last=names.get(found.model), warm=warm or NOTHING)

    def note(self, call: Call, outcome: Outcome) -> None:
        """Remember who answered. What came from a cache of ours says nothing of a provider's."""
        place, model = _place(call), self._identities.get(outcome.model or "")
        if place is None or model is None or outcome.is_cached or call.operation == "embeddings":
            return
        self._turns.answered(place, model, _cached(None if outcome.reply is None else outcome.reply.usage))


_alive: Final[weakref.WeakSet[Turns]] = weakref.WeakSet()


def _after_fork() -> None:
    """A lock that another thread held at a fork would never be let go in the child."""
    for turns in _alive:
        turns.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _place(call: Call) -> _Place | None:
    name = call.conversation or call.session
    return (call.tenant, name) if name else None


def _cached(usage: Usage | None) -> int:
    return 0 if usage is None else (usage.cache_read or 0) + (usage.cache_write or 0)
