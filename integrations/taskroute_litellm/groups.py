"""The model groups of a LiteLLM router, held against the models of a policy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from taskroute.errors import ConfigurationError
from taskroute.reading import as_mapping, as_text


def groups_of(litellm_router: Any) -> tuple[str, ...]:
    """Return the names of the groups that have a deployment."""
    registry = _registry(litellm_router)
    names: Iterable[Any] = litellm_router.get_model_names() if registry is None else registry.names(kind="groups")
    aliases = set(aliases_of(litellm_router))
    return tuple(sorted({str(name) for name in names} - aliases))


def aliases_of(litellm_router: Any) -> tuple[str, ...]:
    """Return the names that stand for a group."""
    registry = _registry(litellm_router)
    aliases: Iterable[Any] | None = litellm_router.model_group_alias if registry is None else registry.aliases()
    return tuple(sorted(str(name) for name in aliases or ()))


def group_behind(litellm_router: Any, name: str) -> str:
    """Return the group that a name stands for: itself, unless it is an alias."""
    registry = _registry(litellm_router)
    aliases = litellm_router.model_group_alias if registry is None else registry.aliases()
    target = as_mapping(aliases).get(name)
    # An alias that is not listed among the models is written as a mapping.
    return as_text(target) or as_text(as_mapping(target).get("model")) or name


def deployments_of(litellm_router: Any, group: str) -> tuple[Mapping[str, Any], ...]:
    """Return what LiteLLM is told of each deployment of a group."""
    registry = _registry(litellm_router)
    found: Iterable[Any] = litellm_router.get_model_list(model_name=group) if registry is None else registry.deployments(group)
    return tuple([as_mapping(deployment.get("litellm_params")) for deployment in map(as_mapping, found or ())])


def goes_on_within(litellm_router: Any, deployments: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether LiteLLM goes from one deployment of a group to another by its code for fallbacks."""
    orders = {deployment["order"] for deployment in deployments if deployment.get("order") is not None}
    return len(orders) > 1 or getattr(litellm_router, "enable_weighted_failover", False) is True


def groups_with_deployment(litellm_router: Any, name: str) -> tuple[str, ...]:
    """Return the groups with a deployment that LiteLLM takes for this name: its id, a team's own name of it, or the model that it serves.

    A group or an alias of the name comes before all of these, a wildcard before the last.
    """
    if name in groups_of(litellm_router) or name in aliases_of(litellm_router):
        return ()
    registry = _registry(litellm_router)
    patterns = litellm_router.pattern_router if registry is None else registry.patterns()
    served = None if patterns.route(name) else name
    deployments: Iterable[Any] = (litellm_router.get_model_list() if registry is None else registry.deployments()) or ()
    found: list[str] = []
    for deployment in map(as_mapping, deployments):
        group, about = deployment.get("model_name"), as_mapping(deployment.get("model_info"))
        public = as_text(about.get("team_public_model_name"))
        model = as_mapping(deployment.get("litellm_params")).get("model")
        if name in (about.get("id"), public and group) or (served is not None and served == model):
            found.append(public or str(group))
    return tuple(found)


def _registry(litellm_router: Any) -> Any:
    """Return where LiteLLM keeps them since 1.110, which warns of the older ways; None before."""
    registry: Any = getattr(litellm_router, "registry", None)
    return registry() if callable(registry) else None


def refuse_missing(models: Iterable[str], groups: Collection[str], aliases: Collection[str]) -> None:
    """Raise ConfigurationError where a model of the policy is no group."""
    wanted = tuple(models)
    missing = [name for name in wanted if name not in groups and name not in aliases]
    if missing:
        raise ConfigurationError(
            f"no model group of LiteLLM's router is named {_listed(missing)}: a model of the policy is a group of the same name.\n"
            f"  models of the policy:   {', '.join(wanted)}\n"
            f"  groups of the router:   {', '.join(groups) or 'none'}\n"
            f"  aliases of the router:  {', '.join(aliases) or 'none'}\n"
            "Add deployments with that model_name to the model_list, or rename one side"
        )


def refuse_virtual(virtual: Iterable[str], models: Collection[str]) -> None:
    """Raise ConfigurationError where a virtual name is that of a model, which could then not be told from the policy's choice."""
    for name in virtual:
        if name in models:
            raise ConfigurationError(
                f"the virtual model {name!r} is a model of the policy too ({_listed(models)}); give the virtual model another name"
            )


def refuse_unretried(virtual: Sequence[str], groups: Collection[str], aliases: Collection[str], default: str) -> None:
    """Raise ConfigurationError where LiteLLM would not know a virtual name: without taskroute in front of it the call would fail.

    LiteLLM also counts the retries of a call by the deployments of the name that was asked for.
    """
    unknown = [name for name in virtual if name not in groups and name not in aliases]
    if unknown:
        alias = ", ".join(f"{name!r}: {default!r}" for name in unknown)
        raise ConfigurationError(
            f"LiteLLM knows no model group and no alias {_listed(unknown)}, so it would neither retry such a call nor answer it while "
            f"taskroute is off; build the router with model_group_alias={{{alias}}}"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
