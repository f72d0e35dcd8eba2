"""Frozen values that the layers hand to each other about a call: what was asked, what is known, what was decided.

They are named tuples, not frozen dataclasses: a routed call makes a dozen of them, and a frozen dataclass takes seven times as long
to make. Build them by keyword.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeVar

from taskroute.errors import NoEligibleModelError
from taskroute.values.call import NOTHING_SENT, Asking, Call, Kept, Message, Sent
from taskroute.values.cost import ESTIMATED, EXACT, UNPAID, Cost, CostParts, Usage, total_cost
from taskroute.values.health import NO_STATE, LastError, ModelHealth, Percentiles, StateView
from taskroute.values.nothing import NOTHING

if TYPE_CHECKING:
    from taskroute.stored import StoredAnswer

__all__ = [
    "ESTIMATED",
    "EXACT",
    "NOTHING",
    "NOTHING_SENT",
    "NOT_ASKED",
    "NO_SIGNALS",
    "NO_STATE",
    "UNKNOWN",
    "UNPAID",
    "Asking",
    "CacheNote",
    "CacheStatus",
    "Call",
    "Checked",
    "Classification",
    "Cost",
    "CostParts",
    "Decision",
    "Expected",
    "Kept",
    "LastError",
    "Message",
    "Mode",
    "ModelHealth",
    "NeedSignal",
    "Outcome",
    "Percentiles",
    "Reply",
    "Sent",
    "Signal",
    "Signals",
    "StateView",
    "Try",
    "Usage",
    "total_cost",
]

T = TypeVar("T")


class Signal(NamedTuple, Generic[T]):
    """One fact about a call, where it came from and how sure it is."""

    value: T | None
    source: str
    """What said so: `explicit`, `metadata`, `tag`, `keywords`…; `not_asked` when no condition needed it; `none` when nothing told."""
    confidence: float | None = None
    """0 to 1; None when the source does not measure it."""
    detail: str = ""
    scores: Mapping[str, float] = NOTHING
    """Of a task that a classifier told: what it gave each task that it considered, 0 to 1."""


NOT_ASKED: Final[Signal[Any]] = Signal(None, "not_asked")
UNKNOWN: Final[Signal[Any]] = Signal(None, "none")


class Signals(NamedTuple):
    """Everything known of a call. A signal that nobody asked for is `Signal(None, "not_asked")`."""

    stage: Signal[str] = NOT_ASKED
    task: Signal[str] = NOT_ASKED
    complexity: Signal[str] = NOT_ASKED
    urgency: Signal[str] = NOT_ASKED
    language: Signal[str] = NOT_ASKED
    sensitive: Signal[bool] = NOT_ASKED
    modality: Signal[tuple[str, ...]] = NOT_ASKED
    tokens: Signal[int] = NOT_ASKED
    needs: Signal[tuple[str, ...]] = NOT_ASKED
    tenant: Signal[str] = NOT_ASKED
    user: Signal[str] = NOT_ASKED
    session: Signal[str] = NOT_ASKED

    def items(self) -> Iterator[tuple[str, Signal[Any]]]:
        """Return each name with its signal, in the order of the fields."""
        return zip(self._fields, self, strict=True)


NO_SIGNALS: Final = Signals()

Mode = Literal["enforce", "observe", "disabled"]


class Expected(NamedTuple):
    """What was expected of one model's answer when models were compared. None where that is not known."""

    quality: float | None = None
    """From 0 to 1."""
    low: float | None = None
    """The lower end of its interval."""
    labels: int = 0
    """Scores that it stands on."""
    source: str = ""
    """The narrowest set of scores that it stands on: `task`, `stage`, `group`, `model` or `prior`; '' where quality was not asked for."""
    cost: Decimal | None = None
    """Of one call, in the currency of the price."""
    latency: float | None = None
    """Seconds of a whole answer."""
    counted: float | None = None
    """The quality that it was compared by: less than `quality`, the fewer scores it stands on."""


