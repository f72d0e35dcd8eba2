"""The policy in force, and what stands with it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Final, NamedTuple

from taskroute.cache.responses import ResponseCache
from taskroute.decision.decide import decide, with_classification
from taskroute.decision.snapshot import Snapshot
from taskroute.errors import ConfigurationError
from taskroute.execution.classifying import ModelAsks
from taskroute.execution.health import ModelGuard
from taskroute.execution.validate import Check
from taskroute.execution.warm import Conversations
from taskroute.feedback.scores import Scores
from taskroute.policy.consistent import suggestion
from taskroute.policy.schema import Policy
from taskroute.ports import Clock
from taskroute.telemetry.settings import Telling
from taskroute.types import NO_SIGNALS, NO_STATE, Call, Classification, Decision, NeedSignal, StateView

_NOT_ASKED: Final = Classification(
    why="not asked: the classifier needs I/O, which decide() does not do; adecide() asks it, and so do calls"
)


class Decided(NamedTuple):
    """A decision, and how the models were doing then."""

    decision: Decision
    state: StateView


class Live(NamedTuple):
    """The policy in force, and who keeps account of its models."""

    snapshot: Snapshot
    guard: ModelGuard
    checks: Mapping[str | None, Check]
    cache: ResponseCache | None
    telling: Telling
    asks: ModelAsks
    scores: Scores | None = None
    """What is said of answers; None where the policy keeps no scores."""
    conversations: Conversations | None = None
    """None where no route chooses among models."""

    def is_scored(self, route: str | None) -> bool:
        """Return whether the user has a check for the answers of a route."""
        return route in self.checks or None in self.checks

    def state(self, call: Call) -> StateView:
        """Return how the models are doing, for a call. Disabled, nothing of ours may stand in its way."""
        if self.snapshot.disabled:
            return NO_STATE
        view = self.guard.view()
        return view if self.conversations is None else self.conversations.seen(call, view)

    def decided(self, call: Call, clock: Clock) -> Decided:
        """Return the decision of a call. A classifier that needs I/O is not asked, and the task's `detail` says so."""
        snapshot, state = self.snapshot, self.state(call)
        decision = decide(snapshot, call, NO_SIGNALS, state, clock.now())
        if isinstance(decision, NeedSignal):
            known = with_classification(snapshot, call, NO_SIGNALS, _NOT_ASKED)
            decision = decide(snapshot, call, known, state, clock.now())
        if isinstance(decision, NeedSignal):
            raise TypeError("a decision with every signal known asked for another")
        return Decided(decision, state)

    async def adecided(self, call: Call, clock: Clock) -> Decided:
        """Return the decision of a call; asks any classifier."""
        snapshot, state = self.snapshot, self.state(call)
        known = NO_SIGNALS
        while True:
            decision = decide(snapshot, call, known, state, clock.now())
            if not isinstance(decision, NeedSignal):
                return Decided(decision, state)
            classifier = snapshot.sources.classifier
            result = None
            if classifier is not None:
                asked = self.asks.given_to(classifier, None)
                result = await asked.aclassify(decision.text, snapshot.sources.tasks)
            known = with_classification(snapshot, call, known, result)


class Switches(NamedTuple):
    """What the environment says over any policy."""

    pin: str | None
    disabled: bool


def switches(policy: Policy, environ: Mapping[str, str]) -> Switches:
    """Return what the environment says. Raises ConfigurationError for a pin that names no model of the policy."""
    pin = environ.get("TASKROUTE_PIN") or None
    if pin is not None and pin not in policy.models:
        raise ConfigurationError(f"TASKROUTE_PIN={pin!r} names no model; {suggestion(pin, policy.models)}")
    disabled = environ.get("TASKROUTE_DISABLED", "").strip().lower() in ("1", "true", "yes", "on")
    if disabled:
        warnings.warn("TASKROUTE_DISABLED is set: no call is routed", RuntimeWarning, stacklevel=4)
    return Switches(pin, disabled)
