"""A callback handler that keeps every run of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult


@dataclass(slots=True)
class ModelRun:
    """One run of a chat model, as a tracer sees it."""

    id: UUID
    parent: UUID | None
    metadata: dict[str, Any]
    tags: list[str]
    ended: str = "never"
    result: LLMResult | None = None
    error: BaseException | None = None
    tokens: int = 0
    starts: int = 1
    ends: int = 0


class Listener(BaseCallbackHandler):
    """Keeps each run of a model, and the name and the parent of each other run."""

    run_inline = True
    raise_error = True

    def __init__(self) -> None:
        self.runs: dict[UUID, ModelRun] = {}
        self.chains: dict[UUID, tuple[str, UUID | None]] = {}

    @property
    def all(self) -> list[ModelRun]:
        return list(self.runs.values())

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if run_id in self.runs:
            self.runs[run_id].starts += 1
        else:
            self.runs[run_id] = ModelRun(run_id, parent_run_id, dict(metadata or {}), list(tags or []))

    def on_llm_new_token(self, token: str, *, run_id: UUID, **kwargs: Any) -> None:
        self.runs[run_id].tokens += 1

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        self.runs[run_id].ended, self.runs[run_id].result = "answered", response
        self.runs[run_id].ends += 1

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self.runs[run_id].ended, self.runs[run_id].error = "failed", error
        self.runs[run_id].ends += 1

    def on_chain_start(
        self, serialized: dict[str, Any], inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        self.chains[run_id] = str(kwargs.get("name")), parent_run_id
