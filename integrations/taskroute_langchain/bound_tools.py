"""Arguments that were bound to one provider's model, made fit for whichever model is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

from taskroute_langchain.binding import LateTools, unsaid

_SHARED: Final = frozenset({"stop", "temperature", "max_tokens", "top_p", "ls_structured_output_format"})
"""Arguments that LangChain's chat models take under the same name, or that LangChain itself reads."""

_TOOL_ARGUMENTS: Final = frozenset({"tools", "tool_choice", "parallel_tool_calls"})

_CHOICES: Final[Mapping[str, str]] = {"required": "any", "any": "any", "auto": "auto", "none": "none"}


class NotPortableError(ValueError):
    """Bound arguments that only the provider they were bound for understands; says which and what to do."""


class BoundTools(LateTools):
    """Tools that were bound to a model already: models of its class get the arguments as they were, others get them anew."""

    def __init__(self, tools: list[Any], options: dict[str, Any], owner: type[BaseChatModel], given: Mapping[str, Any]) -> None:
        super().__init__(tools, options)
        self._owner = owner
        self._given = dict(given)
        self.texts = (*self.texts, *unsaid(self._given, self.texts))

    def bound_to(self, model: BaseChatModel) -> Runnable[Any, Any]:
        """Return the model with these tools in its own format."""
        return model.bind(**self._given) if type(model) is self._owner else super().bound_to(model)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ([dict(view) for view in self], self.options, self._owner, self._given)


def portable(kwargs: Mapping[str, Any], model: BaseChatModel, *, same_provider: bool, is_pin: Callable[[str], bool]) -> dict[str, Any]:
    """Return what to bind to a routed model instead of `kwargs`, which were bound to `model`. Raises NotPortableError."""
    if same_provider:
        return dict(kwargs)
    rest = {key: value for key, value in kwargs.items() if key not in _TOOL_ARGUMENTS}
    _check(rest, is_pin)
    if not kwargs.get("tools"):
        return dict(kwargs)
    given = {key: value for key, value in kwargs.items() if key in _TOOL_ARGUMENTS}
    tools = [_openai_format(tool) for tool in cast("list[Any]", kwargs["tools"])]
    return {**rest, "tools": BoundTools(tools, _options(given), type(model), given)}


def _check(rest: Mapping[str, Any], is_pin: Callable[[str], bool]) -> None:
    if "response_format" in rest or ("ls_structured_output_format" in rest and not {"output_format", "output_config"}.isdisjoint(rest)):
        raise NotPortableError(
            "its structured output is made and parsed in its provider's own way; call with_structured_output(schema) on the routed model"
        )
    pinned = isinstance(rest.get("model"), str) and is_pin(rest["model"])
    foreign = sorted(key for key in rest if key not in _SHARED and not (key == "model" and pinned))
    if foreign:
        raise NotPortableError(f"the bound arguments {foreign} are its provider's own; put them under 'params' of that model in the policy")


def _openai_format(tool: Any) -> dict[str, Any]:
    if not isinstance(tool, dict):
        return convert_to_openai_tool(tool)
    described = cast("dict[str, Any]", tool)
    if "function" in described:
        return described
    if "input_schema" in described or "parameters" in described or "title" in described:
        return convert_to_openai_tool(described)
    name = described.get("type") or described.get("name")
    raise NotPortableError(f"the bound tool {name!r} is its provider's own; no other model can have it")


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `bind_tools`, which every provider takes in the same words."""
    options: dict[str, Any] = {}
    choice = given.get("tool_choice")
    if choice is not None:
        named = _choice(choice)
        if named is not None:
            options["tool_choice"] = named
    parallel = given.get("parallel_tool_calls")
    if parallel is None and isinstance(choice, dict) and "disable_parallel_tool_use" in choice:
        parallel = not cast("dict[str, Any]", choice)["disable_parallel_tool_use"]
    # With one tool that must be called, most providers have no such argument and need none.
    if parallel is not None and not (len(given.get("tools") or ()) == 1 and options.get("tool_choice")):
        options["parallel_tool_calls"] = parallel
    return options


def _choice(choice: Any) -> str | None:
    """Return a bound tool choice in LangChain's words: `any`, `auto`, `none`, or the name of a tool."""
    if isinstance(choice, str):
        return _CHOICES.get(choice, choice)
    if isinstance(choice, bool):
        return "any" if choice else None
    described = cast("dict[str, Any]", choice)
    function: dict[str, Any] = described.get("function") or {}
    name = function.get("name") or described.get("name")
    if name:
        return str(name)
    return _CHOICES.get(str(described.get("type")))
