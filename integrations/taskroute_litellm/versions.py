"""Which LiteLLM is there, and whether it has what the adapter stands on."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from taskroute.errors import ConfigurationError
from taskroute_litellm.endpoints import METHODS

OLDEST: Final = (1, 102, 4)
_NO_FALLBACKS_IN_STREAMS: Final = (1, 106, 0)
"""Before, a stream that broke went to the router's own fallbacks even where the call asked for none."""
_CURE: Final = "pip install 'taskroute[litellm]'"


def installed() -> tuple[int, ...]:
    """Return LiteLLM's version. Raises ConfigurationError where it is not installed, or too old."""
    try:
        text = version("litellm")
    except PackageNotFoundError:
        raise ConfigurationError(f"LiteLLM is not installed; {_CURE}") from None
    found = tuple(int(part) for part in re.findall(r"\d+", text)[:3])
    if found < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise ConfigurationError(f"LiteLLM {text} lacks what routing needs; {needed} is the oldest that has it: {_CURE}")
    return found


def refuse_unknown(litellm_router: Any) -> None:
    """Raise ConfigurationError for what is no router, for one without the methods to route, and for one that would leave our order."""
    release = installed()
    lacking = [name for name in METHODS if not callable(getattr(litellm_router, name, None))]
    if lacking:
        raise ConfigurationError(
            f"install() needs a litellm.Router; this {type(litellm_router).__name__} has no {', '.join(lacking)}"
            " (if it is one, this LiteLLM is newer than taskroute knows: use an older LiteLLM, or a newer taskroute)"
        )
    own = [name for name in _FALLBACKS if getattr(litellm_router, name, None)] if release < _NO_FALLBACKS_IN_STREAMS else []
    if own:
        raise ConfigurationError(
            f"this router has {', '.join(own)}, and before 1.106 LiteLLM uses them for a stream that breaks, whatever the call says: "
            "a model that the policy rules out could answer. Take them out of the Router (the policy has the order), or upgrade LiteLLM"
        )


_FALLBACKS: Final = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
