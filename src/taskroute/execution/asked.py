"""What an answer must be like, by what was asked for in the formats of providers: its schema, and the tools that it may call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from taskroute.reading import as_mapping, as_text

Schemas = dict[str, Mapping[str, Any] | None]


def schema_asked(wanted: Any) -> Mapping[str, Any] | None:
    """Return the JSON schema of a format that was asked for; an empty one for JSON of any kind, None where it asks for none.

    The format is OpenAI's, of chat or of responses, or Anthropic's, or a class of pydantic's.
    """
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        return wanted.model_json_schema()
    asked = as_mapping(wanted)
    kind = asked.get("type")
    if kind == "json_object":
        return {}
    if kind == "json_schema":
        return as_mapping(as_mapping(asked.get("json_schema")).get("schema") or asked.get("schema"))
    return None


class Offered(NamedTuple):
    """The tools that an answer may call."""

    schemas: Schemas | None = None
    """Each tool that is known, with the JSON schema of its arguments; None without any."""
    others: bool = False
    """Whether there are more, such as a provider's own, whose calls have no fixed names."""


def tools_offered(tools: Iterable[Mapping[str, Any]]) -> Offered:
    """Return what was offered, in the format of OpenAI's chat or responses, or of Anthropic."""
    found: Schemas = {}
    others = False
    for tool in tools:
        name, schema = _described(tool)
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
