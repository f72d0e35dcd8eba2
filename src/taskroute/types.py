"""Frozen values that the layers hand to each other about a call: what was asked, what is known, what was decided.

They are named tuples, not frozen dataclasses: a routed call makes a dozen of them, and a frozen dataclass takes seven times as long
to make. Build them by keyword.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, NoReturn, Protocol, TypeVar, cast

from taskroute.errors import NoEligibleModelError

if TYPE_CHECKING:
    from taskroute.stored import StoredAnswer

T = TypeVar("T")


class _Nothing(Mapping[str, Any]):
    """An empty mapping that nobody can fill, so that it may be a default; pickles as itself."""

    __slots__ = ()

    def __getitem__(self, key: str) -> NoReturn:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"

    def __reduce__(self) -> str:
        return "NOTHING"


NOTHING: Final[Mapping[str, Any]] = _Nothing()


class Message(NamedTuple):
    """One message of a call, reduced to what routing may look at."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    text: str = ""
    """All text of the message that a model may be sent: its content, the arguments of tool calls, names."""
    media: tuple[str, ...] = ()
    """Kinds of the parts that are not text, one entry a part: `image`, `audio`, `video`, `file`."""


class Kept(NamedTuple):
    """What an earlier decision of the same turn left open: its route, and the models that may still answer, in order."""

    route: str | None
    models: tuple[str, ...]
    stage: str | None = None
    """The stage as it was found then; None when it was not asked for, or not found."""
    task: str | None = None
    """The same of the task."""


class Sent(NamedTuple):
    """What a model is asked for beside the messages, as the GenAI conventions name it. None where the request does not say."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop_sequences: tuple[str, ...] = ()
    seed: int | None = None
    choice_count: int | None = None
    output_type: str | None = None
    """`text`, `json`, `image` or `speech`."""
    reasoning_level: str | None = None
    """`low`, `medium`, `high`… as the request has it."""
    previous_response_id: str | None = None
    service_tier: str | None = None
    dimensions: int | None = None
    """Of the vectors of an embedding."""
    encoding_formats: tuple[str, ...] = ()
    provider: str | None = None
    """The provider, where the policy does not name it."""
    model: str | None = None
    """The provider's own name of the model, where the policy does not say it."""
    server_address: str | None = None
    server_port: int | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    is_certain: bool = False
    """Whether provider, model and server are those that will be called, whatever the policy says of the model."""


NOTHING_SENT: Final = Sent()


class Asking(Protocol):
    """Tells observers what a host asks of a model. It is asked when somebody wants to know, in the course of the call, and may raise."""

    def sent(self, model: str) -> Sent:
        """Return what this model of the policy is asked for; its own settings count where the call says nothing."""
        ...

    def messages(self) -> Sequence[Mapping[str, Any]]:
        """Return the conversation without its system instructions, in the shape of `gen_ai.input.messages`."""
        ...

    def instructions(self) -> Sequence[Mapping[str, Any]]:
        """Return the parts of the system instructions, in the shape of `gen_ai.system_instructions`."""
        ...

    def tools(self) -> Sequence[Mapping[str, Any]]:
        """Return the tools on offer, in the shape of `gen_ai.tool.definitions`."""
        ...


class Call(NamedTuple):
    """One request for a model, as any host may make it.

    Give either `prompt` (one user message) or `messages` (the conversation, oldest first).
    """

    prompt: str = ""
    messages: tuple[Message, ...] = ()
    stage: str | None = None
    task: str | None = None
    urgency: str | None = None
    tenant: str | None = None
    user: str | None = None
    session: str | None = None
    pin: str | None = None
    """Name of the one model that may answer."""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = NOTHING
    ancestors: tuple[str, ...] = ()
    """Names of the enclosing runs, nearest first, where the host tracks them."""
    tools: tuple[str, ...] = ()
    """Names of the tools that the model may call."""
    parameters: tuple[str, ...] = ()
    """Texts that go with the messages: tool and output schemas, and the other parameters of the call, such as `stop`."""
    output_schema: bool = False
    """Whether the answer must fit a JSON schema."""
    max_tokens: int | None = None
    """Answer tokens asked for, where the call says so."""
    tokens: int | None = None
    """Input tokens as the caller counted them; without it they are estimated."""
    operation: str = "chat"
    """What is asked for, as the GenAI conventions name it: `chat`, `text_completion` or `embeddings`."""
    told_by: str = "explicit"
    """What said `stage` and `task`: `explicit`, or `header` where they came with an HTTP request."""
    traced: bool = False
    """Whether the host knows that something else writes a span of each model's work, with its tokens."""
    cache: Literal["use", "refresh", "bypass"] = "use"
    """`refresh` passes over a stored answer and stores the new one; `bypass` neither reads nor stores."""
    scope: Mapping[str, str] = NOTHING
    """What stands in the cache's scope for `tenant`, `user` or `session`, where a name alone may be another's; other names come on top."""
    max_age: float | None = None
    """Seconds after which a stored answer is too old for this call, and its own for others, where that is less than the policy's `ttl`."""
    kept: Kept | None = None
    """Set inside a turn that has been decided: no route is matched again unless none of these models may answer."""
    streams: bool = False
    """Whether the answer is asked for as a stream."""
    conversation: str | None = None
    """Id of the conversation, where the application has given one; never one that a host made up."""
    asking: Asking | None = None
    """What the host asks, for observers."""
    measured: bool = False
    """Whether the host knows that something else records the GenAI metrics of each model's work."""

    def thread(self) -> tuple[Message, ...]:
        """Return the messages, with `prompt` as a user message at the end."""
        if self.prompt:
            return (*self.messages, Message("user", self.prompt))
        return self.messages

    def question(self) -> str:
        """Return the text of the latest user message, or '' when there is none."""
        if self.prompt:
            return self.prompt
        for message in reversed(self.messages):
            if message.role == "user":
                return message.text
        return ""

    def texts(self) -> Iterator[str]:
        """Yield every text that a model would see."""
        for message in self.messages:
            yield message.text
        if self.prompt:
            yield self.prompt
        yield from self.parameters


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


