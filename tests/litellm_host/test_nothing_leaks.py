"""No word of a prompt, an answer or an error is in what telemetry writes of LiteLLM's calls: spans in the file, log lines."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from taskroute.policy.telling import Convention
from tests.emulator import Emulator, Raw, Say
from tests.litellm_host.routers import IDS, POLICY, WAYS, Way, call, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages

WORD = "hunter2"
SAID = f"Which {WORD}?"
TOOL = {"type": "function", "function": {"name": WORD, "description": WORD, "parameters": {"type": "object", "properties": {WORD: {}}}}}
CALLED = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": json.dumps({"a": WORD})}}
GIVEN: dict[str, dict[str, Any]] = {
    "completion": {
        "messages": [
            {"role": "system", "content": WORD},
            {"role": "user", "content": SAID},
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c1", "content": WORD},
        ],
        "tools": [TOOL],
        "tool_choice": "none",
        "user": WORD,
    },
    "text_completion": {"prompt": SAID},
    "embedding": {"input": [SAID, WORD]},
    "responses": {"input": SAID, "instructions": WORD},
    "anthropic_messages": {"messages": [{"role": "user", "content": SAID}], "system": WORD},
}
ABOUT = {"user_id": WORD, WORD: WORD, "tags": [WORD], "trace_name": WORD, "requester_ip_address": WORD}
ERROR = json.dumps({"error": {"message": WORD, "type": WORD, "code": WORD, "param": WORD}}).encode()
REPLIES: dict[str, Any] = {
    "answered": Say(f"It is {WORD}.", reasoning=WORD),
    "limited": Raw(ERROR, 429),
    "failed": Raw(ERROR, 500),
    "refused": Raw(ERROR, 400),
    "broken off": Say(f"{WORD} " * 20, error_after=5),
}


def withheld(kind: object, messages: object) -> None:
    return None


def redacted(kind: object, messages: Any) -> Any:
    return json.loads(json.dumps(messages).replace(WORD, "[word]"))


def written_by(emulator: Emulator, way: Way, reply: str, *, content: str, redact: Any, file: Path) -> str:
    """Return the spans of a call and of its fallbacks."""
    needs_proxys_packages(way)
    for model in IDS.values():
        emulator.on(model, *[REPLIES[reply]] * 4)
    telemetry = {"content": content, "compat": list(get_args(Convention)), "file": str(file), "log": "info", "spans": "full"}
    stage = "embed" if way.endpoint == "embedding" else "generate"
    with routed(emulator, policy={**POLICY, "telemetry": telemetry}, options={"redact": redact}) as found, contextlib.suppress(Exception):
        call(found, way, **GIVEN[way.endpoint], **told(found, way, stage=stage, **ABOUT))
    emulator.reset()
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("content", "redact"), [("none", None), ("span", withheld), ("span_and_event", redacted)], ids=str)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_no_word_of_a_call_is_written(
    emulator: Emulator, way: Way, content: str, redact: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "taskroute")
    for reply in REPLIES:
        written = written_by(emulator, way, reply, content=content, redact=redact, file=tmp_path / "spans.jsonl")
        assert '"taskroute.attempt"' in written
        assert WORD not in written
    lines = [record for record in caplog.records if record.name == "taskroute.calls"]
    assert len(lines) == len(REPLIES)
    assert not [record for record in lines if WORD in repr({**vars(record), "exc_info": None})]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_words_are_on_spans_where_nothing_keeps_them_from_it(emulator: Emulator, way: Way, tmp_path: Path) -> None:
    written = written_by(emulator, way, "answered", content="span", redact=None, file=tmp_path / "spans.jsonl")
    assert SAID in written
