"""Every metric that taskroute records, once: its name, what kind it is, its unit and what it counts."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

# The GenAI conventions, by the names that libraries use today.
OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
OPERATION_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
OPERATION_PER_CHUNK: Final = "gen_ai.client.operation.time_per_output_chunk"
TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105 - of another kind

# The same in the newest conventions.
INFERENCE_DURATION: Final = "gen_ai.client.inference.duration"
INFERENCE_FIRST_CHUNK: Final = "gen_ai.client.inference.time_to_first_chunk"
INFERENCE_PER_CHUNK: Final = "gen_ai.client.inference.time_per_output_chunk"
USAGE_INPUT: Final = "gen_ai.client.inference.usage.input_tokens"
USAGE_OUTPUT: Final = "gen_ai.client.inference.usage.output_tokens"
USAGE_CACHE_READ: Final = "gen_ai.client.inference.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE: Final = "gen_ai.client.inference.usage.cache_write.input_tokens"
USAGE_REASONING: Final = "gen_ai.client.inference.usage.reasoning.output_tokens"
OPERATION_INPUT: Final = "gen_ai.client.inference.operation.input_tokens"
OPERATION_OUTPUT: Final = "gen_ai.client.inference.operation.output_tokens"

# Our own.
DECISIONS: Final = "taskroute.decisions"
CALLS: Final = "taskroute.calls"
ATTEMPTS: Final = "taskroute.attempts"
RETRIES: Final = "taskroute.retries"
FALLBACKS: Final = "taskroute.fallbacks"
VALIDATION_FAILURES: Final = "taskroute.validation.failures"
CACHE_REQUESTS: Final = "taskroute.cache.requests"
ROUTING_DURATION: Final = "taskroute.routing.duration"
BREAKER_STATE: Final = "taskroute.breaker.state"
COST: Final = "taskroute.cost"
COST_UNKNOWN: Final = "taskroute.cost.unknown"
COST_ASIDE: Final = "taskroute.cost.aside"
COST_BASELINE: Final = "taskroute.cost.baseline"
COST_SAVED: Final = "taskroute.cost.saved"
COST_EXTRA: Final = "taskroute.cost.extra"

_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
_TOKENS: Final = tuple(float(4**power) for power in range(14))
_ADDED: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metric(NamedTuple):
    """A metric as an SDK is told of it."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    description: str
    buckets: tuple[float, ...] = ()


METRICS: Final = (
    Metric(OPERATION_DURATION, "histogram", "s", "How long a model worked on a request, its retries included.", _SECONDS),
    Metric(OPERATION_FIRST_CHUNK, "histogram", "s", "How long a stream took until it had something to give out.", _SECONDS),
    Metric(OPERATION_PER_CHUNK, "histogram", "s", "How long each further chunk of a stream took, as its mean.", _SECONDS),
    Metric(TOKEN_USAGE, "histogram", "{token}", "Tokens of a request, by type.", _TOKENS),
    Metric(INFERENCE_DURATION, "histogram", "s", "How long a model worked on a request, its retries included.", _SECONDS),
    Metric(INFERENCE_FIRST_CHUNK, "histogram", "s", "How long a stream took until it had something to give out.", _SECONDS),
    Metric(INFERENCE_PER_CHUNK, "histogram", "s", "How long each further chunk of a stream took, as its mean.", _SECONDS),
    Metric(USAGE_INPUT, "counter", "{token}", "Input tokens used, cached or not."),
    Metric(USAGE_OUTPUT, "counter", "{token}", "Output tokens used, thought or said."),
    Metric(USAGE_CACHE_READ, "counter", "{token}", "Input tokens that came from the provider's cache."),
    Metric(USAGE_CACHE_WRITE, "counter", "{token}", "Input tokens that were written to the provider's cache."),
    Metric(USAGE_REASONING, "counter", "{token}", "Output tokens that were thought."),
    Metric(OPERATION_INPUT, "histogram", "{token}", "Input tokens of a request.", _TOKENS),
    Metric(OPERATION_OUTPUT, "histogram", "{token}", "Output tokens of a request.", _TOKENS),
    Metric(DECISIONS, "counter", "{decision}", "Decisions of which model answers."),
    Metric(CALLS, "counter", "{call}", "Calls by how they ended."),
    Metric(ATTEMPTS, "counter", "{attempt}", "Requests sent to models, retries included."),
    Metric(RETRIES, "counter", "{retry}", "Requests that were sent to the same model again."),
    Metric(FALLBACKS, "counter", "{fallback}", "Models that took over from another."),
    Metric(VALIDATION_FAILURES, "counter", "{answer}", "Answers that were not good enough."),
    Metric(CACHE_REQUESTS, "counter", "{request}", "Calls by what the cache had for them."),
    Metric(ROUTING_DURATION, "histogram", "s", "Time that routing added to a call.", _ADDED),
    Metric(BREAKER_STATE, "gauge", "{state}", "A model's circuit: 0 closed, 1 half open, 2 open."),
    Metric(COST, "counter", "{currency}", "What was spent, as far as prices are known."),
    Metric(COST_UNKNOWN, "counter", "{answer}", "Answers whose price is not known."),
    Metric(COST_ASIDE, "counter", "{currency}", "Part of what was spent: on what the classifier and the checks asked of models."),
    Metric(COST_BASELINE, "counter", "{currency}", "What answers would have cost on the baseline model, an estimate."),
    Metric(COST_SAVED, "counter", "{currency}", "What calls cost less than they would have."),
    Metric(COST_EXTRA, "counter", "{currency}", "What calls cost more than they would have on the baseline model."),
)
