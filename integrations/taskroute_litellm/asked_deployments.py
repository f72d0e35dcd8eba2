"""The deployments that a call of a group may be answered by, as the key of its answer needs them. Imports nothing of LiteLLM."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from taskroute.reading import as_list, as_mapping, as_text

ABOUT: Final = "model_info"
"""Where a deployment stands with what LiteLLM knows of it beside its parameters."""
FILTERS: Final = "enable_tag_filtering"
_METADATA: Final = ("metadata", "litellm_metadata")
_VARIABLE: Final = "os.environ/"
_USUAL: Final = frozenset(
    {"allow_client_keepalive_override", "use_in_pass_through", "use_litellm_proxy", "use_xai_oauth", "merge_reasoning_content_in_choices"}
)
"""Switches that LiteLLM writes into every deployment, off."""


def deployments_asked(litellm_router: Any, group: str, arguments: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return what LiteLLM is told of each deployment that it may take for a call of a group: those of the caller's team, if it has some.

    What the router tells every deployment is among it, and what it knows of each is in `model_info`.
    """
    team = team_of(arguments)
    registry = getattr(litellm_router, "registry", None)
    settings = getattr(litellm_router, "settings", None)
    if callable(registry):
        # Since LiteLLM 1.110, which warns of the older ways.
        known: Any = registry()
        found: Any = known.deployments(group, team_id=team)
    else:
        found = litellm_router.get_model_list(model_name=group, team_id=team)
    said: Any = settings() if callable(settings) else litellm_router
    given = as_mapping(getattr(said, "default_litellm_params", None))
    filters = bool(getattr(said, FILTERS, False))
    listed: Iterable[Any] = found or ()
    return tuple([_told(as_mapping(deployment), given, filters=filters) for deployment in listed])


def _told(deployment: Mapping[str, Any], given: Mapping[str, Any], *, filters: bool) -> Mapping[str, Any]:
    about = as_mapping(deployment.get(ABOUT))
    known = {"team_id": about.get("team_id"), FILTERS: filters or bool(about.get(FILTERS))}
    return {**as_mapping(deployment.get("litellm_params")), **given, ABOUT: known}


def team_of(arguments: Mapping[str, Any]) -> str | None:
    """Return the team that a proxy says a call is of."""
    said = (as_mapping(arguments.get(name)).get("user_api_key_team_id") for name in _METADATA)
    return next((team for each in said if (team := as_text(each))), None)


def own_parameters(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of a deployment, with what its variables hold, and without switches that are off."""
    return {
        name: _resolved(value)
        for name, value in deployment.items()
        if value is not None and name != ABOUT and (value or name not in _USUAL)
    }


def _resolved(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_VARIABLE):
        return os.environ.get(value.removeprefix(_VARIABLE), value)
    return value


def chosen_by(deployments: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what else of a call says which deployments may answer it: its tags, its team; None where that cannot be told.

    Where nobody says whether the router looks at them, it may.
    """
    found: dict[str, Any] = {}
    about = [as_mapping(deployment.get(ABOUT)) for deployment in deployments]
    team = team_of(arguments)
    unsaid = any(ABOUT not in deployment for deployment in deployments)
    if (team is not None and unsaid) or any(known.get("team_id") for known in about):
        found["team of the caller"] = team
    filters = arguments.get(FILTERS) or any(known.get(FILTERS, True) for known in about)
    if not filters:
        return found
    if any(deployment.get("tag_regex") for deployment in deployments):
        return None
    if any(deployment.get("tags") for deployment in deployments):
        found["tags of the call"] = _tags(arguments)
    return found


def _tags(arguments: Mapping[str, Any]) -> Sequence[str]:
    places = (arguments, *[as_mapping(arguments.get(name)) for name in _METADATA])
    return sorted({str(tag) for place in places for tag in as_list(place.get("tags"))})
