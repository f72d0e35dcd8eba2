"""Writes the stamp of an attempt where LiteLLM looks for it. Imports LiteLLM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from litellm.integrations.custom_logger import CustomLogger

from taskroute.reading import as_mapping
from taskroute_litellm.attempt_id import KEY
from taskroute_litellm.stamp import STAMP


class Stamper(CustomLogger):
    """Is told of each attempt before it is sent.

    LiteLLM clears `routing_decision` before it chooses a deployment, so that it cannot be given with the call.
    """

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        params = kwargs.get("litellm_params") if isinstance(kwargs, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(params, Mapping):
            return
        for name in ("metadata", "litellm_metadata"):
            metadata: Any = cast("Mapping[str, Any]", params).get(name)
            stamp = as_mapping(as_mapping(metadata).get(KEY)).get(STAMP)
            if isinstance(metadata, dict) and isinstance(stamp, Mapping):
                metadata[STAMP] = dict(cast("Mapping[str, Any]", stamp))
