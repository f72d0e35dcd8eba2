"""What the user writes: the policy file as pydantic models."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from taskroute.policy.caching import Cache
from taskroute.policy.carrying import Breaker, Fallback, PolicyBreaker, Retry, RouteFallback, Timeout, TimeoutOrDuration, as_policy_fallback
from taskroute.policy.choosing import Choose, Feedback, Quality
from taskroute.policy.credentials import looks_like_key
from taskroute.policy.pricing import PriceEntry
from taskroute.policy.telling import Telemetry
from taskroute.policy.values import (
    Duration,
    Many,
    Name,
    Names,
    NeededNames,
    PlainName,
    ShortForm,
    Texts,
    filled,
)
from taskroute.policy.when import Section, When


class Capabilities(Section):
    """What a model can do. A key that is left out is looked up; unknown is not held against a model."""

    tools: bool | None = None
    vision: bool | None = None
    json_schema: bool | None = None
    audio: bool | None = None
    video: bool | None = None
    file: bool | None = None


class ModelEntry(Section):
    """One model that may be called. Only `model` is needed; what is left out is looked up."""

    model: Name | None = None
    """`provider:model`, as `init_chat_model` takes it. May be left out when the model object is given in code."""
    params: dict[str, Any] = Field(default_factory=dict[str, Any])
    base_url: str | None = None
    """May hold `${VARIABLE}`."""
    api_key_env: Name | None = None
    """Name of the environment variable that holds the key; the key itself never stands in a policy."""
    price: PriceEntry | None = None
    context_window: Annotated[int, Field(gt=0)] | None = None
    max_output_tokens: Annotated[int, Field(gt=0)] | None = None
    capabilities: Capabilities = Capabilities()
    labels: Names | None = None
    strengths: Names | None = None
    latency: Duration | None = None
    """Seconds that a whole answer takes, as the user knows it; what is measured counts for more."""
    finish_reason: bool = True
    """False for a server whose streams never say why they end: then a stream that ends is whole."""

    @field_validator("model")
    @classmethod
    def _names_a_model(cls, value: str | None) -> str | None:
        if value is None:
            return value
        provider, colon, model = value.partition(":")
        if value != value.strip() or not provider.strip() or (colon and model != model.strip()) or (colon and not model):
            raise ValueError(f"{_redacted(value)} is not 'provider:model'; write both without blanks, such as 'openai:gpt-5-mini'")
        return value

    @field_validator("api_key_env")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not value.isidentifier():
            raise ValueError("this is not the name of an environment variable; put the key into one and name it here")
        return value


def _redacted(value: str) -> str:
    return "a key" if looks_like_key(value) else repr(value)


def _as_entry(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


class Requirement(Section):
    """A rule for every model that could see the text: when `when` holds, only models with all `labels` may."""

    when: When
    labels: NeededNames


def _given(key: str) -> JsonDict:
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


class Route(Section):
    """When these conditions hold, these models answer, in this order."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_given("use"), _given("choose")]})

    name: PlainName
    when: When = When()
    use: NeededNames | None = None
    """Models, in order; or `choose`."""
    choose: Choose | None = None
    timeout: TimeoutOrDuration | None = None
    """A duration (for one try) or a mapping, instead of the policy's."""
    retry: Retry | None = None
    fallback: RouteFallback | None = None
    """`none` stops at this route's own models, without `default`."""
    cache: Literal["none"] | None = None
    """`none` keeps no answers of this route."""

    @model_validator(mode="after")
    def _has_models(self) -> Self:
        if self.use is None and self.choose is None:
            raise ValueError(
                "nothing says which models answer; write 'use' with models in order, or 'choose' with 'among' and 'objective', "
                "such as choose: {among: [a, b], objective: cheapest}"
            )
        if self.use is not None and self.choose is not None:
            raise ValueError("both 'use' and 'choose' are given; keep 'use' for a fixed order, or 'choose' for one by price or speed")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """The route's own models as they are written, whether they stand in `use` or in `choose`."""
        return self.choose.among if self.choose is not None else self.use or ()

    @property
    def models_path(self) -> tuple[str, ...]:
        """Where these stand in the route."""
        return ("use",) if self.choose is None else ("choose", "among")


