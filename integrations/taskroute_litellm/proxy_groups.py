"""The model groups of the proxy that this process runs, held against the policy."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from taskroute.policy.schema import Policy
from taskroute.warn import warn_once
from taskroute_litellm.asked_deployments import deployments_asked
from taskroute_litellm.groups import (
    aliases_of,
    group_behind,
    groups_of,
    groups_with_deployment,
    refuse_missing,
    refuse_virtual,
)
from taskroute_litellm.replaying import FREE, PROVIDER

REPLAY: Final = f"{PROVIDER}/*"
"""The group whose deployment gives out stored answers, under the name of the model that each is from."""
REPLAY_ID: Final = PROVIDER
"""The id of that deployment."""
_log: Final = logging.getLogger("taskroute")


def running_router() -> Any:
    """Return the router of the proxy in this process; None while there is none, and where there is no proxy."""
    return getattr(sys.modules.get("litellm.proxy.proxy_server"), "llm_router", None)


class ProxyGroups:
    """Says whether a policy can be carried out. The proxy builds its router after its hooks, so that it is looked for at each call."""

    def __init__(self, virtual: Sequence[str], find: Callable[[], Any] = running_router) -> None:
        self._virtual = virtual
        self._find = find
        self._fits: Policy | None = None

    def check(self, policy: Policy) -> None:
        """Raise ConfigurationError where a model of the policy is a virtual one too, or is no group.

        A policy that fits is not looked at again.
        """
        if self._fits is policy:
            return
        refuse_virtual(self._virtual, policy.models)
        router = self._find()
        if router is None:
            return
        groups, aliases = groups_of(router), aliases_of(router)
        refuse_missing(policy.models, groups, aliases)
        self._fits = policy
        self._say_unknown({*groups, *aliases}, policy)

    def running(self) -> Any:
        """Return the proxy's router; None while there is none."""
        return self._find()

    def resolved(self, name: str) -> str:
        """Return the group that a name stands for: LiteLLM goes on calling it by its alias."""
        router = self._find()
        return name if router is None else group_behind(router, name)

    def with_deployment(self, name: str) -> tuple[str, ...]:
        """Return the groups with a deployment that LiteLLM would take for this name: its id, or the model that it serves."""
        router = self._find()
        return () if router is None else groups_with_deployment(router, name)

    def deployments_asked(self, group: str, arguments: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """Return what LiteLLM is told of each deployment of a group that it may take for a call; nothing while there is no router."""
        router = self._find()
        return () if router is None else deployments_asked(router, group, arguments)

    def can_serve(self) -> bool:
        """Return whether the proxy's router has the group that gives out stored answers, which it is given the first time."""
        router = self._find()
        if router is None:
            return False
        try:
            _add_replay(router)
        except Exception as error:  # noqa: BLE001 - whatever it is, groups can answer
            name = type(error).__name__
            warn_once(
                "proxy", f"replay {name}", f"the proxy's router did not take what gives out stored answers ({name}); models are asked"
            )
            return False
        return True

    def _say_unknown(self, known: Collection[str], policy: Policy) -> None:
        for name in self._virtual:
            if name not in known:
                alias = f"router_settings: {{model_group_alias: {{{name}: {next(iter(policy.models))}}}}}"
                _log.warning("the proxy does not list %r, nor could it answer such calls without taskroute; write %s", name, alias)


def _add_replay(router: Any) -> None:
    # The provider comes first: a router refuses deployments of one that LiteLLM does not know.
    import_module("taskroute_litellm.replay").provide()
    if REPLAY in groups_of(router):
        return
    types: Any = import_module("litellm.types.router")
    # What a deployment costs goes before what LiteLLM would count and price itself.
    apply = getattr(router, "apply", None)
    # Older versions do not look at the tags of what is named by its id.
    tags = ["default"] if callable(apply) else None
    params = types.LiteLLM_Params(model=REPLAY, drop_params=True, tags=tags, **FREE)
    about = {"id": REPLAY_ID, "enable_tag_filtering": False, "allow_fail_open": True}
    deployment = types.Deployment(model_name=REPLAY, litellm_params=params, model_info=about)
    if callable(apply):
        # Since LiteLLM 1.110, which warns of the older way.
        apply(import_module("litellm.router_api").ChangeSet(upsert=[deployment]))
    else:
        router.add_deployment(deployment)
