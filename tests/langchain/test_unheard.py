"""A stored answer is the same message whether anybody listens to it being served or not."""

from __future__ import annotations

from typing import Any, cast

import pytest
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.globals import set_debug
from langchain_core.messages import AIMessage

from taskroute_langchain.answers import answer_of
from taskroute_langchain.stored_message import message_of, said_of, stored_of
from tests.langchain.cached import caching
from tests.langchain.listening import Listener

ANSWERS: dict[str, Any] = {
    "text": "thirty days",
    "message": AIMessage("thirty days", response_metadata={"model_name": "m", "model_provider": "openai", "finish_reason": "stop"}),
    "blocks": AIMessage([{"type": "text", "text": "thirty"}, {"type": "text", "text": "days", "annotations": [{"type": "citation"}]}]),
    "more": AIMessage(
        "thirty days", additional_kwargs={"reasoning_content": "let me see"}, response_metadata={"logprobs": {"content": []}}
    ),
    "tools": AIMessage("", tool_calls=[{"name": "search", "args": {"for": "returns"}, "id": "call_1"}]),
}
QUIET = BaseCallbackHandler()


def without_what_is_new(message: AIMessage) -> dict[str, Any]:
    fields = message.model_dump(exclude={"id"})
    fields["response_metadata"] = {name: value for name, value in fields["response_metadata"].items() if name != "taskroute"}
    for call in fields["tool_calls"]:
        assert call.pop("id")
    return fields


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("answer", ANSWERS)
async def test_it_is_the_message_that_a_listener_would_have_heard_of(answer: str, is_async: bool) -> None:
    stage = caching({"small": ANSWERS[answer]}, cache={"tool_calls": True})
    config: Any = {"callbacks": [QUIET]}
    stage.llm.invoke("why?")

    heard = await stage.llm.ainvoke("why?", config) if is_async else stage.llm.invoke("why?", config)
    unheard = await stage.llm.ainvoke("why?") if is_async else stage.llm.invoke("why?")

    assert stage.called == ["small"]
    assert type(unheard) is type(heard) is AIMessage
    assert without_what_is_new(unheard) == without_what_is_new(heard)
    assert unheard.response_metadata["taskroute"].keys() == heard.response_metadata["taskroute"].keys()
    assert unheard.id is not None
    assert heard.id is not None
    assert unheard.id != heard.id
    assert (unheard.id[:8], len(unheard.id)) == (heard.id[:8], len(heard.id))


def test_whoever_listens_hears_of_it() -> None:
    stage, listener = caching({"small": "hi"}), Listener()
    stage.llm.invoke("why?")
    stage.llm.invoke("why?", {"callbacks": [listener]})
    assert len(listener.all) == 1


def test_so_do_those_who_listen_to_everything(capsys: pytest.CaptureFixture[str]) -> None:
    stage = caching({"small": "hi"})
    stage.llm.invoke("why?")
    with get_usage_metadata_callback() as usage:
        stage.llm.invoke("why?")
    assert all(counts["total_tokens"] == 0 for counts in usage.usage_metadata.values())
    set_debug(True)
    try:
        stage.llm.invoke("why?")
    finally:
        set_debug(False)
    assert "hi" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ANSWERS)
def test_whoever_changes_a_served_message_changes_no_other(answer: str) -> None:
    stage = caching({"small": ANSWERS[answer]}, cache={"tool_calls": True})
    stage.llm.invoke("why?")
    first, second = stage.llm.invoke("why?"), stage.llm.invoke("why?")
    before = without_what_is_new(second)
    for field in (first.response_metadata, first.additional_kwargs, first.usage_metadata, first.response_metadata["taskroute"]):
        assert field is not None
        cast("dict[str, Any]", field).clear()
    if isinstance(first.content, list):
        first.content.clear()
    first.tool_calls.clear()
    assert without_what_is_new(second) == without_what_is_new(stage.llm.invoke("why?")) == before
    assert second.response_metadata["taskroute"]["cache_hit"] is True


def about(provider: str | None, model: str | None, reason: str | None) -> AIMessage:
    said = {"model_provider": provider, "model_name": model, "finish_reason": reason}
    return AIMessage("thirty days", response_metadata={name: value for name, value in said.items() if value is not None})


@pytest.mark.parametrize("reason", ["stop", "end_turn", "STOP", None])
@pytest.mark.parametrize("model", ["m-1", None])
@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_genai", "mistralai", "ollama", "bedrock_converse", "other", None])
def test_what_is_known_of_a_served_answer_is_what_its_message_says(provider: str | None, model: str | None, reason: str | None) -> None:
    stored = stored_of(about(provider, model, reason))
    assert stored is not None
    said = said_of(stored)
    assert said == (None if stored.native is not None else answer_of(message_of(stored)))
