"""Environment variables that a policy names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from taskroute.errors import ConfigurationError

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def from_environment(text: str, environ: Mapping[str, str], *, key: str, instead: str) -> str:
    """Return a text with each `${VARIABLE}` replaced. Raises ConfigurationError for one that is not set.

    `key` is where it stands in the policy, `instead` what may be written in its place.
    """

    def held(found: re.Match[str]) -> str:
        value = environ.get(found[1])
        if not value:
            raise ConfigurationError(f"{key} names the environment variable {found[1]}, which is not set; set it, or write {instead}")
        return value

    return _VARIABLE.sub(held, text)
