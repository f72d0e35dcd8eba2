"""What a stream cost that was dropped, or that broke: its provider charges for it, and never says how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from taskroute.signals.size import estimate_tokens, tokens_of
from taskroute.steps import Attempt
from taskroute.types import ESTIMATED, Call, Cost, Reply, Usage


class Partly(NamedTuple):
    """Prices the part of an answer that came, by the length of what was asked and of what was received."""

    call: Call
    price: Callable[[Attempt, Reply], Cost | None]

    def priced(self, attempt: Attempt, reply: Reply) -> Reply:
        """Return what is known of the part; its cost says that it is an estimate, and its usage is no count of the provider's."""
        told = reply.usage or Usage()
        output = max(told.output or 0, tokens_of(reply.text))
        usage = told._replace(input=estimate_tokens(self.call) if told.input is None else told.input, output=output)
        cost = self.price(attempt, reply._replace(usage=usage))
        if cost is not None and cost is not reply.reported:
            cost = cost._replace(source=cost.source + ESTIMATED)
        return reply._replace(usage=None, cost=cost)
