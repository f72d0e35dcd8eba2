"""Every name that taskroute writes into a span, once.

The GenAI names are those of the OpenTelemetry GenAI conventions. They are written out here because the constants of the
`opentelemetry-semantic-conventions` package are frozen and lack the newer ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SCOPE: Final = "taskroute"
"""Name of the instrumentation scope."""

ROUTE_SPAN: Final = "route"
"""First word of the name of the span around a call."""
UNNAMED_ROUTE: Final = "default"
"""Stands for the route in a span's name when no route matched."""

# About the call: on the route span.
ROUTE: Final = "taskroute.route"
REASON: Final = "taskroute.reason"
STAGE: Final = "taskroute.stage"
STAGE_SOURCE: Final = "taskroute.stage.source"
TASK: Final = "taskroute.task"
TASK_SOURCE: Final = "taskroute.task.source"
TASK_CONFIDENCE: Final = "taskroute.task.confidence"
COMPLEXITY: Final = "taskroute.complexity"
CLASSIFIER_KIND: Final = "taskroute.classifier.kind"
CLASSIFIER_DURATION_MS: Final = "taskroute.classifier.duration_ms"
CANDIDATES: Final = "taskroute.candidates"
REJECTED: Final = "taskroute.rejected"
"""One string a model: `name: why`."""
MODEL: Final = "taskroute.model"
"""The model that answered, by its name in the policy; absent when none did."""
POLICY_VERSION: Final = "taskroute.policy.version"
DECISION_ID: Final = "taskroute.decision.id"
MODE: Final = "taskroute.mode"
ATTEMPTS: Final = "taskroute.attempts"
"""Requests sent for this call, retries included."""
FALLBACK_COUNT: Final = "taskroute.fallback.count"

CACHE_STATUS: Final = "taskroute.cache.status"
"""`hit`, `miss`, `bypass`, `stale` or `off`; absent where the policy has no cache."""
CACHE_REASON: Final = "taskroute.cache.reason"
"""Why it is `bypass` or `off`."""
CACHE_AGE: Final = "taskroute.cache.age_s"
COST_SAVED: Final = "taskroute.cost.saved"
"""What a served answer cost when it was made; absent when no price is known."""

# On the route span and on the attempts.
FALLBACK_FROM: Final = "taskroute.fallback.from"
"""On an attempt, the model before it; on the route span, the first model that was given up."""
FALLBACK_REASON: Final = "taskroute.fallback.reason"
COST_TOTAL: Final = "taskroute.cost.total"
"""Absent when no price is known."""
COST_CURRENCY: Final = "taskroute.cost.currency"
COST_SOURCE: Final = "taskroute.cost.source"
CANCELLED: Final = "taskroute.cancelled"
FAILURE: Final = "taskroute.failure"
"""The failure class, on events."""

# On the attempts.
ATTEMPT: Final = "taskroute.attempt"
RETRY_COUNT: Final = "taskroute.retry.count"
TIMEOUT_ENFORCED: Final = "taskroute.timeout.enforced"
CLIENT_RETRIES: Final = "taskroute.client.retries"
"""Retries that the model's own client may make, unseen by taskroute; absent where it does not say."""
VALIDATION_FAILURE: Final = "taskroute.validation.failure"
"""What was wrong with an answer: `refusal`, `truncated`, `invalid_output` or `low_confidence`; absent when nothing was."""
VALIDATION_DETAIL: Final = "taskroute.validation.detail"
"""The same in words, which quote nothing of the answer."""
VALIDATION_SCORE: Final = "taskroute.validation.score"
"""What the user's check gave."""
PROBE: Final = "taskroute.breaker.probe"
"""True on the one call that a half-open circuit lets through."""
CIRCUIT_OPEN: Final = "taskroute.breaker.open"
"""True where the try opened the model's circuit, or found it open when it failed."""

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
USAGE_CACHE_CREATION_INPUT_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
"""The older name of the same number: some readers know only this one."""
USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"
EXCEPTION_TYPE: Final = "exception.type"

EXCEPTION_EVENT: Final = "exception"
RETRY_EVENT: Final = "retry"
ATTEMPT_EVENT: Final = "attempt"
"""On the route span: a model that was tried, where its span is somebody else's."""
SKIPPED_EVENT: Final = "skipped"
"""On the route span: a model that was not called, because its circuit had opened."""

OTHER_ERROR: Final = "_OTHER"
"""Value of `error.type` for a failure without an exception."""
FINISH_ERROR: Final = "error"
"""Finish reason of an answer that broke off."""

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amazon_bedrock": "aws.bedrock",
        "anthropic_bedrock": "aws.bedrock",
        "bedrock": "aws.bedrock",
        "bedrock_converse": "aws.bedrock",
        "bedrock_mantle_anthropic": "aws.bedrock",
        "bedrock_mantle_openai": "aws.bedrock",
        "azure": "azure.ai.openai",
        "azure_openai": "azure.ai.openai",
        "azure_ai": "azure.ai.inference",
        "gemini": "gcp.gemini",
        "google_genai": "gcp.gemini",
        "google_vertexai": "gcp.vertex_ai",
        "google_anthropic_vertex": "gcp.vertex_ai",
        "vertex_ai": "gcp.vertex_ai",
        "ibm": "ibm.watsonx.ai",
        "watsonx": "ibm.watsonx.ai",
        "mistral": "mistral_ai",
        "mistralai": "mistral_ai",
        "moonshot": "moonshot_ai",
        "xai": "x_ai",
    }
)
"""Provider names of LangChain and LiteLLM to those of the conventions; a name that is not here goes out as it is."""
