"""The pages that people look at, in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskroute.cli import main

from . import browser
from .calls import Sent
from .reading import phoenix_trace
from .servers import Server

_MS = 30_000


@pytest.fixture(autouse=True)
def _has_a_browser() -> None:
    if browser.program() is None:
        pytest.skip("no Chromium on the PATH; Debian: apt-get install chromium")


def words(page: str) -> str:
    """Return what a page says, without what it is drawn by."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL))


def test_phoenix_shows_the_fallback_with_its_error(phoenix: Server, sent: Sent) -> None:
    made = sent.told["fallback"]
    trace = phoenix_trace(phoenix.url, made.trace_id, spans=3)
    failed = trace.spans[made.sent[0]]
    said = words(
        browser.shown(f"{phoenix.url}{trace.project}/{made.trace_id}?selectedSpanNodeId={failed.place}", has="View Session", ms=_MS)
    )
    for text in ("route answers", "chat claude-opus-5-5", "chat gpt-5-mini", "rate_limit", "View Session"):
        assert text in said


def test_mlflow_shows_the_tree_with_tokens_and_our_cost(mlflow: Server, sent: Sent, experiments: dict[str, str]) -> None:
    made = sent.told["fallback"]
    url = f"{mlflow.url}/#/experiments/{experiments['told']}/traces?selectedEvaluationId=tr-{made.trace_id}"
    said = words(browser.shown(url, has="0.00035", ms=_MS))
    for text in ("route answers", "chat claude-opus-5-5", "chat gpt-5-mini", "450", "0.00035"):
        assert text in said


def test_our_report_draws_itself_without_a_script(tmp_path: Path) -> None:
    spans, page = tmp_path / "spans.jsonl", tmp_path / "report.html"
    assert main(["demo", "--file", str(spans)]) == 0
    assert main(["report", str(spans), "-o", str(page)]) == 0
    drawn = browser.shown(page.as_uri(), has="<svg", ms=2_000)
    assert "<script" not in drawn
    for text in ("14", "By stage", "rate_limit"):
        assert text in words(drawn)
