"""The stores that a policy's `feedback` names. What they need is loaded here, and nothing is opened before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from taskroute.errors import ConfigurationError
from taskroute.feedback.scores import Scores
from taskroute.policy.choosing import Feedback
from taskroute.ports import Clock, Store
from taskroute.stores.memory import MemoryStore
from taskroute.variables import from_environment

SCORES: Final = "scores"
"""Folder of the scores."""
_ANSWERS: Final = "answers"
_ROOM: Final = 256 * 2**20
"""Bytes of remembered answers on disk: at the limit, the oldest can no longer be scored."""
_MANY: Final = 100_000
_PREFIX: Final = "taskroute:feedback"
_TIMEOUT: Final = 2.0
"""Seconds that a store is waited for."""


def open_scores(section: Feedback, clock: Clock, environ: Mapping[str, str]) -> Scores:
    """Return what keeps scores as a policy says. Raises ConfigurationError for a store whose package or address is missing."""
    if section.store == "memory":
        return Scores(section, clock, kept=MemoryStore(clock, max_entries=_MANY), remembered=None)
    kept = kept_scores(section, clock, environ)
    if section.store == "redis":
        return Scores(section, clock, kept=kept, remembered=kept)
    from taskroute.stores.disk import DiskStore

    answers = DiskStore(folder_of(section, environ) / _ANSWERS, size=_ROOM, clock=clock, timeout=_TIMEOUT)
    return Scores(section, clock, kept=kept, remembered=answers)


def kept_scores(section: Feedback, clock: Clock, environ: Mapping[str, str]) -> Store:
    """Return the store of the scores alone. Raises ConfigurationError, also where it is the memory of another process."""
    if section.store == "memory":
        raise ConfigurationError(
            "'feedback.store' is memory, which only the process that was told of the scores can read; use disk or redis"
        )
    if section.store == "redis":
        from taskroute.stores.redis import RedisStore

        if section.url is None:
            raise ConfigurationError(
                "'feedback.store' is redis, but there is no 'feedback.url'; write its address, such as redis://host:6379"
            )
        url = from_environment(section.url, environ, key="feedback.url", instead="the address")
        return RedisStore(url, prefix=_PREFIX, timeout=_TIMEOUT)
    return scores_in(folder_of(section, environ), clock)


def scores_in(folder: Path, clock: Clock) -> Store:
    """Return the store of the scores in a folder."""
    from taskroute.stores.disk import DiskStore

    return DiskStore(folder / SCORES, clock=clock, timeout=_TIMEOUT)


def folder_of(section: Feedback, environ: Mapping[str, str]) -> Path:
    """Return the folder of the store `disk`, as the policy writes it. Raises ConfigurationError for a variable that is not set."""
    return Path(from_environment(section.path, environ, key="feedback.path", instead="the path"))


class OpenScores:
    """The scores of all policies that a router has had so far: a reload that leaves `feedback` alone keeps what is remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Scores] = {}

    def of(self, section: Feedback | None, environ: Mapping[str, str]) -> Scores | None:
        """Return what keeps scores as a policy says, None where it keeps none. Raises ConfigurationError."""
        if section is None:
            return None
        name = repr(section)
        if name not in self._open:
            self._open[name] = open_scores(section, self._clock, environ)
        return self._open[name]

    def close(self) -> None:
        """Write down what is remembered, and close the stores."""
        for scores in self._open.values():
            scores.close()

    async def aclose(self) -> None:
        """Like `close`."""
        for scores in self._open.values():
            await scores.aclose()
