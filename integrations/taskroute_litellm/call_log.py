"""Where the line that the policy wants of each call is seen in LiteLLM's proxy, which sets up loggers of its own only."""

from __future__ import annotations

import logging
from typing import Final

from taskroute.telemetry.log import LOGGER

_FORMAT: Final = "%(asctime)s - %(name)s:%(levelname)s: %(message)s"


def show_calls() -> None:
    """Let the lines of calls through from `info` on, to standard error, unless somebody has configured their logger.

    Where the root logger has handlers, also from a later time on, the lines are theirs.
    """
    logger = logging.getLogger(LOGGER)
    if any(known.level != logging.NOTSET or known.handlers for known in (logger, logging.getLogger("taskroute"))):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_is_unseen)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)


def _is_unseen(_record: logging.LogRecord) -> bool:
    return not logging.getLogger().handlers