class Decision(NamedTuple):
    """Which models may answer a call, in order, and why."""

    candidates: tuple[str, ...]
    """Eligible models: the first is called, the rest are its fallbacks."""
    route: str | None
    """Name of the route that matched; None when `default` answers."""
    reason: str
    """One sentence."""
    signals: Signals = NO_SIGNALS
    rejected: Mapping[str, str] = NOTHING
    """Model name to the reason it may not answer."""
    policy_version: str = ""
    mode: Mode = "enforce"
    pinned: bool = False
    id: str = ""
    baseline: tuple[str, ...] = ()
    """While observing: the eligible models of `default`, of which the first answers where no original model was given."""
    expected: Mapping[str, Expected] = NOTHING
    """Model name to what was expected of it, where the route compares models."""

    @property
    def model(self) -> str:
        """The model to call first. Raises NoEligibleModelError when every model was rejected."""
        if not self.candidates:
            raise NoEligibleModelError(self.reason, rejected=self.rejected)
        return self.candidates[0]

    def numbered(self, decision_id: str) -> Decision:
        """Return the same decision under an id."""
        return self._replace(id=decision_id)


class NeedSignal(NamedTuple):
    """A decision cannot be taken before this signal is fetched, because fetching it needs I/O."""

    name: str
    text: str
    """The capped text to classify."""


class Classification(NamedTuple):
    """What a classifier found: a score for each task it considered, never a model."""

    scores: Mapping[str, float] = NOTHING
    """Task name to confidence, 0 to 1. Empty means that it abstains."""
    complexity: str | None = None
    complexity_confidence: float | None = None
    cost: Cost | None = None
    """What finding out cost; None when that is not known, or it cost nothing."""
    asked: bool = False
    """Whether a model was asked, so that a cost of None is one that is not known."""
    source: str | None = None
    """What told it, where that is a part of the classifier."""
    why: str = ""
    """Why it tells no task, where that is not for lack of evidence."""

    def best(self) -> tuple[str, float] | None:
        """Return the task with the highest score, or None when there is none."""
        if not self.scores:
            return None
        return max(self.scores.items(), key=lambda pair: pair[1])


class Checked(NamedTuple):
    """What a check returns in the place of a score where it asks a model, so that the cost of the call includes that."""

    score: float | bool
    """From 0 to 1, or whether the answer is good."""
    cost: Cost | None
    """What the check's own calls cost; None when that is not known, and then the cost of the whole call is not known either."""


class Reply(NamedTuple):
    """An answer as routing sees it. `answer` is the host's own object and goes to the caller untouched."""

    answer: Any
    usage: Usage | None = None
    finish_reason: str | None = None
    model: str | None = None
    """The model that the provider says answered."""
    provider: str | None = None
    id: str | None = None
    text: str = ""
    tool_calls: tuple[str, ...] = ()
    """Names of the tools that the answer calls."""
    cost: Cost | None = None
    """None when no price is known."""
    arguments: tuple[Any, ...] = ()
    """The arguments of each of `tool_calls`; None for those that are no JSON object."""
    refused: bool = False
    """Whether the provider marks the answer as a refusal, beside what `finish_reason` says."""
    empty: bool = False
    """Whether there is nothing in the answer for the caller: no text, no call of a tool, no media."""
    misfit: str | None = None
    """What the host itself found not to fit what was asked for, such as an answer that its parser could not read."""
    kept: StoredAnswer | None = None
    """The answer in a form that may be stored, where the attempt asked for it; None where it cannot be."""
    from_cache: bool = False
    """Whether a cache of the host's own gave it, so that it says nothing of the model."""
    service_tier: str | None = None
    """The provider's class of service that answered: `default`, `flex`, `priority`, `batch`…"""
    reported: Cost | None = None
    """What the provider itself, or a gateway in front of it, says that the answer cost."""
    said: Callable[[], Sequence[Mapping[str, Any]]] | None = None
    """Gives the answer in the shape of `gen_ai.output.messages`, where the attempt asked for it."""
    record: dict[str, Any] | None = None
    """What was left in the answer, where the caller has it not before the call is over: its cost is put right then."""


