"""What an embedding may be answered by: its vectors stand beside others, and each of its texts is read by itself."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute import Call, Message
from taskroute.decision.decide import decide
from taskroute.types import Decision, StateView
from tests.policies import snapshot

MODELS: dict[str, Any] = {
    "near": {"model": "openai:text-embedding-3-small", "context_window": 8000},
    "far": {"model": "azure:text-embedding-3-small", "context_window": 8000},
    "other": {"model": "openai:text-embedding-3-large", "context_window": 100_000, "labels": "private"},
}
ORDER = ["near", "far", "other"]


def decided(call: Call, state: StateView | None = None, **options: Any) -> Decision:
    decision = decide(snapshot(models=MODELS, default=ORDER, **options), call, state=state or StateView())
    assert isinstance(decision, Decision)
    return decision


def embedding(*texts: str, **options: Any) -> Call:
    return Call(messages=tuple(Message("user", text) for text in texts), operation="embeddings", **options)


def open_circuits(*names: str) -> StateView:
    return StateView(unavailable=dict.fromkeys(names, "its circuit is open"), opened_by=dict.fromkeys(names, "timeout"))


@pytest.mark.parametrize(
    ("open_", "candidates"), [((), ("near", "far")), (("near",), ("far",)), (("near", "far"), ())], ids=["none", "one", "all"]
)
def test_another_model_never_embeds_however_the_first_is_doing(open_: tuple[str, ...], candidates: tuple[str, ...]) -> None:
    decision = decided(embedding("hi"), open_circuits(*open_))
    assert decision.candidates == candidates
    assert decision.rejected["other"] == "its vectors cannot stand beside those of 'near'"


def test_a_text_that_is_too_long_is_not_embedded_by_another_model() -> None:
    assert decided(embedding(tokens=20_000)).candidates == ()


def test_where_a_rule_bars_the_first_another_embeds_for_all_texts_like_that() -> None:
    rules = [{"when": {"sensitive": True}, "labels": "private"}]
    assert decided(embedding("mail joe@example.com"), require=rules).candidates == ("other",)
    assert decided(embedding("hi"), require=rules).candidates == ("near", "far")


@pytest.mark.parametrize("operation", ["embeddings", "text_completion"])
def test_of_several_texts_the_longest_must_fit(operation: str) -> None:
    call = embedding(*["a few words of text " * 20] * 500)._replace(operation=operation)
    assert decided(call).candidates[0] == "near"
