"""Which of the proxy's callbacks have an answer before the hook has. Imports LiteLLM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import litellm as _litellm
from litellm.integrations.custom_guardrail import CustomGuardrail

litellm: Any = _litellm
_DEPLOYMENT: Final = "async_post_call_success_deployment_hook"
_CHECKS: Final = "apply_guardrail"
_HARMLESS: Final = ("litellm.integrations.", "litellm.proxy.hooks.", "litellm_enterprise.proxy.hooks.")
"""Where LiteLLM's own callbacks are that leave what an answer says as it is: loggers, limits, ids."""


def is_changed_before(hook: object, method: str, request: Mapping[str, Any]) -> bool:
    """Return whether a callback in front of the hook may have changed an answer in this method of its: such as a guardrail that puts back
    the names which it had masked in the request. They run in the order in which they are listed.
    """
    for callback in [*litellm.callbacks]:
        if callback is hook:
            return False
        if isinstance(callback, str):
            continue
        if isinstance(callback, CustomGuardrail) and method == _DEPLOYMENT:
            # Guardrails of all kinds act there, but only where the request or the deployment names some.
            if isinstance(request.get("guardrails"), list):
                return True
        elif _has_own(callback, method) or (isinstance(callback, CustomGuardrail) and _has_own(callback, _CHECKS)):
            return True
    return False


def _has_own(callback: object, method: str) -> bool:
    """Return whether a callback does something of its own in a method."""
    kind = next((kind for kind in type(callback).__mro__ if method in vars(kind)), None)
    return kind is not None and not kind.__module__.startswith(_HARMLESS)