class Percentiles(NamedTuple):
    """How long answers took, in seconds."""

    p50: float
    p90: float
    p99: float


class LastError(NamedTuple):
    """A failure, without its message: a provider may quote the prompt in it."""

    failure: str
    """The failure class."""
    type: str
    """The class of the exception; '' where there was none."""
    at: float
    """Seconds since the epoch."""


class ModelHealth(NamedTuple):
    """How a model has been doing, as this router has seen it."""

    state: Literal["closed", "open", "half_open"] = "closed"
    """Of its circuit: `closed` lets calls through, `open` does not, `half_open` lets one through to see."""
    tries: int = 0
    """Tries that ended within the breaker's window."""
    error_rate: float | None = None
    """Share of these that failed in a way that tells of the model, not of the call; None without any."""
    latency: Percentiles | None = None
    """Of recent whole answers, streams included; None without any."""
    first_chunk: Percentiles | None = None
    """Of recent streams: until there was something to give out."""
    last_error: LastError | None = None
    opened_by: str = ""
    """What opened the circuit last, as one sentence; '' when it never was."""
    retry_after: float | None = None
    """Seconds until an open circuit lets a call through."""


class StateView(NamedTuple):
    """A look at what changes between calls, taken before a decision; the same for the whole of it."""

    unavailable: Mapping[str, str] = NOTHING
    """Model name to the reason it must not be called now."""
    health: Mapping[str, ModelHealth] = NOTHING
    """Every model that was ever tried."""
    opened_by: Mapping[str, str] = NOTHING
    """Of each unavailable model, the class of the failure that opened its circuit."""
    settled: bool = False
    """Whether every circuit is closed and nobody else may have opened one, so that the first model need not be asked for."""
    last: str | None = None
    """The model that answered last in the conversation of the call; None where that is not known."""
    warm: Mapping[str, int] = NOTHING
    """Tokens of that conversation that the provider of each model is known to hold in its cache."""


NO_STATE: Final = StateView()


class Usage(NamedTuple):
    """Tokens of one answer. None means that the provider did not say.

    `cache_read`, `cache_write` and `input_audio` are parts of `input`; `reasoning` and `output_audio` are parts of `output`;
    `cache_write_1h` is a part of `cache_write`.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cache_write_1h: int | None = None
    """Written to a cache that keeps it for an hour, which costs more."""
    input_audio: int | None = None
    output_audio: int | None = None


class CostParts(NamedTuple):
    """What an amount is made of. None where that is not known."""

    input: Decimal | None = None
    """For all input, cached or not."""
    output: Decimal | None = None
    """For all output, thought or said."""
    cache_read: Decimal | None = None
    """Of `input`: for what was read from the provider's cache."""
    cache_write: Decimal | None = None
    """Of `input`: for what was written there."""
    reasoning: Decimal | None = None
    """Of `output`: for what was thought."""
    request: Decimal | None = None
    """The fee for each request."""


class Cost(NamedTuple):
    """The price of an answer. `amount` is in `currency`, exact."""

    amount: Decimal
    source: str
    """Where the price came from, with its version: `user`, `provider`, `genai-prices@0.2.3`…"""
    currency: str = "USD"
    parts: CostParts | None = None
    """None where only the whole is known."""


ESTIMATED: Final = ", estimated"
"""Ends the source of a cost that is one."""
UNPAID: Final = Cost(Decimal(0), "cache")
"""Of an answer that a cache of the host's own gave."""


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


EXACT: Final = Context(prec=80, traps=[])
"""For sums of amounts: an application may lower the precision of the global context, and none of its traps may fail a call."""


def total_cost(costs: Sequence[Cost | None]) -> Cost | None:
    """Return the sum; None when one of them is unknown, when there is none, or when currencies are mixed.

    The parts are those of a single cost; of several, only the sum is known. It is an estimate where one of them is.
    """
    if not costs or any(cost is None for cost in costs):
        return None
    known = cast("Sequence[Cost]", costs)
    if len(known) == 1:
        return known[0]
    if len({cost.currency for cost in known}) > 1:
        return None
    total = Decimal(0)
    for cost in known:
        total = EXACT.add(total, cost.amount)
    source = known[-1].source
    if not source.endswith(ESTIMATED) and any(cost.source.endswith(ESTIMATED) for cost in known):
        source += ESTIMATED
    return Cost(amount=total, source=source, currency=known[-1].currency)


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
