"""The right model for each step: one policy chooses, call by call, which model answers."""

from taskroute.errors import (
    AllModelsFailedError,
    ConfigurationError,
    IncompleteStreamError,
    NoEligibleModelError,
    PolicyError,
    RouterClosedError,
    StreamInterruptedError,
    TaskrouteError,
    UnknownDecisionError,
)
from taskroute.policy.parse import load_policy
from taskroute.policy.schema import Policy
from taskroute.router import Router
from taskroute.types import Call, Checked, Decision, Message, Signal, Signals

__all__ = [
    "AllModelsFailedError",
    "Call",
    "Checked",
    "ConfigurationError",
    "Decision",
    "IncompleteStreamError",
    "Message",
    "NoEligibleModelError",
    "Policy",
    "PolicyError",
    "Router",
    "RouterClosedError",
    "Signal",
    "Signals",
    "StreamInterruptedError",
    "TaskrouteError",
    "UnknownDecisionError",
    "load_policy",
]
