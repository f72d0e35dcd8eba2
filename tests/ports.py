"""Loopback ports for servers that a test starts itself."""

from __future__ import annotations

import random
import socket
from typing import Final

_BELOW_EPHEMERAL: Final = range(15_000, 32_000)
"""No connection of this machine's gets one of these for its own end, so that a server which comes back finds its port free."""
_chance: Final = random.SystemRandom()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    while True:
        port = _chance.choice(_BELOW_EPHEMERAL)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
