"""Does an answer depend on what the provider keeps, beside the request? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from taskroute.reading import as_mapping

STATE: Final = frozenset(
    {
        *("previous_response_id", "use_previous_response_id", "previous_interaction_id", "conversation", "conversation_id"),
        *("background", "container", "reuse_last_container", "thread_id", "assistant_id", "cached_content", "prompt"),
    }
)
"""Parameters that make an answer depend on what the provider keeps, or leave it with the provider, wherever they are given."""
_BODIES: Final = ("extra_body", "model_kwargs")
"""Where parameters stand that a provider is sent as they are."""


def depends_on_state(parameters: Mapping[str, Any], tools: Iterable[Mapping[str, Any]] = ()) -> bool:
    """Return whether the answer to a request depends on what the provider keeps, or stays there.

    A container counts where its id is given, a prompt of the provider's where its version is not: it may be another one tomorrow.
    """
    if parameters:
        places = (parameters, *[as_mapping(parameters[name]) for name in _BODIES if name in parameters])
        for place in places:
            if not STATE.isdisjoint(place) and any(_is_state(name, place[name]) for name in STATE & place.keys()):
                return True
    return any(_is_state("container", tool["container"]) for tool in tools if "container" in tool)


def _is_state(name: str, value: Any) -> bool:
    if name == "prompt":
        fields = as_mapping(value)
        return bool(fields.get("id")) and not fields.get("version")
    if name == "container" and isinstance(value, Mapping):
        return bool(as_mapping(value).get("id"))
    return bool(value)
