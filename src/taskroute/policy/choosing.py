"""How one of several models is chosen by what is known of them: `choose` of a route, and the sections `quality` and `feedback`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from taskroute.policy.values import Duration, NeededNames
from taskroute.policy.when import Section

Objective = Literal["cheapest", "fastest", "best", "utility", "balanced"]

_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%")


def _share(value: Any) -> Any:
    """Read `3%` as 0.03."""
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a share; write a percentage such as '3%', or a number from 0 to 1 such as 0.03")
    if not isinstance(value, str):
        return value
    match = _PERCENT.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a share; write a percentage such as '3%', or a number from 0 to 1 such as 0.03")
    return float(match[1]) / 100


Share = Annotated[
    float,
    BeforeValidator(_share),
    Field(ge=0, le=1, allow_inf_nan=False),
    PlainSerializer(lambda share: f"{100 * share:g}%", return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s?%$"}]}),
]
"""From 0 to 1; may be written as a percentage."""

_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Choose(Section):
    """Models to choose from by what is known of them."""

    among: NeededNames
    objective: Objective
    """`cheapest`, `fastest` or `best` of those that keep the limits; `utility` weighs quality against cost and latency as the weights say;
    `balanced` does so with weights of its own."""
    min_quality: Share | None = None
    """The quality that is to be expected at least, from 0 to 1."""
    within: Annotated[
        Share | None,
        Field(
            description="How much less quality than of the best of them may be expected, as a share of it: `3%`. "
            "A difference of less than 0.01 is none."
        ),
    ] = None
    max_cost: _Amount | None = None
    """What a call may cost, in the currency of the prices."""
    max_latency: Duration | None = None
    """Seconds that a whole answer may take."""
    cost_weight: _Amount | None = None
    """With `utility`: the quality that one unit of the currency is worth."""
    latency_weight: _Amount | None = None
    """With `utility`: the quality that one second is worth."""
    margin: Share = 0.02
    """By so much another model must be better than the one at hand, so that a paraphrase does not change the model."""
    max_error_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    """A model with a larger share of failed tries comes after the others, however cheap or fast it is."""

    @property
    def asks_quality(self) -> bool:
        """Whether models are compared by the quality that is expected of them."""
        return self.objective in ("best", "utility", "balanced") or self.min_quality is not None or self.within is not None

    @property
    def asks_price(self) -> bool:
        """Whether models are compared by what the call costs on them."""
        return self.objective in ("cheapest", "balanced") or self.max_cost is not None or bool(self.cost_weight)

    @property
    def asks_speed(self) -> bool:
        """Whether models are compared by how long an answer takes them."""
        return self.objective in ("fastest", "balanced") or self.max_latency is not None or bool(self.latency_weight)


class Quality(Section):
    """What is known of how well each model does."""

    file: Annotated[str, Field(min_length=1)] | None = None
    """What `taskroute train` wrote. May hold `${VARIABLE}`. Left out, only `strengths` and prices tell models apart."""
    min_labels: Annotated[int, Field(ge=0, le=100_000)] = 30
    """A model with fewer scores for a task is judged by the lower end of what is expected of it."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    """Of the interval around an expected quality."""
    prompts: bool = True
    """Whether the words of a prompt count, where the file says that they help."""


class Feedback(Section):
    """Where scores of answers are kept until `taskroute train` folds them in."""

    store: Literal["disk", "memory", "redis"] = "disk"
    path: Annotated[str, Field(min_length=1)] = ".taskroute/feedback"
    """Folder of the store `disk`. May hold `${VARIABLE}`."""
    url: Annotated[str, Field(min_length=1)] | None = None
    """Address of the store `redis`. May hold `${VARIABLE}`."""
    keep: Duration = 90 * 86400.0
    """Seconds that scores are kept."""
    within: Duration = 7 * 86400.0
    """Seconds after a call for which its answer may be scored."""
    prompts: bool = False
    """Whether the text of the question is kept with its score."""
