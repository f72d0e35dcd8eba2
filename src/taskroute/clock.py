"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Monotonic time, and sleeping by the operating system."""

    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    asleep = staticmethod(asyncio.sleep)
