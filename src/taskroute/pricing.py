"""What answers of a policy's models cost, and would have cost on its baseline."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from taskroute.decision.eligible import could_answer
from taskroute.decision.snapshot import Snapshot
from taskroute.execution.compared import Compared
from taskroute.registry.prices import Prices
from taskroute.types import Call, Cost, Reply, Usage


class Pricing(NamedTuple):
    """Prices answers. A snapshot is the policy that the call began under."""

    prices: Prices

    def cost(
        self,
        snapshot: Snapshot,
        model: str,
        usage: Usage | None,
        *,
        provider: str | None = None,
        answered_by: str | None = None,
        service_tier: str | None = None,
        reported: Cost | None = None,
    ) -> Cost | None:
        """Return the price of an answer of one of the policy's models, or None when no price is known."""
        spec = snapshot.registry.get(model)
        return self.prices.cost(spec, usage, provider=provider, model=answered_by, service_tier=service_tier, reported=reported)

    def of_reply(self, snapshot: Snapshot, model: str, reply: Reply) -> Cost | None:
        """Return the price of an answer, by all that it says of itself."""
        return self.cost(
            snapshot,
            model,
            reply.usage,
            provider=reply.provider,
            answered_by=reply.model,
            service_tier=reply.service_tier,
            reported=reply.reported,
        )

    def compared(self, snapshot: Snapshot, call: Call) -> Compared | None:
        """Return what prices the answer of a call on the policy's baseline; None where it has none."""
        model = snapshot.policy.telemetry.baseline
        if model is None:
            return None
        return Compared(model, call, partial(self.cost, snapshot, model), partial(could_answer, model, snapshot, call))

    def prepare(self, snapshot: Snapshot) -> None:
        """Look up the price of every model: the first look-up loads the price table."""
        for spec in snapshot.registry.values():
            self.prices.price_known(spec)
