"""What is measured with: policies, prompts and models. All deterministic."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, FakeListChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from taskroute import Router
from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump

_SUBJECTS = (
    "The supplier",
    "The second party",
    "Clause fourteen",
    "The retention schedule",
    "Our warehouse in Leeds",
    "The audit of March",
)
_VERBS = ("shall notify", "was asked to review", "replaces", "does not cover", "extends", "refers back to")
_OBJECTS = (
    "the delivery terms",
    "every invoice above the limit",
    "the customer's records",
    "the earlier agreement",
    "a failed shipment",
)
_TAILS = (
    "within thirty days",
    "unless both sides agree in writing",
    "as of the first quarter",
    "at no additional charge",
    "where the law allows it",
)

QUESTION = """Answer from the context alone, and cite the passages you used.

Question: what happens to a failed shipment after thirty days?"""


def rag_prompt(chars: int, *, seed: int = 7) -> str:
    """Return a question over retrieved passages, cut to so many characters; the same for the same arguments."""
    dice = random.Random(seed)
    passages = ["Context:"]
    size = number = 0
    while size < chars:
        number += 1
        sentences = " ".join(_sentence(dice) for _ in range(dice.randint(3, 6)))
        source = f"contracts/{dice.randint(2015, 2025)}-{dice.randint(100, 999)}.pdf, page {dice.randint(1, 80)}"
        passages.append(f"[{number}] {source}\n{sentences}")
        size += len(passages[-1])
    context = "\n\n".join(passages)
    return f"{context[: max(0, chars - len(QUESTION) - 2)]}\n\n{QUESTION}"[-chars:]


def _sentence(dice: random.Random) -> str:
    return f"{dice.choice(_SUBJECTS)} {dice.choice(_VERBS)} {dice.choice(_OBJECTS)} {dice.choice(_TAILS)}."


_TASKS = ("math", "conversation", "code_generation", "debugging", "summarization", "creative")
_BASE = {"models": {"small": {"model": "bench:small"}, "large": {"model": "bench:large"}}, "default": ["small", "large"]}


def stage_router(routes: int = 20, **options: Any) -> Router:
    """Return a router of so many routes by stage, `s0` and on; each uses `small`, then `large`."""
    data = [{"name": f"r{n}", "when": {"stage": [f"s{n}"]}, "use": "small"} for n in range(routes)]
    return Router({**_BASE, "routes": data}, environ={}, **options)


def choosing_router(objective: str, **keys: Any) -> Router:
    """Return a router that chooses among three models of known prices, scored on six tasks."""
    models = {
        name: {"model": f"bench:{name}", "price": {"input": price, "output": 4 * price}, "latency": f"{int(1000 * price)}ms"}
        for name, price in (("small", 0.25), ("middle", 1.0), ("large", 4.0))
    }
    cells = [Cell(name, task, None, 300, 0.5 + 0.15 * index, 0.2) for index, name in enumerate(models) for task in _TASKS]
    route = {"name": "chosen", "choose": {"among": list(models), "objective": objective, **keys}}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "quality.json"
        file.write_text(dump(QualityTable(cells)), encoding="utf-8")
        return Router({"models": models, "default": "large", "routes": [route], "quality": {"file": str(file)}}, environ={})


def task_router() -> Router:
    """Return a router whose routes ask the keyword classifier for task and complexity."""
    routes = [
        {"name": "code", "when": {"task": ["code"]}, "use": "large"},
        {"name": "hard", "when": {"complexity": ["high"]}, "use": "large"},
    ]
    return Router({**_BASE, "routes": routes}, environ={})


def fake_model() -> FakeListChatModel:
    """Return a chat model that answers at once."""
    return FakeListChatModel(responses=["The shipment is returned."])


class Verdict(BaseModel):
    """Whether a passage answers the question."""

    relevant: bool
    passage: int


def search(query: str, limit: int) -> str:
    """Search the contracts."""
    return f"{query}: {limit}"


def fetch(document: str) -> str:
    """Fetch one document."""
    return document


def cite(passage: int, quote: str) -> str:
    """Note a quotation."""
    return f"{passage}: {quote}"


TOOLS = (search, fetch, cite)


class ToolModel(BaseChatModel):
    """A chat model that answers at once, by a tool call where a tool must be called."""

    @property
    def _llm_type(self) -> str:
        return "bench"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        converted = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=converted, tool_choice=tool_choice, **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        message = AIMessage(content="The shipment is returned.")
        if kwargs.get("tool_choice"):
            message = AIMessage(content="", tool_calls=[{"name": "Verdict", "args": {"relevant": True, "passage": 3}, "id": "1"}])
        return ChatResult(generations=[ChatGeneration(message=message)])
