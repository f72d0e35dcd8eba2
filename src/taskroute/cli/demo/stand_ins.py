"""Chat models that answer without a provider: from the texts in their prompt, by overlap of words."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, Final

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult

from taskroute.cli.demo.chain import ANSWER, GRADE, JUDGE, REWRITE
from taskroute.cli.demo.words import sentences, terms
from taskroute.signals.size import MESSAGE_TOKENS, estimate_tokens
from taskroute.types import Call
from taskroute_langchain.messages import to_messages

_PRONOUN: Final = re.compile(r"\b(it|that|they|them|this)\b", re.IGNORECASE)
_THING: Final = re.compile(r"\b(?:a|an|the|one|your|my)\s+((?:[a-z]+\s)?[a-z]+)\W*$", re.IGNORECASE)
_SECTION: Final = re.compile(r"^\[([a-z_]+)\]$", re.MULTILINE)
_HELPFUL: Final = 0.3
_MOST: Final = 3


class RateLimited(Exception):
    """The staged failure: a provider says 429, and to come back in 20 seconds."""

    status_code = 429
    response = SimpleNamespace(status_code=429, headers={"retry-after": "20"})


class Rehearsal:
    """What the stand-ins share: whether one of them still has to fail."""

    def __init__(self, *, fails_in: str | None) -> None:
        self._fails_in = fails_in

    def enter(self, job: str) -> None:
        """Raise RateLimited the first time that this job is done."""
        if job == self._fails_in:
            self._fails_in = None
            raise RateLimited("429 too many requests (staged)")


class StandIn(BaseChatModel):
    """Does the jobs of the demonstration's chain. Its tokens are estimates."""

    model_name: str
    shared: Any

    @property
    def _llm_type(self) -> str:
        return "stand-in"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(ls_provider="stand-in", ls_model_name=self.model_name, ls_model_type="chat")

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        job = str(messages[0].text)
        self.shared.enter(job)
        text = _JOBS[job](messages) if job in _JOBS else _answer(messages)
        read = estimate_tokens(Call(messages=to_messages(messages)))
        written = estimate_tokens(Call(prompt=text)) - MESSAGE_TOKENS
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        return ChatResult(
            generations=[ChatGeneration(message=AIMessage(text, usage_metadata=usage, response_metadata={"finish_reason": "stop"}))]
        )


def _rewrite(messages: list[BaseMessage]) -> str:
    """Put what the question before was about in place of the pronoun."""
    question = str(messages[-1].text)
    before = [str(message.text) for message in messages[1:-1] if message.type == "human"]
    thing = _THING.search(before[-1]) if before else None
    return question if thing is None else _PRONOUN.sub(f"the {thing[1]}", question, count=1)


def _grade(messages: list[BaseMessage]) -> str:
    question, text = _after(messages, "Question: ", "\n\nText:\n")
    asked = set(terms(question))
    return "yes" if len(asked & set(terms(text))) >= _HELPFUL * len(asked) else "no"


def _answer(messages: list[BaseMessage]) -> str:
    question, texts = _after(messages, "Question: ", "\n\nTexts:\n")
    asked = set(terms(question))
    parts = _SECTION.split(texts)
    found = [(source, sentence) for source, part in zip(parts[1::2], parts[2::2], strict=True) for sentence in sentences(part)]
    ranked = sorted(range(len(found)), key=lambda index: (-_overlap(asked, found[index][1]), index))
    best = sorted(index for index in ranked[:_MOST] if _overlap(asked, found[index][1]) > 0)
    return " ".join(f"{found[index][1]} [{found[index][0]}]" for index in best) or "The texts do not say."


def _judge(messages: list[BaseMessage]) -> str:
    _, rest = _after(messages, "Question: ", "\n\nTexts:\n")
    texts, _, answer = rest.rpartition("\n\nAnswer:\n")
    known = set(sentences(_SECTION.sub("", texts)))
    given = [sentence.strip() for sentence in re.split(r"\s*\[[a-z_]+\]\s*", answer) if sentence.strip()]
    good = sum(sentence in known for sentence in given)
    return f"{'yes' if good == len(given) else 'no'}: {good} of {len(given)} sentences stand in the texts"


def _overlap(asked: set[str], sentence: str) -> float:
    """Long sentences share words by chance, so length counts a little against them."""
    words = set(terms(sentence))
    return len(asked & words) / (len(words) + 8)


def _after(messages: list[BaseMessage], start: str, middle: str) -> tuple[str, str]:
    question, _, rest = str(messages[-1].text).removeprefix(start).partition(middle)
    return question, rest


_JOBS: Final = {REWRITE: _rewrite, GRADE: _grade, ANSWER: _answer, JUDGE: _judge}
