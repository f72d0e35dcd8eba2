"""One emulator for all hosts; what LiteLLM leaves behind is dealt with as in its other tests."""

from __future__ import annotations

import pytest

from tests.emulator import Emulator
from tests.litellm_host.conftest import callbacks_of_one_test, loop_for_sync_calls, provider

__all__ = ["callbacks_of_one_test", "loop_for_sync_calls", "provider"]


@pytest.fixture
def emulator(provider: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator as nobody has asked it yet, and the key in the environment that policies name."""
    monkeypatch.setenv("EMULATED_KEY", "none")
    provider.reset()
    return provider