class Try(NamedTuple):
    """One request that was sent to a model, and how it ended."""

    model: str
    retry: int
    """0 for the first try of this model, then 1, 2, …"""
    seconds: float
    failure: str | None = None
    """The failure class; None when the model answered."""
    error: BaseException | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    score: float | None = None
    """What the user's check gave for the answer."""
    untold: float | None = None
    """Seconds that the model took for an answer that its account has not been told of; None when there is nothing to tell."""
    first_chunk: float | None = None
    """With `untold`, the seconds until a stream had something to give out."""
    came: bool = False
    """Whether an answer came, or a part of one, though the try failed or was cancelled."""

    @property
    def paid(self) -> bool:
        """Whether an answer came, good enough or not, or a part of one, so that it has a price, known or not."""
        is_known = self.usage is not None or self.cost is not None
        return self.came or is_known or (self.error is None and self.failure != "control")


CacheStatus = Literal["hit", "miss", "bypass", "stale", "off"]
"""`bypass`: the call was not for the cache, `off`: its policy has the cache off for such calls."""


class CacheNote(NamedTuple):
    """What the cache had for a call."""

    status: CacheStatus
    reason: str = ""
    """Why it is a `bypass`, or `off`."""
    age: float | None = None
    """Seconds since a served answer was made."""
    saved: Cost | None = None
    """What a served answer cost when it was made; None when no price is known."""
    usage: Usage | None = None
    """The tokens of a served answer, when it was made."""


class Outcome(NamedTuple):
    """How a call ended: everything that observers may want to write down."""

    decision: Decision
    tries: tuple[Try, ...]
    status: Literal["answered", "failed", "cancelled"]
    reply: Reply | None = None
    error: BaseException | None = None
    answered_by: str | None = None
    """The model whose answer was given, where no answer was good enough or it came from the cache; else the last one that was tried."""
    cache: CacheNote | None = None
    """None where there is no cache."""
    aside: tuple[Cost | None, ...] = ()
    """What the classifier's and the checks' own calls to models cost; one of unknown cost is None."""
    baseline: Cost | None = None
    """What the answer would have cost on the baseline model of the policy: an estimate, from the tokens of the answer that was given."""

    @property
    def model(self) -> str | None:
        """The model that answered, or None."""
        if self.status != "answered":
            return None
        return self.answered_by or (self.tries[-1].model if self.tries else None)

    @property
    def is_cached(self) -> bool:
        """Whether the answer came from the cache."""
        return self.cache is not None and self.cache.status in ("hit", "stale")

    @property
    def cost(self) -> Cost | None:
        """The sum over all answers, those included that were not good enough, and over what the classifier and the checks asked of models;
        None when the price of one is unknown.

        What comes from the cache costs nothing.
        """
        # The answer comes last: the sum names the source of its price.
        paid = [*self.aside, *(t.cost for t in self.tries if t.paid)]
        if not paid and self.is_cached and self.status == "answered":
            saved = None if self.cache is None else self.cache.saved
            return Cost(Decimal(0), "cache", "USD" if saved is None else saved.currency)
        return total_cost(paid)

    @property
    def saved(self) -> Cost | None:
        """What the call cost less than the baseline would have, negative where it cost more; an estimate.

        None without a baseline, or when a price is unknown. Without a baseline, what comes from the cache saves what it cost when it was
        made.
        """
        cost, baseline = self.cost, self.baseline
        if baseline is None:
            return self.cache.saved if self.is_cached and self.cache is not None and self.status == "answered" else None
        if cost is None or cost.currency != baseline.currency:
            return None
        return Cost(EXACT.subtract(baseline.amount, cost.amount), baseline.source, baseline.currency)
