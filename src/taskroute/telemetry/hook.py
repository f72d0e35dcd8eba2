"""The user's redaction hook, by the name that the policy gives it."""

from __future__ import annotations

import importlib
from typing import Any, cast

from taskroute.errors import ConfigurationError
from taskroute.telemetry.settings import Redact


def load_redact(name: str) -> Redact:
    """Return the function that `package.module:function` names. Raises ConfigurationError."""
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except ImportError as error:
        cure = "install it, or put its folder on PYTHONPATH"
        raise ConfigurationError(f"telemetry.redact: {name!r} cannot be loaded: {error}; {cure}") from error
    except AttributeError as error:
        raise ConfigurationError(f"telemetry.redact: {name!r} cannot be loaded: {error}; write 'package.module:function'") from error
    except Exception as error:
        # What a module of the user's says when it breaks may be anything.
        raise ConfigurationError(f"telemetry.redact: {name!r} cannot be loaded: its module failed with {type(error).__name__}") from error
    if not callable(found):
        raise ConfigurationError(f"telemetry.redact: {name!r} is a {type(found).__name__}, not a function")
    return cast("Redact", found)
