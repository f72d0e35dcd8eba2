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


def says_why(reply: Reply) -> bool:
    """Return whether the provider says why the answer is none: then it is for the policy to judge, and no fault of the stream."""
    return reply.refused or reply.finish_reason in REFUSED | CUT_OFF | MALFORMED
