"""taskroute for LiteLLM: a policy over the model groups of a `litellm.Router`, in its proxy, and behind plain `litellm.completion`.

Nothing of LiteLLM is imported before it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskroute_litellm.installation import Installation, install, uninstall
    from taskroute_litellm.provider import register, unregister
    from taskroute_litellm.proxy import proxy_hook
    from taskroute_litellm.proxy_provider import provider_handler

__all__ = ["Installation", "install", "provider_handler", "proxy_hook", "register", "uninstall", "unregister"]

_HOMES = {
    "Installation": "installation",
    "install": "installation",
    "uninstall": "installation",
    "register": "provider",
    "unregister": "provider",
    "proxy_hook": "proxy",
    "provider_handler": "proxy_provider",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
