"""A stored answer for a call that nobody listens to: without a run of a model, which takes longer than to find the answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from taskroute.stored import StoredAnswer
from taskroute_langchain.listeners import is_heard
from taskroute_langchain.stored_message import message_of


def unheard(stored: StoredAnswer, chosen: BaseChatModel, config: RunnableConfig, kwargs: Mapping[str, Any]) -> AIMessage | None:
    """Return the message that a replay in the place of the chosen model would give; None where somebody would hear of its run.

    Also None where more is made of the answer than a message. Raises NotServableError for an answer that LangChain cannot give back.
    """
    if kwargs.get("response_format") is not None or chosen.output_version == "v1":
        return None
    if is_heard(config, chosen):
        return None
    message = message_of(stored)
    # In the form in which LangChain writes the ids of answers that have none of their own.
    message.id = f"lc_run--{uuid.uuid4()}-0"
    return message
