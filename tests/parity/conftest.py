"""The same event loop for sync calls of LiteLLM as in its other tests."""

from tests.litellm_host.conftest import loop_for_sync_calls

__all__ = ["loop_for_sync_calls"]
