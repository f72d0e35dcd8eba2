"""Keeps LiteLLM's clients until the end of the tests.

LiteLLM lets go of a client after some minutes. One whose event loop is still running, in a thread of LiteLLM's own, then leaves an open
connection for the garbage collector, which tells whichever test is running. That is a matter of how long the tests take, so no test is for it.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

_kept: dict[int, object] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    cache: Any = getattr(sys.modules.get("litellm"), "in_memory_llm_clients_cache", None)
    for client in list(getattr(cache, "cache_dict", {}).values()):
        _kept[id(client)] = client
