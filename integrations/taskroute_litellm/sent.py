"""What a LiteLLM request sends to a model besides its messages: tools, the answer's schema, the other parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from taskroute.reading import as_list
from taskroute_litellm.conversation import READER, Endpoint, fields_of

_LIMITS: Final = frozenset({"max_completion_tokens", "max_tokens", "max_output_tokens"})
_IN_FORMATS: Final = frozenset({"text", "output_config"})
"""Arguments that hold a format among others."""
_FORMATS: Final = frozenset({"response_format", "text_format", "output_format"}) | _IN_FORMATS
_NOT_SENT: Final = frozenset(
    {
        *("model", "metadata", "litellm_metadata", "headers", "extra_headers", "extra_query", "proxy_server_request", "tags"),
        *("stream", "stream_options", "timeout", "request_timeout", "stream_timeout", "force_timeout", "client_side_timeout"),
        *("num_retries", "max_retries", "retry_policy", "retry_strategy", "fallbacks", "context_window_fallbacks", "max_fallbacks"),
        *("content_policy_fallbacks", "context_window_fallback_dict", "default_fallbacks", "fallback_depth", "attempted_targets"),
        *("cooldown_time", "routing_strategy", "allowed_model_region", "specific_deployment", "deployment_id", "model_list"),
        *("model_info", "base_model", "model_config", "model_alias_map", "model_file_id_mapping", "silent_model", "weight", "weights"),
        *("order", "tag_regex", "enable_tag_filtering", "provider_affinity_header", "fastest_response", "priority", "rpm", "tpm"),
        *("itpm", "otpm", "rpd", "tpd", "max_parallel_requests", "max_budget", "budget_duration", "data_residency"),
        *("cache", "caching", "caching_groups", "ttl", "preset_cache_key", "cache_key", "enable_prompt_caching", "no-log", "verbose"),
        *("mock_response", "mock_timeout", "mock_tool_calls", "logger_fn", "callbacks", "success_callback", "failure_callback"),
        *("service_callback", "standard_logging_object", "turn_off_message_logging", "guardrails", "guardrail_config", "policies"),
        *("custom_llm_provider", "provider_specific_header", "base_url", "organization", "client", "shared_session", "ssl_verify"),
        *("client_id", "tenant_id", "client_secret", "secret_fields", "drop_params", "additional_drop_params", "allowed_openai_params"),
        *("custom_prompt_dict", "roles", "initial_prompt_value", "final_prompt_value", "bos_token", "eos_token", "hf_model_name"),
        *("prompt_id", "prompt_version", "prompt_label", "prompt_environment", "supports_system_message", "complete_response"),
        *("id", "self", "kwargs", "args", "acompletion", "aembedding", "atext_completion", "text_completion", "async_call"),
        *("completion_call_id", "original_function", "model_group", "original_generic_function", "region_name", "rust", "use_client"),
        *("max_agentic_loops", "max_file_size_mb", "cost_per_query", "cost_per_second", "tiered_pricing", "use_litellm_proxy"),
    }
)
"""Arguments that are LiteLLM's own, or stay out of what routing reads."""
_OWN_BY_ENDPOINT: Final[Mapping[str, frozenset[str]]] = {
    "completion": _NOT_SENT | {"messages"},
    "messages": _NOT_SENT | {"messages", "system"},
    "responses": _NOT_SENT | {"input", "instructions"},
    "text_completion": _NOT_SENT | {"prompt"},
    "embedding": _NOT_SENT | {"input"},
}
"""The same, with what the messages are made of."""
_SENT: Final = frozenset({"prompt_cache_key", "prompt_variables", "store", "stop", "temperature", "top_p", "seed", "response_format"})
_OWN: Final = re.compile(
    r"_|litellm|api_|aws_|azure|vertex_|gcs_|s3_|bedrock_|mock_|router_|auto_router|complexity_router|adaptive_router|quality_router"
    r"|switchyard_|langfuse|langsmith|humanloop|arize|posthog|wandb|weave|dd_|newrelic|signoz|input_cost|output_cost|cache_creation_"
    r"|cache_read_|openai_|anthropic_|github_copilot|chatgpt_|token_exchange_|fireworks_"
)
"""How names begin that are settings of LiteLLM, of its integrations or of a provider's client."""
_SECRET: Final = re.compile(
    r"(?:api|access|private|signing|subscription|account|license)[_-]?keys?$|secret|passw|credential|authori[sz]ation|cookie"
    r"|(?:^|[_-])(?:auth|bearer)(?:$|[_-])|(?:^|[_-])token$|^headers$",
)
"""Names under which nobody writes what a model is meant to read."""


class Sent(NamedTuple):
    """What goes to the model besides the messages."""

    tools: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    """Texts, without settings of LiteLLM and without secrets."""
    output_schema: bool = False
    max_tokens: int | None = None


_NONE: Final = Sent()


def sent_of(endpoint: Endpoint, arguments: Mapping[str, Any]) -> Sent:
    """Return what goes to the model besides the messages."""
    own = _OWN_BY_ENDPOINT[endpoint]
    rest = [name for name in arguments if name not in own]
    return _NONE if not rest else _sent(arguments, rest)


def _sent(arguments: Mapping[str, Any], names: Iterable[str]) -> Sent:
    tools: tuple[str, ...] = ()
    limit: int | None = None
    schema = False
    texts: list[str] = []
    for name in names:
        value = arguments.get(name)
        if value is None or value is True or value is False:
            continue
        if name == "tools":
            given = as_list(value)
            tools = tuple([_tool_name(fields_of(tool)) for tool in given])
            texts.extend([READER.json_text(tool if _is_function(tool) else _open(tool)) for tool in given])
        elif name in _LIMITS and isinstance(value, int):
            limit = value if limit is None else max(limit, value)
        elif is_sent(name):
            schema = schema or (name in _FORMATS and _is_schema(name, value))
            texts.extend(_parameter(name, value))
    return Sent(tools, tuple(texts), schema, limit)


def _tool_name(tool: Mapping[str, Any]) -> str:
    function = fields_of(tool.get("function")) or tool
    return str(function.get("name") or tool.get("type") or "tool")


def _parameter(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield f'{name}: "{value}"'
    elif isinstance(value, int | float):
        yield f"{name}: {value}"
    elif not isinstance(value, list | tuple | dict) or value:
        yield f"{name}: {READER.json_text(value if name in _FORMATS else _open(value))}"


def _is_schema(name: str, value: Any) -> bool:
    wanted = fields_of(value).get("format") if name in _IN_FORMATS else value
    return wanted is not None and fields_of(wanted).get("type") != "text"


@lru_cache(maxsize=1024)
def is_sent(name: str) -> bool:
    """Return whether an argument of this name is meant for the model, where it is none of those known to be LiteLLM's."""
    return name in _SENT or not (_OWN.match(name) or _SECRET.search(name.lower()))


def _is_function(tool: Any) -> bool:
    """Return whether a tool is described to the model alone. One that the provider runs may hold secrets for that."""
    fields = fields_of(tool)
    return "function" in fields or "parameters" in fields or "input_schema" in fields


def _open(value: Any, around: tuple[int, ...] = ()) -> Any:
    """Return a value without the secrets at any depth of it."""
    if id(value) in around or isinstance(value, str | int | float):
        return value
    around = (*around, id(value))
    if isinstance(value, list | tuple):
        return [_open(item, around) for item in as_list(value)]
    fields: Mapping[Any, Any] = fields_of(value)
    if not fields:
        return value
    return {key: _open(inner, around) for key, inner in fields.items() if not (isinstance(key, str) and _SECRET.search(key.lower()))}
