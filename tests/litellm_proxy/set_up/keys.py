"""Who the keys of the tests belong to; a proxy without a database knows none but its master key."""

from typing import Any

from litellm.proxy._types import UserAPIKeyAuth

_OWNERS: dict[str, dict[str, Any]] = {
    "sk-plain": {"user_id": "somebody"},
    "sk-legal": {"key_alias": "contracts", "team_id": "legal", "user_id": "anna"},
    "sk-auto": {"models": ["auto"]},
    "sk-groups": {"models": ["auto", "small", "large"]},
}


async def authenticate(request: Any, api_key: str) -> UserAPIKeyAuth:
    return UserAPIKeyAuth(api_key=api_key, **_OWNERS[api_key])
