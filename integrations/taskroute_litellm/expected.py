"""What an answer must be like, by the arguments of a call of LiteLLM: the schema that was asked for, and the tools that were offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskroute.execution.asked import schema_asked, tools_offered
from taskroute.execution.validate import Expected
from taskroute.reading import as_list, as_mapping
from taskroute.types import Reply
from taskroute.warn import warn_once


def expects(endpoint: str, arguments: Mapping[str, Any], reply: Reply) -> Expected:
    """Return what the answer must be like. Of an endpoint that knows neither schema nor tools nothing is asked."""
    if endpoint not in ("completion", "responses", "messages"):
        return Expected(reply.answer)
    tools = as_list(arguments.get("tools"))
    return Expected(reply.answer, _schema(endpoint, arguments), None, *tools_offered(map(as_mapping, tools)))


def _schema(endpoint: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for wanted in _formats(endpoint, arguments):
        if wanted is None:
            continue
        try:
            return schema_asked(wanted)
        except Exception as error:  # noqa: BLE001 - a class of the user's that has no JSON schema; LiteLLM has sent it somehow
            name = type(error).__name__
            warn_once(
                "validate", "response_format", f"no JSON schema can be made of what was asked for ({name}); answers are not held to it"
            )
    return None


def _formats(endpoint: str, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what may say the format of the answer, the one that counts first."""
    if endpoint == "completion":
        return (arguments.get("response_format"),)
    if endpoint == "responses":
        return arguments.get("text_format"), as_mapping(arguments.get("text")).get("format")
    return as_mapping(arguments.get("output_config")).get("format"), arguments.get("output_format")
