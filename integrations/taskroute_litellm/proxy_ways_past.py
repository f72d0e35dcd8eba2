"""Requests to the proxy that would reach a model past the policy, and are refused. Imports LiteLLM."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any

from litellm.exceptions import BadRequestError

from taskroute.decision.snapshot import Snapshot
from taskroute.reading import as_mapping
from taskroute_litellm.proxy_answers import http_error
from taskroute_litellm.proxy_groups import ProxyGroups
from taskroute_litellm.replaying import PROVIDER


class _Undecided(BadRequestError):
    """An attempt that no decision stands behind."""


class WaysPast:
    """Knows by which names LiteLLM reaches a model of the policy. Each method raises the error that the client gets, or nothing."""

    def __init__(self, virtual: Collection[str], groups: ProxyGroups) -> None:
        self._virtual = virtual
        self._groups = groups

    def stored(self, model: str) -> None:
        """Refuse a request for a stored answer by its name: only the hook knows for whom it is."""
        if PROVIDER in model:
            raise http_error(400, f"{model!r} gives out what is stored, and cannot be asked for; ask for a model of this proxy")

    def several(self, models: str, snapshot: Snapshot) -> None:
        """Refuse a request to several models at once, which LiteLLM sends to each as it is, where a decision could not be kept."""
        for name in [name.strip() for name in models.split(",")]:
            if name in self._virtual or (snapshot.rules and self._groups.resolved(name) in snapshot.registry):
                raise http_error(400, f"{name!r} is routed, and cannot be one of several models of a request; ask for it alone")
            if snapshot.rules:
                self.deployment(name, snapshot)

    def deployment(self, model: str, snapshot: Snapshot) -> None:
        """Refuse a request to one deployment of a model of the policy, by its id or by LiteLLM's name of what it serves."""
        for group in self._groups.with_deployment(model):
            if group in snapshot.registry:
                raise http_error(400, f"{model!r} names a deployment of {group!r}, past the policy's 'require'; ask for {group!r} instead")

    def of_another_kind(self, model: str, snapshot: Snapshot) -> None:
        """Refuse a request of a kind whose text is not read here, to a model that not every text may reach."""
        if model in self._virtual or self._groups.resolved(model) in snapshot.registry:
            raise http_error(400, f"{model!r} is routed with 'require', which is not kept for requests of this kind; use another model")
        self.deployment(model, snapshot)

    def undecided(self, kwargs: Mapping[str, Any], snapshot: Snapshot) -> None:
        """Refuse an attempt that no decision stands behind, such as that of a path of the proxy's which asks no hook before."""
        if snapshot.policy.mode != "enforce" or snapshot.disabled or not snapshot.rules:
            return
        caught = sys.exception()
        if isinstance(caught, _Undecided):
            # The proxy's own fallbacks go on from a refusal, too.
            raise caught
        about = [as_mapping(kwargs.get(name)) for name in ("metadata", "litellm_metadata")]
        for name in {str(found["model_group"]) for found in about if "model_group" in found}:
            if self._groups.resolved(name) in snapshot.registry:
                raise _Undecided(f"taskroute: {name!r} has a policy with 'require', which is not kept on this path", name, "")
