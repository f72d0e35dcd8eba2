"""What a provider says, in LiteLLM's answers, of its service tier and of the cost. What LiteLLM worked out itself is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskroute.reading import as_text
from taskroute.reported import COST_HEADER, reported_header, reported_in
from taskroute.types import Cost
from taskroute_litellm.usage import field

_FROM_PROVIDER: Final = f"llm_provider-{COST_HEADER}"
"""How LiteLLM names a header of the server that answered. What it writes there itself is a number, and no text."""
_UPSTREAM: Final = "upstream_usage_cost"
"""Where it keeps the provider's own `cost` once it has written its bill over it."""
_TRAFFIC: Final[Mapping[str, str]] = {
    "ON_DEMAND": "standard",
    "ON_DEMAND_PRIORITY": "priority",
    "ON_DEMAND_FLEX": "flex",
    "PROVISIONED_THROUGHPUT": "provisioned",
}
"""Vertex's words."""


def tier_of(answer: Any) -> str | None:
    """Return the class of service that answered: of a whole answer, or of a chunk."""
    # OpenAI says `auto` of a response until it has chosen.
    tier = as_text(field(answer, "service_tier")) or as_text(field(field(answer, "usage"), "service_tier"))
    if tier is not None:
        return None if tier == "auto" else tier
    beside = field(field(answer, "_hidden_params"), "provider_specific_fields")
    traffic = as_text(field(beside, "traffic_type"))
    return None if traffic is None else _TRAFFIC.get(traffic, traffic.lower())


def reported_by(answer: Any) -> Cost | None:
    """Return the cost that a whole answer has from its provider, or from a gateway in front."""
    hidden = field(answer, "_hidden_params")
    found = reported_in(field(answer, "usage"))
    return found or reported_header(field(field(hidden, "additional_headers"), _FROM_PROVIDER))


def reported_sent(chunks: Sequence[Any]) -> Cost | None:
    """Return the cost in what a provider sent of a stream."""
    return next(filter(None, (reported_in(usage) for chunk in reversed(chunks) if (usage := field(chunk, "usage")) is not None)), None)


def reported_at_the_end(usage: Any, hidden: Any) -> Cost | None:
    """Return the cost in the usage that LiteLLM ends a stream with. It writes its own bill there, and older releases leave no sign."""
    if field(usage, "cost_in_usd_ticks") is not None:
        return reported_in(usage)
    if not isinstance(hidden, Mapping) or _UPSTREAM not in hidden:
        return None
    told = {name: field(usage, name) for name in ("is_byok", "cost_details")}
    return reported_in({**told, "cost": hidden[_UPSTREAM]})
