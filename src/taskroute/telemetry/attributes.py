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
EXPECTED_QUALITY: Final = "taskroute.expected.quality"
"""Of the first candidate, from 0 to 1; absent where the route does not compare models by quality."""
EXPECTED_COST: Final = "taskroute.expected.cost"
"""Of the first candidate, for one call, in the currency of its price; absent where no price is known, or none is compared."""
MODEL: Final = "taskroute.model"
"""By its name in the policy: on the route span the model that answered, absent when none did; on an attempt the one that is asked."""
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
TENANT: Final = "taskroute.tenant"
"""Absent where the call names none."""
SPANS: Final = "taskroute.spans"
"""`route_only` where the models that were tried have no spans of their own, be it by the policy or because something else writes them."""
OPERATION: Final = "taskroute.operation"
"""What was asked for, as on the attempts `gen_ai.operation.name` says it: the route span is no inference."""

COST_SAVED: Final = "taskroute.cost.saved"
"""What the call cost less than the baseline would have; without a baseline, what a served answer cost when it was made."""
COST_SAVED_BASIS: Final = "taskroute.cost.saved.basis"
"""`cache` (what the answer cost when it was made) or `estimate` (the answer's tokens at the price of the baseline model)."""
COST_BASELINE: Final = "taskroute.cost.baseline"
"""An estimate: what the answer would have cost on the baseline model."""
COST_BASELINE_MODEL: Final = "taskroute.cost.baseline.model"
COST_ASIDE: Final = "taskroute.cost.aside"
"""Of the total: what the classifier and the checks asked of models."""

# On the route span and on the attempts.
FALLBACK_FROM: Final = "taskroute.fallback.from"
"""On an attempt, the model before it; on the route span, the first model that was given up."""
FALLBACK_REASON: Final = "taskroute.fallback.reason"
COST_TOTAL: Final = "taskroute.cost.total"
"""Absent when no price is known."""
COST_CURRENCY: Final = "taskroute.cost.currency"
COST_SOURCE: Final = "taskroute.cost.source"
COST_INPUT: Final = "taskroute.cost.input"
COST_OUTPUT: Final = "taskroute.cost.output"
COST_CACHE_READ: Final = "taskroute.cost.cache_read"
"""A part of the input's cost, as is that of `cache_write`."""
COST_CACHE_WRITE: Final = "taskroute.cost.cache_write"
COST_REASONING: Final = "taskroute.cost.reasoning"
"""A part of the output's cost."""
COST_REQUEST: Final = "taskroute.cost.request"
"""The fee for each request."""
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

CONTENT_CUT: Final = "taskroute.content.cut"
"""True where messages were longer than there was room for."""
CONTENT_WITHHELD: Final = "taskroute.content.withheld"
"""True where messages were not written because the redaction hook failed, or said so."""

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
REQUEST_TOP_K: Final = "gen_ai.request.top_k"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
REQUEST_SEED: Final = "gen_ai.request.seed"
REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
"""Only where it is not 1."""
REQUEST_REASONING_LEVEL: Final = "gen_ai.request.reasoning.level"
REQUEST_PREVIOUS_RESPONSE_ID: Final = "gen_ai.request.previous_response.id"
REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"
OUTPUT_TYPE: Final = "gen_ai.output.type"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
PROMPT_NAME: Final = "gen_ai.prompt.name"
PROMPT_VERSION: Final = "gen_ai.prompt.version"
OPENAI_REQUEST_SERVICE_TIER: Final = "openai.request.service_tier"
OPENAI_RESPONSE_SERVICE_TIER: Final = "openai.response.service_tier"
SERVICE_TIER: Final = "taskroute.service_tier"
"""The provider's class of service that answered."""
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
USAGE_INPUT_AUDIO_TOKENS: Final = "gen_ai.usage.audio.input_tokens"
USAGE_OUTPUT_AUDIO_TOKENS: Final = "gen_ai.usage.audio.output_tokens"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
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

OPENAI: Final = "openai"
"""The provider whose own attributes are written, too."""

# On metrics only.
STATUS: Final = "taskroute.status"
"""How a call ended: `answered`, `failed` or `cancelled`."""
CAUSE: Final = "taskroute.cause"
"""What chose the models: `route`, `default` or `pinned`."""
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - of another kind
TOKEN_MODALITY: Final = "gen_ai.token.modality"  # noqa: S105 - as above

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
