"""The right model for each step: one policy chooses, call by call, which model answers."""

from typing import TYPE_CHECKING, Any

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
from taskroute.signals.classifiers.hybrid import hybrid
from taskroute.types import Call, Checked, Decision, Message, Signal, Signals

if TYPE_CHECKING:
    from taskroute.learned.builtin import BuiltinClassifier as BuiltinClassifier

# The built-in classifier not with `import *`: it needs NumPy.
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
    "hybrid",
    "load_policy",
]


def __getattr__(name: str) -> Any:
    if name == "BuiltinClassifier":
        from taskroute.learned.builtin import BuiltinClassifier

        return BuiltinClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
