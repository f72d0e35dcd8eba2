"""Answers of a running proxy, scored by whoever got them: another process, with the id in a header."""

from __future__ import annotations

import time
from pathlib import Path

from taskroute import Router, UnknownDecisionError
from taskroute.learning.feedback_rows import read_feedback
from tests.emulator import Emulator, Say
from tests.litellm_proxy.apart import Client
from tests.litellm_proxy.running import Proxy


def test_an_answer_is_scored_by_the_id_in_its_header(proxy: Proxy, policy_path: Path, emulator: Emulator) -> None:
    emulator.on("m-large", Say("ho", input=1000, output=500))
    with Client(proxy) as client:
        decision = client.chat("rerank").headers["x-taskroute-decision-id"]

    with Router.from_file(policy_path) as router:
        _score(router, decision)

    (row,) = read_feedback(str(policy_path), {}).rows
    assert (row.model, row.score, row.id, row.stage, row.prompt) == ("large", 0.5, decision, "rerank", None)
    assert (row.input_tokens, row.output_tokens) == (1000, 500)


def _score(router: Router, decision: str) -> None:
    """Score an answer that the proxy may be writing down just now."""
    until = time.monotonic() + 30
    while True:
        try:
            return router.feedback(decision, 0.5)
        except UnknownDecisionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
