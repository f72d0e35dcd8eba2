"""Which parameters change an answer: those listed here do not, or are others under another name; every other one does. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from taskroute.types import NOTHING

TIMES: Final = frozenset(
    {
        *("timeout", "request_timeout", "default_request_timeout", "stream_timeout", "stream_chunk_timeout", "force_timeout"),
        *("client_side_timeout", "mock_timeout", "cooldown_time", "timeout_by_service_tier", "stream_timeout_by_service_tier"),
    }
)
RETRIES: Final = frozenset(
    {
        *("max_retries", "num_retries", "retries", "retry_policy", "retry_strategy", "fallbacks", "default_fallbacks", "max_fallbacks"),
        *("context_window_fallbacks", "content_policy_fallbacks", "context_window_fallback_dict", "disable_fallbacks", "fallback_depth"),
    }
)
LABELS: Final = frozenset(
    {
        *("metadata", "litellm_metadata", "requester_metadata", "tags", "callbacks", "run_name", "run_id", "labels"),
        *("user", "safety_identifier", "user_profile_id", "litellm_call_id", "litellm_trace_id", "litellm_session_id"),
        *("litellm_logging_obj", "litellm_parent_otel_span", "litellm_disabled_callbacks", "ls_structured_output_format", "id"),
        *("litellm_trusted_callback_vars", "completion_call_id", "proxy_server_request", "secret_fields", "standard_logging_object"),
        "model_info",
        *("model_group", "attempted_targets"),
    }
)
PRICE: Final = frozenset(
    {
        *("prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "cache_control", "cache_control_injection_points"),
        *("service_tier", "store", "cache", "caching", "caching_groups", "ttl", "preset_cache_key", "cache_key", "cost_per_query"),
        *("cost_per_second", "tiered_pricing", "base_model"),
    }
)
DELIVERY: Final = frozenset(
    {
        *("stream", "streaming", "stream_options", "stream_usage", "disable_streaming", "include_response_headers", "rate_limiter"),
        *("http_client", "http_async_client", "http_socket_options", "client", "async_client", "shared_session", "ssl_verify"),
        *("stream_chunk_size", "keepalive_seconds", "acompletion", "atext_completion", "text_completion", "async_call"),
        *("openai_proxy", "anthropic_proxy", "max_concurrent_requests", "custom_get_token_ids", "tiktoken_model_name"),
    }
)
LOGS: Final = frozenset(
    {
        *("verbose", "no-log", "logger_fn", "success_callback", "failure_callback", "service_callback", "turn_off_message_logging"),
        *("drop_params", "litellm_request_debug", "log_client_error_tracebacks"),
    }
)
ROUTING: Final = frozenset(
    {
        *("model_list", "rpm", "tpm", "itpm", "otpm", "rpd", "tpd", "weight", "weights", "order", "priority", "max_parallel_requests"),
        *("max_budget", "budget_duration", "routing_strategy", "enable_tag_filtering", "tag_regex", "silent_model", "specific_deployment"),
        *("use_in_pass_through", "use_litellm_proxy", "model_provider"),
    }
)
ACCOUNT: Final = frozenset({"organization", "openai_organization", "api_key", "credentials", "aws_profile_name", "aws_session_name"})

NOISE: Final = TIMES | RETRIES | LABELS | PRICE | DELIVERY | LOGS | ROUTING | ACCOUNT
"""Parameters that do not change the answer."""
NOISE_PREFIXES: Final = ("_", "langsmith_", "arize_", "posthog_", "weave_", "wandb_", "dd_", "newrelic_", "signoz_")
"""How names begin of what hosts note for themselves, and of settings of what they log to."""
NOISE_PARTS: Final = ("cost_per_", "token_cost")
"""What stands in the names of prices."""

ALIASES: Final[Mapping[str, str]] = {
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens",
    "stop_sequences": "stop",
}
"""Parameters that say the same as another one."""

_HOLD_HEADERS: Final = frozenset({"extra_headers", "headers", "default_headers", "additional_headers"})
HEADERS: Final = frozenset(
    {
        *("traceparent", "tracestate", "baggage", "b3", "sentry-trace", "x-request-id", "x-correlation-id", "x-amzn-trace-id"),
        *("x-cloud-trace-context", "authorization", "proxy-authorization", "cookie", "user-agent", "x-session-affinity"),
        *("idempotency-key", "x-stainless-retry-count", "content-type", "accept", "connection", "content-length", "host"),
        *("x-client-request-id", "x-trace-id", "helicone-session-id", "helicone-request-id", "x-litellm-trace-id", "uber-trace-id"),
        *("x-litellm-session-id", "x-litellm-call-id", "elastic-apm-traceparent", "grpc-trace-bin", "x-ot-span-context", "cf-ray"),
        *("x-amz-date", "set-cookie"),
    }
)
"""Headers that do not change the answer, in lower case; so are those of `HEADER_PREFIXES`."""
HEADER_PREFIXES: Final = ("x-taskroute-", "x-b3-", "x-datadog-", "langsmith-", "x-langfuse-", "langfuse_")

BODY: Final = frozenset(
    {
        *("metadata", "litellm_metadata", "requester_metadata", "user", "safety_identifier", "user_profile_id", "litellm_call_id"),
        *("litellm_trace_id", "litellm_session_id", "prompt_cache_key", "prompt_cache_retention", "service_tier", "store"),
    }
)
"""What does not change the answer in `extra_body` and `model_kwargs` either, where other words may be a provider's own."""
UNSET: Final = " unset"
"""How the name ends of a parameter of a model that the call gives as None: some models leave theirs out then, others do not."""

