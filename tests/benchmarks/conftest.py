"""What the benchmarks, and the processes that they start, have in common."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def compiled_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep compiled modules in pytest's cache where the environment has none kept: else each process compiles LiteLLM, for seconds."""
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    if not sys.dont_write_bytecode or cache is None:
        yield
        return
    folder = str(cache.mkdir("bytecode"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", folder)
        patch.setattr(sys, "dont_write_bytecode", False)
        patch.setattr(sys, "pycache_prefix", folder)
        yield
