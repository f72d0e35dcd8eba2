"""What can go wrong, as one tree.

TaskrouteError
├── PolicyError              the policy is wrong: raised when it is loaded, never at call time
├── NoEligibleModelError     no model may answer this call; says why for each
├── AllModelsFailedError     every model that may answer was tried; lists each try
├── StreamInterruptedError   a stream broke after part of it had been given out
├── IncompleteStreamError    a stream ended without saying why, so that it was not whole
├── ArraysError              a file of what was learned cannot be read
├── DataError                a file of scores cannot be used: raised by training, never at call time
├── UnknownDecisionError     an answer was scored that nobody remembers
├── QualityError             a file of what scores tell of models, `quality.json`, cannot be used
├── ConfigurationError       a model, an extra or an environment variable is missing
└── RouterClosedError        the router was used after close()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskroute.types import Try


class TaskrouteError(Exception):
    """Base of every error that taskroute raises itself."""


class PolicyError(TaskrouteError, ValueError):
    """A policy that cannot be used, with every problem that was found, each with place and cure."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


class ConfigurationError(TaskrouteError, ValueError):
    """Something outside the policy is missing: an extra, a key in the environment, a model that was not given."""


class ArraysError(TaskrouteError, ValueError):
    """Learned numbers that cannot be used: which file, what is wrong with it, and the cure."""

    def __init__(self, where: str, what: str, cure: str) -> None:
        self.where = where
        self.what = what
        self.cure = cure
        super().__init__(f"{where}: {what}; {cure}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.where, self.what, self.cure)


class DataError(TaskrouteError, ValueError):
    """A file of scores that cannot be used: `file`, the `line` where that is known, what is wrong, and the cure."""

    def __init__(self, file: str, problem: str, *, line: int | None = None) -> None:
        self.file = file
        self.problem = problem
        self.line = line
        super().__init__(f"{file}{'' if line is None else f', line {line}'}: {problem}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_data, (self.file, self.problem, self.line)


def _rebuild_data(file: str, problem: str, line: int | None) -> DataError:
    return DataError(file, problem, line=line)


class UnknownDecisionError(TaskrouteError, LookupError):
    """Nobody remembers this decision: its id is wrong, it is too old, or it was taken where the store of scores is another."""

    def __init__(self, decision_id: str, reason: str) -> None:
        self.decision_id = decision_id
        self.reason = reason
        super().__init__(f"no decision {decision_id!r} is remembered: {reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.decision_id, self.reason)


class QualityError(TaskrouteError, ValueError):
    """A quality table that cannot be used: which file, what is wrong with it, and the cure."""


class RouterClosedError(TaskrouteError, RuntimeError):
    """The router was closed; build a new one."""


class NoEligibleModelError(TaskrouteError):
    """No model may answer this call. `rejected` says why, model by model.

    `retry_after` is the seconds until the circuit of one of them lets a call through; None when waiting would not help.
    """

    def __init__(self, reason: str, *, rejected: Mapping[str, str], retry_after: float | None = None) -> None:
        self.reason = reason
        self.rejected = dict(rejected)
        self.retry_after = retry_after
        lines = "".join(f"\n  {model}: {why}" for model, why in self.rejected.items())
        super().__init__(f"no model may answer this call: {reason}{lines}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_no_eligible, (self.reason, self.rejected, self.retry_after)


def _rebuild_no_eligible(reason: str, rejected: Mapping[str, str], retry_after: float | None = None) -> NoEligibleModelError:
    return NoEligibleModelError(reason, rejected=rejected, retry_after=retry_after)


def account(tries: Sequence[Try]) -> str:
    """Return one line for each try: model, failure class, error type and message."""
    return "".join(
        f"\n  {n}. {t.model}"
        + (f" (retry {t.retry})" if t.retry else "")
        + f": {t.failure}"
        + ("" if t.error is None else f": {type(t.error).__name__}: {t.error}")
        for n, t in enumerate(tries, start=1)
    )


class AllModelsFailedError(TaskrouteError):
    """Every model that may answer was tried and failed. `tries` holds each, `__cause__` the last error."""

    def __init__(self, tries: Sequence[Try], *, note: str = "") -> None:
        self.tries = tuple(tries)
        self.note = note
        super().__init__(f"all models failed after {len(self.tries)} tries{note}:{account(self.tries)}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_all_failed, (self.tries, self.note)


def _rebuild_all_failed(tries: Sequence[Try], note: str) -> AllModelsFailedError:
    return AllModelsFailedError(tries, note=note)


class IncompleteStreamError(TaskrouteError):
    """A stream ended without the finish reason that its provider always sends: it was cut, or its client passed over an error in it."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        super().__init__(
            f"the stream of {provider!r} ended without a finish reason: it was cut, or an error in it was passed over "
            "(if this server never gives one, write 'finish_reason: false' under the model in the policy)"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.provider,)


class StreamInterruptedError(TaskrouteError):
    """A stream broke after `delivered` chunks had been given out, so no other model could take over."""

    def __init__(self, model: str, delivered: int, error: BaseException) -> None:
        self.model = model
        self.delivered = delivered
        self.error = error
        super().__init__(
            f"the stream of {model!r} broke after {delivered} chunks were given out "
            f"({type(error).__name__}: {error}); start the call again to get a whole answer"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.model, self.delivered, self.error)
