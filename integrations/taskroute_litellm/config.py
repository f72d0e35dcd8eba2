"""From a policy to the configuration of a LiteLLM proxy that carries it out. Imports nothing of LiteLLM."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import yaml

from taskroute.decision.snapshot import Snapshot
from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec
from taskroute_litellm.groups import refuse_virtual
from taskroute_litellm.naming import as_reference, litellm_model, litellm_params, variables_of

MASTER_KEY: Final = "LITELLM_MASTER_KEY"
_HOOK: Final = "taskroute_litellm.proxy_hook"


class ProxyConfig(NamedTuple):
    """The configuration of a proxy, and what has to be set for it."""

    document: dict[str, Any]
    variables: tuple[str, ...]
    """Environment variables that it names."""
    keyless: tuple[str, ...]
    """LiteLLM's names of the models for which the policy names no variable with the key: LiteLLM looks for the provider's usual one."""


def proxy_config(snapshot: Snapshot, *, virtual: Sequence[str] = ("auto",)) -> ProxyConfig:
    """Return the configuration for a policy: a group for each model, and `virtual` as other names of the first model of `default`.

    Variables are named, never read. Raises ConfigurationError for a model that LiteLLM's configuration cannot describe.
    """
    specs = tuple(snapshot.registry.values())
    _refuse_virtual(virtual, [spec.name for spec in specs])
    document: dict[str, Any] = {
        "model_list": [{"model_name": spec.name, "litellm_params": _params(spec)} for spec in specs],
        "router_settings": {
            "model_group_alias": dict.fromkeys(virtual, snapshot.policy.default[0]),
            "fallbacks": _fallbacks(snapshot, virtual),
        },
        "litellm_settings": {"callbacks": [_HOOK]},
        "general_settings": {"master_key": f"os.environ/{MASTER_KEY}"},
    }
    found = [MASTER_KEY, *(name for spec in specs for name in variables_of(spec))]
    keyless = [litellm_model(spec) for spec in specs if spec.api_key_env is None]
    return ProxyConfig(document, tuple(dict.fromkeys(found)), tuple(dict.fromkeys(keyless)))


def _fallbacks(snapshot: Snapshot, virtual: Sequence[str]) -> list[dict[str, list[str]]]:
    """Return LiteLLM's fallbacks. It looks for those of an alias under the alias, never under the group that this stands for."""
    after = followers(snapshot)
    of_aliases = dict.fromkeys(virtual, after[snapshot.policy.default[0]])
    return [{name: list(found)} for name, found in {**of_aliases, **after}.items() if found]


def followers(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Return for each model the ones that follow it: first those of `default`, then those of the routes, in the order of the policy.

    LiteLLM knows an order for each group, not for each call. So a model with a label that some rule asks for is only followed by models
    that have it too.
    """
    policy, registry = snapshot.policy, snapshot.registry
    asked = frozenset(label for rule in policy.require for label in rule.labels)
    found: dict[str, dict[str, None]] = {name: {} for name in registry}
    for order in (policy.default, *(route.models for route in snapshot.routes)):
        for place, name in enumerate(order):
            needed = registry[name].labels & asked
            found[name].update(dict.fromkeys(after for after in order[place + 1 :] if needed <= registry[after].labels and after != name))
    return {name: tuple(after) for name, after in found.items()}


def as_yaml(config: ProxyConfig, *, policy: str, version: str) -> str:
    """Return the configuration as the text of a file, with a comment that says where it is from and what to set."""
    head = [
        f"Configuration of a LiteLLM proxy, written by `taskroute litellm config` from {_one_line(policy)}, version {version}.",
        "Which model answers is said in the policy: write this file anew when the models in it change.",
        "",
        f"Set in the environment: TASKROUTE_POLICY (the path of the policy), {', '.join(config.variables)}.",
    ]
    if config.keyless:
        head.append(f"LiteLLM looks for the keys of these in the usual variables of their providers: {', '.join(config.keyless)}.")
    head.append("`fallbacks` hold while taskroute is switched off; otherwise each call brings its own.")
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return comment + yaml.safe_dump(config.document, sort_keys=False, allow_unicode=True, width=120)  # pyright: ignore[reportUnknownMemberType]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _params(spec: ModelSpec) -> dict[str, Any]:
    given = litellm_params(spec, as_reference)
    return {"model": given.pop("model"), **given}


def _refuse_virtual(virtual: Sequence[str], models: Collection[str]) -> None:
    if not virtual or not all(virtual):
        raise ConfigurationError("no virtual model is named; give the names that stand for the policy's choice, such as 'auto'")
    refuse_virtual(virtual, models)
