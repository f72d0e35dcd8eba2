"""What a decision leaves behind: scalars in the metadata of each run, and one record in the answer."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig

from taskroute.steps import Attempt

KEY = "taskroute"
"""Where the record stands in `response_metadata`."""
CACHE = "taskroute_cache"
"""Where a call says what it wants of the cache, and the run of a served answer that it is one."""

M = TypeVar("M", bound=BaseMessage)


def run_config(config: RunnableConfig, attempt: Attempt) -> RunnableConfig:
    """Return the config for one attempt: the caller's, with the decision in the run's metadata.

    A run id belongs to the first attempt only: two runs of one id would overwrite each other in a trace.
    """
    decision = attempt.decision
    metadata = {
        **config.get("metadata", {}),
        "taskroute_model": attempt.model,
        "taskroute_route": decision.route or "default",
        "taskroute_reason": decision.reason,
        "taskroute_attempt": attempt.tries,
        "taskroute_decision_id": decision.id,
        "taskroute_policy_version": decision.policy_version,
    }
    if decision.signals.stage.value is not None:
        metadata["taskroute_stage"] = decision.signals.stage.value
    if attempt.cached is not None:
        metadata[CACHE] = "stale" if attempt.cached.stale else "hit"
    fresh: RunnableConfig = {**config, "metadata": metadata}
    if attempt.tries > 1:
        fresh.pop("run_id", None)
    return fresh


def with_record(message: M, entry: dict[str, Any]) -> M:
    """Return the message with this very record in it. The given one is left alone: it may belong to a cache."""
    marked = copy.copy(message)
    marked.response_metadata = {**message.response_metadata, KEY: entry}
    return marked
