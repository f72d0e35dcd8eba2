"""What the reasons mean for which providers end an answer. Pure."""

from __future__ import annotations

from typing import Final

from taskroute.types import Reply

CUT_OFF: Final = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded", "MAX_TOKENS"})
"""The answer came to its limit of tokens."""
REFUSED: Final = frozenset(
    {
        "content_filter",
        "refusal",
        "guardrail_intervened",
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
    }
)
"""The model, or a filter of its provider's, would not answer."""


MALFORMED: Final = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "malformed_function_call"})
"""The model called a tool in a way that its provider could not read."""


WHOLE: Final = frozenset(
    {
        *("stop", "end_turn", "stop_sequence", "stop_sequences", "eos", "eos_token", "complete", "completed", "finished", "done"),
        *("tool_calls", "tool_call", "tool_use", "function_call", "finish_reason_stop"),
    }
)
"""The answer came to its own end; in lower case. Only such are kept for others: a reason that nobody knows may be any."""


def is_whole(reply: Reply) -> bool:
    """Return whether an answer came to its own end, as far as its provider says."""
    return reply.finish_reason is None or reply.finish_reason.casefold() in WHOLE


def says_why(reply: Reply) -> bool:
    """Return whether the provider says why the answer is none: then it is for the policy to judge, and no fault of the stream."""
    return reply.refused or reply.finish_reason in REFUSED | CUT_OFF | MALFORMED
