"""What LiteLLM leaves behind, dealt with as in its other tests."""

from tests.litellm_host.conftest import callbacks_of_one_test, loop_for_sync_calls

__all__ = ["callbacks_of_one_test", "loop_for_sync_calls"]
