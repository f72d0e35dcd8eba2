"""The benchmark of the built-in classifier: what it takes on its command line, and what its everyday part prints."""

from __future__ import annotations

import pytest
from benchmarks.quality import classifier
from benchmarks.quality.everyday import EVERYDAY


def test_the_parts_that_are_named_are_run(capsys: pytest.CaptureFixture[str]) -> None:
    classifier.main(["everyday"])
    printed = capsys.readouterr().out
    assert printed.count("## ") == 1
    totals = [line.split(" | ") for line in printed.splitlines() if line.startswith("| all ")]
    assert len(totals) == 2
    for _, _, count, *told in totals:
        assert int(count) == sum(int(one.rstrip(" |")) for one in told) == len(EVERYDAY)


def test_a_part_that_there_is_not_is_refused_with_the_names_of_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        classifier.main(["nope"])
    assert "everyday" in capsys.readouterr().err


def test_every_everyday_prompt_says_what_is_right_and_stands_once() -> None:
    assert len(EVERYDAY) >= 120
    assert len({(prompt.text, prompt.system) for prompt in EVERYDAY}) == len(EVERYDAY)
    assert {prompt.wanted for prompt in EVERYDAY if prompt.kind == "small talk"} <= {
        frozenset({"conversation", "chat"}),
        frozenset({"conversation", "chat", "question_answering"}),
    }
