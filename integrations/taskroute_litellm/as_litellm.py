"""Errors of ours as a custom provider must raise them: LiteLLM calls everything else a broken connection. Imports LiteLLM when used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from taskroute.errors import ConfigurationError, NoEligibleModelError, TaskrouteError
from taskroute_litellm.surfacing import SURFACED, surfaced

CAUGHT: Final = (TaskrouteError, *SURFACED)
"""The errors of a call that LiteLLM must not see as they are."""
_NOWHERE: Final = "https://taskroute.invalid"
"""Errors of LiteLLM's have a response, also where nothing was sent."""


def as_litellm(error: Exception, model: str, provider: str) -> BaseException:
    """Return the error of LiteLLM's that stands for one of `CAUGHT`, which is its `__cause__`.

    It is the last model's own where there is one. What the policy does not allow has status 403, a call that cannot be made 400; what
    may go better later has 503.
    """
    if isinstance(error, SURFACED):
        cause = surfaced(error, model)
        if not isinstance(cause, TaskrouteError):
            return cause
    import httpx

    litellm: Any = import_module("litellm")

    found: BaseException
    about = {"message": str(error), "model": model, "llm_provider": provider}
    if isinstance(error, ConfigurationError) or isinstance(error.__cause__, ConfigurationError):
        found = litellm.BadRequestError(**about)
    elif isinstance(error, NoEligibleModelError) and error.retry_after is None:
        found = litellm.PermissionDeniedError(**about, response=httpx.Response(403, request=httpx.Request("POST", _NOWHERE)))
    else:
        found = litellm.ServiceUnavailableError(**about)
    found.__cause__ = error
    return found