_SECRET: Final = re.compile(
    r"(?:api|access|private|signing|subscription|account|license)[_-]?keys?(?:[_-]id)?$"
    r"|(?:^|[_-])(?:secrets?|secret[_-]?key|passw(?:or)?d|passphrase|credentials?|authori[sz]ation|cookies?|bearer|basic[_-]auth)$"
    r"|^(?:auth|token)$|(?:^|[_-])(?:access|api|auth|ad|bearer|hf|id|identity|refresh|security|session)[_-]token$|token_provider$",
    re.IGNORECASE,
)
"""Names of parameters and headers that hold what only proves who asks."""


@lru_cache(maxsize=2048)
def is_secret(name: str) -> bool:
    """Return whether what has this name only proves who asks."""
    return _SECRET.search(name) is not None


@lru_cache(maxsize=2048)
def is_noise(name: str) -> bool:
    """Return whether a parameter of this name does not change the answer, or is a secret."""
    named = name in NOISE or name.startswith(NOISE_PREFIXES) or any(part in name for part in NOISE_PARTS)
    return named or is_secret(name)


@lru_cache(maxsize=2048)
def is_header_noise(name: str) -> bool:
    """Return whether a header of this name, in lower case, does not change the answer, or is a secret."""
    return name in HEADERS or name.startswith(HEADER_PREFIXES) or is_secret(name)


def overlaid(base: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of `base` with those of `over`, which win, also where they have another name for the same.

    What `over` has as None is `base`'s no longer, and is there as unset.
    """
    if not base or not over:
        return over or base
    said = {ALIASES.get(name, name) for name, value in over.items() if value is not None}
    unset = {ALIASES.get(name, name) for name, value in over.items() if value is None} - said
    found: dict[str, Any] = {}
    for name, value in base.items():
        target = ALIASES.get(name, name)
        if target not in said:
            found[f"{name}{UNSET}" if target in unset and value is not None else name] = value
    return {**found, **{name: value for name, value in over.items() if value is not None}}


def normal_parameters(parameters: Mapping[str, Any], tool_names: Collection[str] = ()) -> Mapping[str, Any]:
    """Return the parameters that change the answer, each under one name and in one form. Those that are None are as good as absent."""
    if not parameters:
        return NOTHING
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        # A name that is none is left for the caller to refuse.
        if value is None or (isinstance(name, str) and is_noise(name.removesuffix(UNSET))):  # pyright: ignore[reportUnnecessaryIsInstance]
            continue
        said = _normal(ALIASES.get(name, name), value, tool_names)
        if said is not None:
            found[name] = said
    return _one_name_each(found) if not found.keys().isdisjoint(ALIASES) else found


def _normal(name: str, value: Any, tool_names: Collection[str]) -> Any:
    """Return the one form of a value; None where it says nothing."""
    match name:
        case "n" | "candidate_count":
            return None if type(value) is int and value == 1 else value
        case "stop":
            return ([value] if isinstance(value, str) else value) or None
        case _ if name in _HOLD_HEADERS:
            return _headers(value)
        case "tool_choice":
            return _choice(value, tool_names)
        case "logit_bias" if isinstance(value, Mapping):
            # Numbers of tokens become texts on the way to the provider.
            return {str(token): bias for token, bias in cast("dict[Any, Any]", value).items()} or None
        case "extra_body" | "model_kwargs" if isinstance(value, Mapping):
            body = cast("dict[Any, Any]", value)
            return {key: inner for key, inner in body.items() if not (isinstance(key, str) and (key in BODY or is_secret(key)))} or None
        case "extra_body" | "extra_query" | "model_kwargs":
            return value or None
        case _:
            return value


def _headers(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    given = {str(name).lower(): text for name, text in cast("dict[Any, Any]", value).items() if text is not None}
    return {name: text for name, text in given.items() if not is_header_noise(name)} or None


def _choice(value: Any, tool_names: Collection[str]) -> Any:
    """Return a choice of tools in OpenAI's words. What could be the name of a tool as well as a word stays as it is."""
    if not isinstance(value, str):
        return value
    words = {"auto": None, "any": "required", "required": "required", "none": "none"}
    if value in words:
        return [value] if value in tool_names else words[value]
    return {"type": "function", "function": {"name": value}} if value in tool_names else value


def _one_name_each(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters under one name each; several that say the same thing differently keep theirs."""
    groups: dict[str, list[str]] = {}
    for name in found:
        groups.setdefault(ALIASES.get(name, name), []).append(name)
    return dict(_named(target, names, found) for target, names in groups.items())


def _named(target: str, names: Iterable[str], found: Mapping[str, Any]) -> tuple[str, Any]:
    several = {name: found[name] for name in names}
    first = next(iter(several.values()))
    if all(type(value) is type(first) and value == first for value in several.values()):
        return target, first
    return f"{target}?", several
