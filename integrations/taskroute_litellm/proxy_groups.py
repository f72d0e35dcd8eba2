"""The model groups of the proxy that this process runs, held against the policy."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from taskroute.policy.schema import Policy
from taskroute_litellm.groups import aliases_of, group_behind, groups_of, groups_with_deployment, refuse_missing, refuse_virtual

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

    def resolved(self, name: str) -> str:
        """Return the group that a name stands for: LiteLLM goes on calling it by its alias."""
        router = self._find()
        return name if router is None else group_behind(router, name)

    def with_deployment(self, name: str) -> tuple[str, ...]:
        """Return the groups with a deployment that LiteLLM would take for this name: its id, or the model that it serves."""
        router = self._find()
        return () if router is None else groups_with_deployment(router, name)

    def _say_unknown(self, known: Collection[str], policy: Policy) -> None:
        for name in self._virtual:
            if name not in known:
                alias = f"router_settings: {{model_group_alias: {{{name}: {next(iter(policy.models))}}}}}"
                _log.warning("the proxy does not list %r, nor could it answer such calls without taskroute; write %s", name, alias)
