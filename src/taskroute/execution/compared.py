"""What a call would have cost on one model of the policy, to which everything might have gone. Pure but for the price."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from taskroute.types import ESTIMATED, Call, Cost, Decision, Outcome, Signals, Usage


class Compared(NamedTuple):
    """Prices the answer that was given as an answer of the baseline model."""

    model: str
    call: Call
    price: Callable[[Usage], Cost | None]
    could_answer: Callable[[Signals], bool]
    """Whether the model could have answered, by the signals of the call; asked where the decision did not look at it."""

    def baseline(self, outcome: Outcome) -> Cost | None:
        """Return what the answer would have cost there; None where there is no answer, where that model could not have given it, or where
        no price is known."""
        if outcome.status != "answered" or not self._is_able(outcome.decision):
            return None
        usage = _usage(outcome)
        own = _own(outcome) if outcome.model == self.model else None
        if own is not None or usage is None:
            return own
        if usage.output is None and self.call.operation == "embeddings":
            # Vectors are no tokens, and nothing is charged for them.
            usage = usage._replace(output=0)
        cost = self.price(usage)
        return None if cost is None else cost._replace(source=cost.source + ESTIMATED)

    def _is_able(self, decision: Decision) -> bool:
        """Return whether the model could have answered."""
        if self.model in decision.candidates:
            return True
        # A model that chats makes no vectors.
        return self.model not in decision.rejected and self.call.operation != "embeddings" and self.could_answer(decision.signals)


def _usage(outcome: Outcome) -> Usage | None:
    if outcome.is_cached:
        return None if outcome.cache is None else outcome.cache.usage
    return None if outcome.reply is None else outcome.reply.usage


def _own(outcome: Outcome) -> Cost | None:
    """Return what the answer did cost, or had cost when it was stored: nobody knows it better."""
    if outcome.is_cached:
        return None if outcome.cache is None else outcome.cache.saved
    return None if outcome.reply is None else outcome.reply.cost
