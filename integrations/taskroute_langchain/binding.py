"""Tools that are bound late: in the format of the model that is chosen, when it is chosen."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from taskroute_langchain.messages import json_text, strings_in

Tool = dict[str, Any] | type[Any] | Callable[..., Any] | BaseTool


class _Known(NamedTuple):
    """A tool that was bound before: agents bind the same ones at each step, and each conversion takes a millisecond or more."""

    tool: weakref.ref[Any]
    stamp: tuple[Any, ...]
    """What its conversion stands on; a tool may be given another description."""
    view: Mapping[str, Any]
    texts: tuple[str, ...]


_known: Final[dict[int, _Known]] = {}


class ToolView(dict[str, Any]):
    """A tool in OpenAI's format, for hosts that look into a binding, which keeps the tool as it was given."""

    def __init__(self, raw: Any) -> None:
        view, self.texts = _converted(raw)
        super().__init__(view)
        self.raw: Any = raw

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.raw,)


def _converted(raw: Any) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return a tool in OpenAI's format, and what a provider would be sent of it."""
    key, stamp = id(raw), tuple([getattr(raw, name, None) for name in ("name", "description", "args_schema")])
    known = _known.get(key)
    if known is not None and known.tool() is raw and known.stamp == stamp:
        return known.view, known.texts
    view: Mapping[str, Any] = cast("dict[str, Any]", raw) if _is_providers_own(raw) else convert_to_openai_tool(raw)
    text = json_text(dict(view))
    # Some providers are sent more of a tool than OpenAI's format has: titles, examples.
    texts = (text, *unsaid([raw, getattr(raw, "args_schema", None)], [text]))
    # A mapping may change, and cannot be watched for its end.
    if not isinstance(raw, Mapping):
        with contextlib.suppress(TypeError):
            _known[key] = _Known(weakref.ref(raw, lambda _: _known.pop(key, None)), stamp, view, texts)
    return view, texts


def _is_providers_own(raw: Any) -> bool:
    """Return whether a tool is a provider's own built-in one: a mapping that no format fits, which goes to the model as it is."""
    return isinstance(raw, dict) and "function" not in raw and "parameters" not in raw


class LateTools(list[ToolView]):
    """The tools of a binding, with the arguments that the chosen model's own `bind_tools` will get."""

    def __init__(self, tools: Sequence[Tool], options: dict[str, Any]) -> None:
        super().__init__(ToolView(tool) for tool in tools)
        self.options = options
        self.names = tuple(str(view.get("function", view).get("name") or view.get("type", "tool")) for view in self)
        self.texts = _texts(self, options)
        """What a provider would be sent of the tools; made once, because a binding serves many calls."""
        self._bound: dict[int, tuple[BaseChatModel, Runnable[Any, Any]]] = {}

    def bound_to(self, model: BaseChatModel) -> Runnable[Any, Any]:
        """Return the model with these tools in its own format; binding costs more than routing, so it is done once a model."""
        found = self._bound.get(id(model))
        if found is None or found[0] is not model:
            found = model, model.bind_tools([view.raw for view in self], **self.options)
            self._bound[id(model)] = found
        return found[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ([view.raw for view in self], self.options)


def _texts(views: Sequence[ToolView], options: Mapping[str, Any]) -> tuple[str, ...]:
    found = [text for view in views for text in view.texts]
    if options:
        found.append(json_text(options))
    extras = [extra for view in views if (extra := getattr(view.raw, "extras", None))]
    return (*found, *unsaid(extras, found)) if extras else tuple(found)


def unsaid(value: Any, texts: Sequence[str]) -> list[str]:
    """Return the texts of a value that none of the given ones holds."""
    return [text for text in strings_in(value) if not any(text in said for said in texts)]


def resolve(model: BaseChatModel, kwargs: dict[str, Any]) -> tuple[Runnable[Any, Any], dict[str, Any]]:
    """Return what to call and with which arguments: late tools become the model's own."""
    tools = kwargs.get("tools")
    if not isinstance(tools, LateTools):
        return model, kwargs
    rest = {key: value for key, value in kwargs.items() if key != "tools"}
    bound = tools.bound_to(model)
    if isinstance(bound, RunnableBinding) and isinstance(bound.bound, BaseChatModel) and not bound.config and not bound.config_factories:
        return bound.bound, {**bound.kwargs, **rest}
    return bound, rest
