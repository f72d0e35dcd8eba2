"""The server in an address, and no more of it: there may be a password in it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"https": 443, "http": 80}


@lru_cache(maxsize=256)
def server_of(address: str) -> tuple[str | None, int | None]:
    """Return the host and the port of an address, with a scheme or without; None for what it does not say."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        return parts.hostname, (parts.port or _PORTS.get(parts.scheme)) if parts.hostname else None
    except ValueError:
        return None, None
