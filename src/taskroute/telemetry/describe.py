"""What a span says: calls, decisions, answers and errors as attributes, without a word of what was asked or answered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

from opentelemetry.util.types import AttributeValue

from taskroute.execution.evidence import status_of
from taskroute.steps import Validated
from taskroute.telemetry import attributes as names
from taskroute.telemetry import money
from taskroute.telemetry.masking import named
from taskroute.types import CacheNote, Call, Cost, Decision, Expected, Reply, Signals, Usage

_NOT_CLASSIFIERS: Final = frozenset({"explicit", "metadata", "tag", "header", "none", "not_asked"})
_NO_USAGE: Final = Usage()
_NOTHING_EXPECTED: Final = Expected()
_LONGEST_REASON: Final = 2_000
_NUMBERS: Final = (int, float)
_SEQUENCES: Final = (tuple, list)
_MOST: Final = 2**63
"""An integer has 64 bits where it is sent."""


class KnownModel(Protocol):
    """What a span says of a model beyond its name in the policy. None where it is not known."""

    @property
    def provider(self) -> str | None: ...
    @property
    def model_id(self) -> str | None:
        """The provider's own name of the model."""
        ...

    @property
    def base_url(self) -> str | None: ...


def of_call(call: Call) -> dict[str, AttributeValue]:
    """Return what a call says of itself, for samplers to see before anything is decided."""
    # Not `present`: this is made for every call, also where nobody records it.
    values: dict[str, AttributeValue] = {names.OPERATION: call.operation}
    if call.stage:
        values[names.STAGE], values[names.STAGE_SOURCE] = safe_name(call.stage), call.told_by
    if call.task:
        values[names.TASK], values[names.TASK_SOURCE] = safe_name(call.task), call.told_by
    if call.tenant:
        values[names.TENANT] = safe_name(call.tenant)
    if call.conversation:
        values[names.CONVERSATION_ID] = safe_name(call.conversation)
    return present(values) if len(values) > 1 else values


def safe_name(given: Any) -> Any:
    """Return what the caller calls something as it may be written: it may have taken a key for a name. What is no text stays as it is."""
    return named(given) if isinstance(given, str) else given


def of_decision(decision: Decision) -> dict[str, AttributeValue]:
    """Return what a decision leaves on the route span; a signal without a value leaves nothing."""
    stage, task = decision.signals.stage, decision.signals.task
    expected = decision.expected.get(decision.candidates[0], _NOTHING_EXPECTED) if decision.candidates else _NOTHING_EXPECTED
    return present(
        {
            names.ROUTE: decision.route,
            # It may quote a pin that names no model.
            names.REASON: named(decision.reason, most=_LONGEST_REASON),
            names.STAGE: safe_name(stage.value),
            names.STAGE_SOURCE: stage.source if stage.value is not None else None,
            names.TASK: safe_name(task.value),
            names.TASK_SOURCE: task.source if task.value is not None else None,
            names.TASK_CONFIDENCE: task.confidence if task.value is not None else None,
            names.COMPLEXITY: decision.signals.complexity.value,
            names.CLASSIFIER_KIND: classifier_of(decision.signals),
            names.CANDIDATES: decision.candidates,
            names.EXPECTED_QUALITY: expected.quality,
            names.EXPECTED_COST: None if expected.cost is None else float(expected.cost),
            names.REJECTED: tuple(f"{model}: {why}" for model, why in decision.rejected.items()),
            names.POLICY_VERSION: decision.policy_version,
            names.DECISION_ID: decision.id,
            names.MODE: decision.mode,
        }
    )


def classifier_of(signals: Signals) -> str | None:
    """Return the classifier that told the task or the complexity; None when none did."""
    for signal in (signals.task, signals.complexity):
        if signal.value is not None and signal.source not in _NOT_CLASSIFIERS:
            return signal.source
    return None


