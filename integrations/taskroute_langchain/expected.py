"""What an answer must be like, by the arguments of the call: the schema that was asked for, and the tools that were offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool

from taskroute.execution.asked import Offered, schema_asked, tools_offered
from taskroute.reading import as_mapping
from taskroute_langchain.binding import LateTools


def schema_in(kwargs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the JSON schema that the arguments ask for; an empty one for JSON of any kind, None when they ask for none."""
    tools = kwargs.get("tools")
    return schema_asked(kwargs.get("response_format") or (tools.options.get("response_format") if isinstance(tools, LateTools) else None))


def schema_of(asked: Any) -> Mapping[str, Any] | None:
    """Return the JSON schema of what `with_structured_output` was given; None of what has none."""
    try:
        return convert_to_json_schema(asked)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def tools_in(tools: Sequence[Any] | None) -> Offered:
    """Return what was offered."""
    return tools_offered(as_mapping(tool) or convert_to_openai_tool(tool) for tool in tools or ())
