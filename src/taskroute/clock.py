"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Monotonic time, and sleeping by the operating system."""

    now = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
