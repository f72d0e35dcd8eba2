"""What LangChain sends to a model, in the shapes of the GenAI conventions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage, ChatMessage, FunctionMessage, ToolMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue

from taskroute.reading import as_mapping, as_text
from taskroute_langchain.binding import ToolView
from taskroute_langchain.genai_parts import Part, json_value, parts_of
from taskroute_langchain.messages import role_of

_SYSTEM: Final = "system"


def messages_given(model_input: LanguageModelInput) -> list[BaseMessage]:
    """Return the messages of anything that a chat model takes."""
    if isinstance(model_input, PromptValue):
        return model_input.to_messages()
    return convert_to_messages([model_input] if isinstance(model_input, str) else model_input)


def input_messages(messages: Sequence[BaseMessage]) -> list[Mapping[str, Any]]:
    """Return the conversation without its system instructions, in the shape of `gen_ai.input.messages`."""
    return [_input_message(message) for message in messages if _role(message) != _SYSTEM]


def system_instructions(messages: Sequence[BaseMessage]) -> list[Part]:
    """Return the parts of the system instructions, in the shape of `gen_ai.system_instructions`."""
    return [part for message in messages if _role(message) == _SYSTEM for part in parts_of(message)]


def tool_definitions(tools: Any) -> list[Mapping[str, Any]]:
    """Return the tools of a call's arguments, in the shape of `gen_ai.tool.definitions`."""
    return list(_definitions(tools or ()))


def _definitions(tools: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for tool in tools:
        view = as_mapping(tool) or ToolView(tool)
        function = as_mapping(view.get("function")) or view
        name = as_text(function.get("name"))
        schema = function.get("parameters", function.get("input_schema"))
        if name is not None and (schema is not None or view.get("type") in (None, "function")):
            about = {"description": function.get("description"), "parameters": json_value(schema)}
            yield {"type": "function", "name": name, **{key: value for key, value in about.items() if value is not None}}
        else:
            # A tool of the provider's own: what else it is given may be a key for a server that it calls.
            kind = as_text(view.get("type")) or next(iter(view), "tool")
            yield {"type": kind, "name": name or as_text(view.get("server_label")) or kind}


def _input_message(message: BaseMessage) -> Mapping[str, Any]:
    name = {"name": message.name} if message.name else {}
    if isinstance(message, ToolMessage | FunctionMessage):
        id = getattr(message, "tool_call_id", None)
        response = message.content if isinstance(message.content, str) else parts_of(message)
        return {"role": "tool", "parts": [{"type": "tool_call_response", "id": id, "response": response}], **name}
    return {"role": _role(message), "parts": parts_of(message), **name}


def _role(message: BaseMessage) -> str:
    if isinstance(message, ChatMessage):
        return _SYSTEM if message.role == "developer" else message.role
    return role_of(message)
