"""The provider for a LiteLLM proxy: `custom_handler: taskroute_litellm.provider_handler`, for the policy in TASKROUTE_POLICY.

A changed file is read again, as by the hook. Imports LiteLLM.
"""

from __future__ import annotations

import os
from typing import Any

from taskroute.decision.snapshot import compile_policy
from taskroute.errors import ConfigurationError
from taskroute_litellm.handler import Handler
from taskroute_litellm.policy_file import PolicyFile
from taskroute_litellm.provider import refuse_models


def __getattr__(name: str) -> Any:
    if name != "provider_handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    path = os.environ.get("TASKROUTE_POLICY", "").strip()
    if not path:
        raise ConfigurationError("TASKROUTE_POLICY is not set; set it to the path of the policy that the provider carries out")
    file = PolicyFile(path)
    refuse_models(file.router.snapshot.registry, {})
    file.refuse = lambda policy: refuse_models(compile_policy(policy).registry, {})
    found = globals()[name] = Handler(file.router, "taskroute", {}, file=file)
    return found
