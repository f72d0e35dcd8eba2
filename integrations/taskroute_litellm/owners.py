"""Whose answers a call of a proxy may be served: by what the proxy knows of its key, and only within that by what the client says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_OWNERS: Final = (("user", "user_api_key_user_id"), ("key", "user_api_key_hash"), ("team", "user_api_key_team_id"))
"""What a key is known by, what is sure to be one person's first."""


def owners_of(proxys: Mapping[str, Any], *, end_user: str | None, session: str | None) -> dict[str, str]:
    """Return what stands for user and session in the scope of the cache; nothing for what the call does not say.

    `proxys` is the metadata that the proxy wrote. What the client calls itself is told apart from the owner of the key, who else could be
    passed for by whoever writes their name.
    """
    owner = next(((kind, str(proxys[name])) for kind, name in _OWNERS if proxys.get(name)), ("", ""))
    found: dict[str, str] = {}
    if owner[0] == "user" or end_user:
        found["user"] = json.dumps([*owner, end_user])
    if session:
        found["session"] = json.dumps([*owner, session])
    return found
