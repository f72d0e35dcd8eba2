"""Is a request one whose answer may be served to others at all? Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskroute_litellm.conversation import Endpoint

_CLIENTS: Final = ("client", "async_client", "http_client", "http_async_client")
"""What may send a request anywhere, whatever the request itself says."""
_STORE: Final = "store"


def is_cacheable(endpoint: Endpoint, arguments: Mapping[str, Any], params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> bool:
    """Return whether the answer may be stored; `params` are the `litellm_params` of the model, several where it is a group.

    A response counts only where the provider keeps none (`store: false`): that of a served answer could not be gone on from.
    """
    if any(arguments.get(name) is not None for name in _CLIENTS):
        return False
    if endpoint != "responses":
        return True
    if arguments.get(_STORE) is not None:
        return arguments[_STORE] is False
    several = [params] if isinstance(params, Mapping) else [*(params or ())]
    return bool(several) and all(each.get(_STORE) is False for each in several)
