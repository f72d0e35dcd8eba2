"""What a span says of a request before it is sent: which model, where, and with which parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from opentelemetry.util.types import AttributeValue

from taskroute.addresses import server_of
from taskroute.steps import Ask, Attempt
from taskroute.telemetry import attributes as names
from taskroute.telemetry.describe import KnownModel, present, provider_name, safe_name
from taskroute.types import NOTHING_SENT, Call, Sent

_AUTO: Final = "auto"


def provider_of(known: KnownModel | None, sent: Sent) -> str | None:
    """Return the provider as the conventions name it, by the policy or else by the host; None where only the answer may tell."""
    return provider_name(_first(known.provider if known is not None else None, _text(sent.provider), sent))


def model_of(step: Attempt | Ask, known: KnownModel | None, sent: Sent) -> str:
    """Return the provider's own name of the model, by the policy or else by the host; else its name in the policy."""
    return _first(known.model_id if known is not None else None, _text(sent.model), sent) or step.model


def _first(by_policy: str | None, by_host: str | None, sent: Sent) -> str | None:
    return (by_host or by_policy) if sent.is_certain else (by_policy or by_host)


def of_request(step: Attempt, known: KnownModel | None, call: Call, sent: Sent = NOTHING_SENT) -> dict[str, AttributeValue]:
    """Return what is known of an attempt before it is sent, for samplers to see."""
    address, port = address_of(known, sent)
    provider = provider_of(known, sent)
    return present(
        {
            names.OPERATION_NAME: call.operation,
            names.PROVIDER_NAME: provider,
            names.REQUEST_MODEL: model_of(step, known, sent),
            names.SERVER_ADDRESS: address,
            names.SERVER_PORT: port if address else None,
            **(_of_embeddings(sent) if call.operation == "embeddings" else _of_generation(sent, call, provider)),
            names.MODEL: step.model,
            names.ATTEMPT: step.number,
            names.FALLBACK_FROM: step.fallback_from,
            names.FALLBACK_REASON: step.fallback_reason,
            names.TIMEOUT_ENFORCED: step.timeout_enforced,
            names.CLIENT_RETRIES: step.client_retries,
        }
    )


def address_of(known: KnownModel | None, sent: Sent) -> tuple[str | None, int | None]:
    """Return the address and the port of the server, by the policy or else by the host; never a user's name or password in it."""
    base_url = known.base_url if known is not None else None
    if base_url and not (sent.is_certain and sent.server_address):
        return server_of(base_url)
    return _text(sent.server_address), _count(sent.server_port)


def _of_generation(sent: Sent, call: Call, provider: str | None) -> Mapping[str, AttributeValue | None]:
    asked: dict[str, AttributeValue | None] = {
        names.REQUEST_STREAM: True if call.streams else None,
        names.CONVERSATION_ID: safe_name(call.conversation),
    }
    if sent is NOTHING_SENT:
        return asked
    choices, tier = _count(sent.choice_count), _text(sent.service_tier)
    return {
        **asked,
        names.REQUEST_TEMPERATURE: _number(sent.temperature),
        names.REQUEST_TOP_P: _number(sent.top_p),
        names.REQUEST_TOP_K: _count(sent.top_k),
        names.REQUEST_MAX_TOKENS: _count(sent.max_tokens),
        names.REQUEST_FREQUENCY_PENALTY: _number(sent.frequency_penalty),
        names.REQUEST_PRESENCE_PENALTY: _number(sent.presence_penalty),
        names.REQUEST_STOP_SEQUENCES: _texts(sent.stop_sequences),
        names.REQUEST_SEED: _count(sent.seed),
        names.REQUEST_CHOICE_COUNT: None if choices == 1 else choices,
        names.REQUEST_REASONING_LEVEL: _text(sent.reasoning_level),
        names.REQUEST_PREVIOUS_RESPONSE_ID: _text(sent.previous_response_id),
        names.OUTPUT_TYPE: _text(sent.output_type),
        names.PROMPT_NAME: _text(sent.prompt_name),
        names.PROMPT_VERSION: _text(sent.prompt_version) if sent.prompt_name else None,
        names.OPENAI_REQUEST_SERVICE_TIER: tier if provider == names.OPENAI and tier != _AUTO else None,
    }


def _of_embeddings(sent: Sent) -> Mapping[str, AttributeValue | None]:
    return {
        names.EMBEDDINGS_DIMENSION_COUNT: _count(sent.dimensions),
        names.REQUEST_ENCODING_FORMATS: _texts(sent.encoding_formats),
    }


# What a caller passes as a parameter goes to the provider as it is, and may be of any type. A span's attribute has one.


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return float(value) if usable and math.isfinite(value) else None


def _count(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    usable = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return int(value) if usable else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(values: Any) -> tuple[str, ...]:
    found = cast("Sequence[object]", values) if isinstance(values, tuple | list) else ()
    return tuple(value for value in found if isinstance(value, str))
