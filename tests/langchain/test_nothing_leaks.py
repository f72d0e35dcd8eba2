"""No word of a prompt, an answer or an error is in what telemetry writes: spans in the file, log lines, warnings."""

from __future__ import annotations

import asyncio
import contextlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from pydantic import BaseModel

from taskroute import Router
from taskroute.policy.telling import Convention
from taskroute.testing import FakeClock, ScriptedModel
from taskroute_langchain import RoutedChatModel, RoutingMiddleware
from taskroute_langchain.testing import chat_models

WORD = "hunter2"
ASKED: Any = [("system", f"Never say {WORD}."), ("user", f"My password is {WORD}."), ("assistant", WORD), ("user", f"Which {WORD}?")]
TURN: Any = {"messages": [("user", WORD)]}
CONFIG: Any = {"metadata": {"user_id": WORD, WORD: WORD, "team": WORD}, "tags": [WORD], "run_name": WORD}
MODELS = {
    "small": {"model": "openai:gpt-5-mini", "price": {"input": 1, "output": 1}, "base_url": f"https://models.example/{WORD}?x={WORD}"},
    "large": {"model": "anthropic:claude-opus-5-5", "price": {"input": 1, "output": 1}},
}


class Refused(Exception):
    status_code = 429


class Answer(BaseModel):
    hunter2: int


@tool(description=WORD)
def hunter2(hunter2: str) -> str:
    return hunter2


def unsure(answer: object) -> float:
    raise ValueError(WORD)


Use = Callable[[RoutedChatModel], object]


def dropped(llm: RoutedChatModel) -> None:
    stream: Any = llm.stream(ASKED, CONFIG)
    next(stream)
    stream.close()


def turn(llm: RoutedChatModel) -> None:
    create_agent(model=llm, tools=[hunter2], system_prompt=WORD).invoke(TURN, CONFIG)


def turn_with_middleware(llm: RoutedChatModel) -> None:
    models = chat_models(ScriptedModel({"small": WORD, "large": WORD}))
    middleware = RoutingMiddleware(llm.router, models=models)
    create_agent(model=models["small"], tools=[hunter2], middleware=[middleware]).invoke(TURN, CONFIG)


def twice(llm: RoutedChatModel) -> None:
    llm.invoke(ASKED, CONFIG)
    llm.invoke(ASKED, CONFIG)


USES: dict[str, Use] = {
    "invoke": lambda llm: llm.invoke(ASKED, CONFIG),
    "ainvoke": lambda llm: asyncio.run(llm.ainvoke(ASKED, CONFIG)),
    "stream": lambda llm: list(llm.stream(ASKED, CONFIG)),
    "dropped": dropped,
    "batch": lambda llm: llm.batch([ASKED, ASKED], CONFIG),
    "tools": lambda llm: llm.bind_tools([hunter2]).invoke(ASKED, CONFIG),
    "structured": lambda llm: llm.with_structured_output(Answer).invoke(ASKED, CONFIG),
    "agent": turn,
    "middleware": turn_with_middleware,
    "cache": twice,
}
ANSWERS: dict[str, dict[str, Any]] = {
    "answered": {"small": f"It is {WORD}.", "large": WORD},
    "fell back": {"small": Refused(WORD), "large": f"It is {WORD}."},
    "failed": {"small": TimeoutError(WORD), "large": TimeoutError(WORD)},
    "refused": {"small": ValueError(WORD), "large": ValueError(WORD)},
}


def withheld(kind: object, messages: object) -> None:
    return None


def redacted(kind: object, messages: Any) -> Any:
    return json.loads(json.dumps(messages).replace(WORD, "[word]"))


def broken(kind: object, messages: object) -> Any:
    raise ValueError(WORD)


class Written(NamedTuple):
    spans: str
    lines: list[str]
    warned: list[str]


def written_by(use: str, *, content: str, redact: Any, file: Path, log: pytest.LogCaptureFixture) -> Written:
    """Return all that telemetry writes of calls that are answered, fall back and fail."""
    log.set_level("DEBUG", "taskroute")
    telemetry = {"content": content, "compat": list(get_args(Convention)), "file": str(file), "log": "info", "baseline": "large"}
    policy: dict[str, Any] = {
        "models": MODELS,
        "default": ["small", "large"],
        "retry": {"extra": 1},
        "fallback": {"on": ["rate_limit", "timeout", "invalid_output", "refusal", "low_confidence"]},
        "telemetry": telemetry,
        **({"cache": {"ttl": "1h"}} if use == "cache" else {}),
    }
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for answers in ANSWERS.values():
            with Router(policy, clock=FakeClock(), check=unsure, redact=redact) as router:
                llm = RoutedChatModel(router=router, models=chat_models(ScriptedModel(answers)))
                with contextlib.suppress(Exception):
                    USES[use](llm)
    lines = [repr({**vars(record), "exc_info": None}) for record in log.records if record.name.startswith("taskroute")]
    said = [str(warning.message) for warning in warned if issubclass(warning.category, RuntimeWarning)]
    return Written(file.read_text(encoding="utf-8"), lines, said)


@pytest.mark.parametrize(
    ("content", "redact"), [("none", None), ("span", withheld), ("span_and_event", redacted), ("span", broken)], ids=str
)
@pytest.mark.parametrize("use", USES)
def test_no_word_of_a_call_is_written(use: str, content: str, redact: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written = written_by(use, content=content, redact=redact, file=tmp_path / "spans.jsonl", log=caplog)
    assert written.spans.count('"taskroute.attempt"') >= len(ANSWERS)
    assert len(written.lines) >= len(ANSWERS)
    assert WORD not in written.spans
    assert not [text for text in (*written.lines, *written.warned) if WORD in text]


def test_words_are_on_spans_where_nothing_keeps_them_from_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written = written_by("invoke", content="span", redact=None, file=tmp_path / "spans.jsonl", log=caplog)
    for name in ("gen_ai.input.messages", "gen_ai.output.messages", "input.value", "langfuse.observation.input", "llm.input_messages.1"):
        assert name in written.spans
    assert WORD in written.spans
    assert not [text for text in (*written.lines, *written.warned) if WORD in text]
