"""What the tests of `wrap` share: a policy, models that were there before, and what was bound to them."""

from __future__ import annotations

from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from taskroute.testing import ScriptedModel
from taskroute_langchain.testing import ScriptedChatModel

POLICY: dict[str, Any] = {
    "models": {"small": {}, "large": {}},
    "default": ["small"],
    "routes": [{"name": "ranking", "when": {"stage": ["rerank", "query_rewrite"]}, "use": ["large"]}],
}
PROMPT = ChatPromptTemplate.from_template("{question}")


def scripted(name: str = "before", answer: Any = "from before") -> ScriptedChatModel:
    return ScriptedChatModel(script=ScriptedModel({name: answer}), model_name=name)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Verdict(BaseModel):
    """Whether a document is relevant."""

    relevant: bool


def openai() -> ChatOpenAI:
    return ChatOpenAI(model="gpt-5.5", api_key="none")  # type: ignore[arg-type]


def anthropic(model: str = "claude-haiku-4-5") -> ChatAnthropic:
    return ChatAnthropic(model=model, api_key="none")  # type: ignore[call-arg,arg-type]
