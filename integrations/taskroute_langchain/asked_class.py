"""What a class of chat models is: which of its fields may change an answer, and which of them are a user's own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from langchain_core.language_models import BaseChatModel

from taskroute.cache.noise import is_noise
from taskroute_langchain.asked_values import is_left_out

UNSET: Final = object()
"""The default of a field that is always as good as set."""
_OFFICIAL: Final[Mapping[str, tuple[str, str, str]]] = {
    "langchain_openai.ChatOpenAI": ("openai", "model_name", "openai_api_base"),
    "langchain_anthropic.ChatAnthropic": ("anthropic", "model", "anthropic_api_url"),
    "langchain_google_genai.ChatGoogleGenerativeAI": ("google", "model", "base_url"),
    "langchain_mistralai.ChatMistralAI": ("mistral", "model", "endpoint"),
}
"""Classes that are what a policy's entry is built as: the provider, and the fields for the model's id and its address."""
_LEFT_OUT: Final = frozenset({"name", "profile", "root_client", "root_async_client"})
_COUNTED: Final = frozenset({"i", "sleep"})
"""Fields of LangChain's own fakes that say where in their answers they are."""
_FAKES: Final = "langchain_core.language_models.fake"
_NOT_A_USERS: Final = ("langchain", "pydantic", "abc", "typing", "builtins")


class Shape(NamedTuple):
    """What is known of a class."""

    official: tuple[str, str, str] | None
    fields: Mapping[str, Any]
    """The fields of a package of LangChain's that may change an answer, with their defaults."""
    own: tuple[str, ...]
    """The fields that a user's class declares."""
    private: tuple[str, ...]
    is_own: bool
    """Whether a class of the user's is among its parents, or it itself is one."""
    has_client: bool
    """Whether a client of OpenAI's is in it, which knows its address."""
    known: frozenset[str]
    """What has a place in its models by its class."""
    size: int


_shapes: Final[WeakKeyDictionary[type[BaseChatModel], Shape]] = WeakKeyDictionary()


def shape_of(kind: type[BaseChatModel]) -> Shape:
    """Return what is known of a class; it is looked at once."""
    found = _shapes.get(kind)
    if found is None:
        found = _shapes[kind] = _made(kind)
    return found


def _made(kind: type[BaseChatModel]) -> Shape:
    users = [parent for parent in kind.__mro__ if not parent.__module__.startswith(_NOT_A_USERS)]
    declared = {name for parent in users for name in _declared(parent)}
    fakes = any(parent.__module__.startswith(_FAKES) for parent in kind.__mro__)
    out = _LEFT_OUT | _COUNTED if fakes else _LEFT_OUT
    theirs = {name for parent in kind.__mro__ if parent not in users for name in getattr(parent, "__private_attributes__", ())}
    cached = {name for parent in kind.__mro__ for name, value in vars(parent).items() if isinstance(value, cached_property)}
    fields = kind.model_fields
    return Shape(
        official=_OFFICIAL.get(f"{kind.__module__.split('.', 1)[0]}.{kind.__name__}"),
        fields={name: _default(field) for name, field in fields.items() if name not in declared and name not in out and not is_noise(name)},
        own=tuple([name for name in fields if name in declared and not is_left_out(name)]),
        private=tuple([name for name in kind.__private_attributes__ if name not in theirs and not is_left_out(name.lstrip("_"))]),
        is_own=bool(users),
        has_client="root_client" in fields,
        known=frozenset({*fields, *cached}),
        size=len(fields),
    )


def _declared(kind: type[Any]) -> Mapping[str, Any]:
    try:
        return inspect.get_annotations(kind)
    except Exception:  # noqa: BLE001 - names that are not known yet; then every field may be the class's own
        return getattr(kind, "model_fields", {})


def _default(field: Any) -> Any:
    """Return the default of a field; one that is made anew, such as by the environment, says nothing of what it was."""
    return UNSET if field.default_factory is not None else field.default
