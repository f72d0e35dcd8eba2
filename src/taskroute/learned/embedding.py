"""A function of the user's that turns texts into vectors, in any of the shapes that it comes in."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

from taskroute.errors import ConfigurationError

Vectors = Sequence[Sequence[float]]
Embed = Callable[[Sequence[str]], Vectors]
AsyncEmbed = Callable[[Sequence[str]], Awaitable[Vectors]]

_SAYS_MODEL: Final = ("model", "model_name", "model_id", "deployment")
"""Where objects that embed say by which model."""


class Embedding(NamedTuple):
    """What gives vectors."""

    embed: Embed | None
    aembed: AsyncEmbed | None
    name: str
    """Tells one from another, as far as can be seen: its module and name, and its model."""
    local: bool
    """Whether it is taken to be quick and to need no I/O."""


def embedding_of(given: Any) -> Embedding:
    """Return how a function, sync or async, or an object with LangChain's `embed_documents` gives vectors.

    Such an object is taken to ask a service, as most do. Raises ConfigurationError for what is neither.
    """
    if isinstance(given, type):
        raise ConfigurationError(f"embed= is the class {given.__name__}; give an instance of it")
    if hasattr(given, "embed_documents"):
        return Embedding(given.embed_documents, getattr(given, "aembed_documents", None), _named(given), local=False)
    if not callable(given):
        raise ConfigurationError(
            f"embed= must be a function from several texts to a vector for each, or an object with 'embed_documents', "
            f"not of type {type(given).__name__}"
        )
    function: Any = given
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004
        return Embedding(None, function, _named(function), local=False)
    return Embedding(function, None, _named(function), local=True)


def _named(given: Any) -> str:
    inner = getattr(given, "func", given)
    about: Any = inner if hasattr(inner, "__qualname__") else inner.__class__
    models = (getattr(given, name, None) for name in _SAYS_MODEL)
    model = next((model for model in models if isinstance(model, str)), "")
    return f"{about.__module__}.{about.__qualname__} {model}".rstrip()
