"""Takes away what instrumentations leave behind in the libraries that they wrapped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from wrapt import FunctionWrapper

_LIBRARIES = ("openai", "anthropic", "litellm", "langchain", "langgraph")
_INSTRUMENTATIONS = ("opentelemetry.", "openinference.")


def unwrap() -> None:
    """Put back every function of these libraries that an instrumentation still wraps, in modules and in their classes."""
    for owner in _owners():
        for name, value in list(vars(owner).items()):
            # By its type: an attribute of a proxy of these libraries may import what is not there.
            if issubclass(type(value), FunctionWrapper) and value._self_wrapper.__module__.startswith(_INSTRUMENTATIONS):
                setattr(owner, name, value.__wrapped__)


def _owners() -> Iterator[Any]:
    # A copy: another thread may be importing.
    for name, module in sys.modules.copy().items():
        if isinstance(module, ModuleType) and name.startswith(_LIBRARIES):
            yield module
            yield from (value for value in list(vars(module).values()) if issubclass(type(value), type) and value.__module__ == name)