class Task(Section):
    """A task of the user's own, beside the built-in ones."""

    keywords: Names | None = None
    """Words or phrases that speak for it."""
    examples: Texts | None = None
    """Prompts of this task, of up to 4,000 characters each: a classifier learns from them."""
    description: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """What the task is, for a chat model that classifies."""
    group: PlainName | None = None
    """The group that it belongs to: a built-in one or one of your own. Tasks of a group share what is known of models."""


class Stages(Section):
    """How stages are recognised."""

    nodes: dict[str, Name] = Field(default_factory=dict[str, str])
    """LangGraph node name to stage."""
    ancestors: bool = False
    """Whether the names of enclosing runs are tracked."""


class ClassifierEntry(Section):
    """What tells the task of a call that carries no tag."""

    kind: Literal["keywords", "builtin", "examples", "model", "none"] = "keywords"
    """`examples` learns from the prompts under `tasks`; `builtin` has learned the built-in tasks, and comes after what it learns from these
    prompts; `model` asks a chat model. Own keywords come before `builtin` and `model`, and are words among the others of `keywords`."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.6
    """Below this the classifier abstains."""
    model: Name | None = None
    """With `model`: the one of `models` that is asked."""
    timeout: Duration = 5.0
    """Seconds that what does I/O may take: the model, or a function that classifies or embeds."""
    cache: Annotated[str, Field(min_length=1)] | None = None
    """With `examples` and `builtin`: a folder that keeps what was learned from examples. May hold `${VARIABLE}`."""


class SensitiveEntry(Section):
    """What counts as sensitive."""

    kinds: Names | None = None
    """Built-in kinds to look for; all of them when left out."""
    patterns: dict[str, str] = Field(default_factory=dict[str, str])
    """The user's own kinds: name to RE2 expression."""


_Entry = Annotated[ModelEntry, BeforeValidator(_as_entry), ShortForm({"type": "string", "minLength": 1})]


class Policy(Section):
    """Which model answers which call."""

    version: Literal[1] = 1
    mode: Literal["enforce", "observe"] = "enforce"
    models: Annotated[dict[PlainName, _Entry], filled("name at least one model")] = Field(min_length=1)
    default: NeededNames
    """Models, in order, where no route matches; and the last fallbacks of every route."""
    require: Many[Requirement] = ()
    routes: Many[Route] = ()
    tasks: dict[PlainName, Task] = Field(default_factory=dict[str, Task])
    stages: Stages = Stages()
    classifier: ClassifierEntry = ClassifierEntry()
    sensitive: SensitiveEntry = SensitiveEntry()
    retry: Retry = Retry()
    timeout: TimeoutOrDuration = Timeout()
    """A duration (for one try) or a mapping."""
    fallback: Annotated[Fallback, BeforeValidator(as_policy_fallback)] = Fallback()
    breaker: PolicyBreaker = Breaker()
    """`none` for no breaker."""
    cache: Cache | None = None
    """Left out, nothing is kept."""
    telemetry: Telemetry = Telemetry()
    quality: Quality = Quality()
    feedback: Feedback | None = None
    """Left out, no scores are kept."""

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        from taskroute.policy.consistent import problems

        found = problems(self)
        if found:
            text = "; ".join(problem for _, problem in found)
            raise PydanticCustomError("policy", "{text}", {"text": text, "problems": found})
        return self

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of a SHA-256 over the content: two policies that say the same have the same."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def policy_json_schema() -> dict[str, Any]:
    """Return the JSON schema of the policy file, for editors."""
    schema = Policy.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "taskroute policy"}
