"""How a request of the proxy's is sent to what gives out stored answers, and becomes one that it takes. Imports nothing of LiteLLM."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

from taskroute.reading import as_mapping
from taskroute_litellm.cache_use import NOT_LITELLMS
from taskroute_litellm.calls import bucket_of
from taskroute_litellm.proxy_groups import REPLAY_ID
from taskroute_litellm.replaying import PROVIDER, Replayed

GROUP: Final = "taskroute_group"
"""The key in LiteLLM's own metadata for the group that a stored answer stands for."""
_OF_MODELS: Final = frozenset(
    {
        *("reasoning_effort", "reasoning", "verbosity", "thinking", "output_config", "modalities", "audio", "prediction"),
        *("web_search_options", "logprobs", "top_logprobs", "allowed_openai_params", "additional_drop_params", "mock_response"),
    }
)
"""What only a model can heed. LiteLLM refuses some of it for a provider that it does not know."""


def direct(data: MutableMapping[str, Any], candidates: Sequence[str]) -> None:
    """Send a request to what gives out stored answers; should that fail, LiteLLM goes on with the groups.

    By the deployment's id: whom the router takes for a name depends on tags, teams and limits, which are about models.
    """
    data["model"], data["fallbacks"] = REPLAY_ID, [*candidates]
    # LiteLLM's own cache would take one stored answer for another.
    data["cache"] = {**NOT_LITELLMS}


def is_for_replay(kwargs: Mapping[str, Any], group: str) -> bool:
    """Return whether this is the call of what gives out stored answers, be it LiteLLM's first or one that it makes for another."""
    model = str(kwargs.get("model"))
    return group.startswith(PROVIDER) or model.startswith(PROVIDER) or kwargs.get("custom_llm_provider") == PROVIDER


def as_replay(kwargs: Mapping[str, Any], replayed: Replayed) -> dict[str, Any]:
    """Return the arguments of that call without what only a model can heed, under the name of the model that the answer is from."""
    given = {name: value for name, value in kwargs.items() if name not in _OF_MODELS}
    if str(given.get("model")).startswith(PROVIDER):
        given["model"] = f"{PROVIDER}/{replayed.model}"
    return {**given, "drop_params": True}


def note_in_log(details: MutableMapping[str, Any]) -> None:
    """Write into what is logged of a call that its answer was stored, where it was, and which group's."""
    about = bucket_of(as_mapping(details.get("litellm_params")))
    group = about.get(GROUP)
    if group is None or not str(about.get("model_group")).startswith(PROVIDER):
        return
    details["cache_hit"] = True
    logged: Any = details.get("standard_logging_object")
    if isinstance(logged, dict):
        logged.update(cache_hit=True, model_group=group)  # pyright: ignore[reportUnknownMemberType]