def of_reply(reply: Reply, *, provider: str | None, embeds: bool) -> dict[str, AttributeValue]:
    """Return what an answer tells of itself, but for its content and what it took. `provider` is None where only the answer tells it."""
    named = provider or provider_name(reply.provider)
    values: dict[str, AttributeValue | None] = {
        names.PROVIDER_NAME: named,
        names.RESPONSE_MODEL: reply.model,
        names.SERVICE_TIER: reply.service_tier,
    }
    if not embeds:
        values |= {
            names.RESPONSE_ID: reply.id,
            names.RESPONSE_FINISH_REASONS: (reply.finish_reason,) if reply.finish_reason else None,
            names.OPENAI_RESPONSE_SERVICE_TIER: reply.service_tier if named == names.OPENAI else None,
        }
    return present(values)


def of_use(usage: Usage | None, cost: Cost | None, *, embeds: bool) -> dict[str, AttributeValue]:
    """Return the tokens and what they cost."""
    usage = usage or _NO_USAGE
    values: dict[str, AttributeValue | None] = {names.USAGE_INPUT_TOKENS: usage.input, **money.of_cost(cost)}
    if not embeds:
        values |= {
            names.USAGE_OUTPUT_TOKENS: usage.output,
            names.USAGE_CACHE_READ_INPUT_TOKENS: usage.cache_read,
            names.USAGE_CACHE_WRITE_INPUT_TOKENS: usage.cache_write,
            names.USAGE_CACHE_CREATION_INPUT_TOKENS: usage.cache_write,
            names.USAGE_REASONING_OUTPUT_TOKENS: usage.reasoning,
            names.USAGE_INPUT_AUDIO_TOKENS: usage.input_audio,
            names.USAGE_OUTPUT_AUDIO_TOKENS: usage.output_audio,
        }
    return present(values)


def of_validation(found: Validated) -> dict[str, AttributeValue]:
    """Return what the examination of an answer found; nothing where it was fine and had no score."""
    return present(
        {
            names.VALIDATION_FAILURE: found.failure,
            names.VALIDATION_DETAIL: found.detail,
            names.VALIDATION_SCORE: found.score,
        }
    )


def of_cache(note: CacheNote | None) -> dict[str, AttributeValue | None]:
    """Return what the cache had for a call; nothing where there is none."""
    if note is None:
        return {}
    return {names.CACHE_STATUS: note.status, names.CACHE_REASON: note.reason, names.CACHE_AGE: note.age}


def present(values: Mapping[str, AttributeValue | None]) -> dict[str, AttributeValue]:
    """Return the values that are known, as any exporter can send them: unknown is absent, never empty."""
    found: dict[str, AttributeValue] = {}
    for name, value in values.items():
        if value is None:
            continue
        # Nearly all values are such, and there are dozens in a call.
        is_plain = value.isascii() if type(value) is str else type(value) in _NUMBERS and -_MOST <= value < _MOST  # type: ignore[operator]
        told = value if is_plain else _sendable(value)
        if told is not None and told != "":
            found[name] = told
    return found


def _sendable(value: object) -> AttributeValue | None:
    """Return the value of an attribute; None of what is none, as a provider or a host may give it."""
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, int):
        return value if -_MOST <= value < _MOST else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, _SEQUENCES):
        items = cast("Sequence[object]", value)
        return tuple([_encodable(text) for text in items if isinstance(text, str)]) or None
    return None


def _encodable(text: str) -> str:
    # Half a surrogate pair cannot be encoded.
    return text if text.isascii() else text.encode(errors="replace").decode()


def error_type(error: BaseException | None) -> str | None:
    """Return the HTTP status that the provider answered with, else the class of the error."""
    if error is None:
        return None
    status = status_of(error)
    return class_name(error) if status is None else f"{status:d}"


def class_name(error: BaseException) -> str:
    """Return the class of an error with its module, without the module for the built-in ones."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def provider_name(provider: str | None) -> str | None:
    """Return the name that the conventions give to a provider."""
    return None if provider is None else names.PROVIDERS.get(provider.lower().replace("-", "_"), provider)
