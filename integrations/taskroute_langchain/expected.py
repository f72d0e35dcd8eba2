"""What an answer must be like, by the arguments of the call: the schema that was asked for, and the tools that were offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import BaseModel

from taskroute.reading import as_mapping, as_text
from taskroute_langchain.binding import LateTools

Schemas = dict[str, Mapping[str, Any] | None]


def schema_in(kwargs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the JSON schema that the arguments ask for; an empty one for JSON of any kind, None when they ask for none."""
    tools = kwargs.get("tools")
    wanted = kwargs.get("response_format") or (tools.options.get("response_format") if isinstance(tools, LateTools) else None)
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        return wanted.model_json_schema()
    asked = as_mapping(wanted)
    kind = asked.get("type")
    if kind == "json_object":
        return {}
    if kind == "json_schema":
        return as_mapping(as_mapping(asked.get("json_schema")).get("schema") or asked.get("schema"))
    return None


def schema_of(asked: Any) -> Mapping[str, Any] | None:
    """Return the JSON schema of what `with_structured_output` was given; None of what has none."""
    try:
        return convert_to_json_schema(asked)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


class Offered(NamedTuple):
    """The tools that an answer may call."""

    schemas: Schemas | None = None
    """Each tool that is known, with the JSON schema of its arguments; None without any."""
    others: bool = False
    """Whether there are more, such as a provider's own, whose calls have no fixed names."""


def tools_in(tools: Sequence[Any] | None) -> Offered:
    """Return what was offered."""
    found: Schemas = {}
    others = False
    for tool in tools or ():
        name, schema = _described(as_mapping(tool) or convert_to_openai_tool(tool))
        if name is None:
            others = True
        else:
            found[name] = schema
    return Offered(found or None, others)


def _described(tool: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any] | None]:
    function = as_mapping(tool.get("function")) or tool
    schema = as_mapping(function.get("parameters")) or as_mapping(function.get("input_schema"))
    if not schema and "function" not in tool:
        return None, None
    # A tool without arguments is one too, where its format says so.
    return as_text(function.get("name")), schema or None
