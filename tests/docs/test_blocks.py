"""The documentation: its code runs, its links lead somewhere, and the README is short."""

from __future__ import annotations

from pathlib import Path

import pytest

from .blocks import broken_links, read_blocks, run

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CODE = sorted({*ROOT.glob("README.md"), *ROOT.glob("docs/**/*.md")})
PAGES = sorted({*CODE, *ROOT.glob("*.md"), *ROOT.glob("benchmarks/**/*.md"), *ROOT.glob("cassettes/**/*.md")})


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CODE, ids=name)
def test_the_code_of_a_page_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("TASKROUTE_POLICY", "TASKROUTE_PIN", "TASKROUTE_DISABLED"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    run(read_blocks(path), tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_the_links_of_a_page_lead_somewhere(path: Path) -> None:
    assert broken_links(path, ROOT) == []


def test_the_readme_has_at_most_180_lines() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 180


def test_the_readme_shows_code_by_line_25() -> None:
    first = next(block for block in read_blocks(README) if block.language == "python")
    assert first.line <= 25
    assert first.not_run is None
