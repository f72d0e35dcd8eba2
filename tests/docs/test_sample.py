"""What runs the documentation: would it notice?"""

from __future__ import annotations

from pathlib import Path

import pytest

from .blocks import anchors, broken_links, commands, read_blocks, run

SAMPLE = """# Sample

```yaml
# conf/taskroute.yaml
models: {}
```

    <!-- not a comment for what follows -->

```python
from pathlib import Path
text = Path("conf/taskroute.yaml").read_text()
```

1. A block in a list:

   ```python
   import asyncio
   await asyncio.sleep(0)
   print(text.splitlines()[1])
   ```

<!-- output -->
```text
models: {}
```

<!-- not run: needs a key -->

```python
raise SystemExit
```
"""


def page(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    inner = tmp_path / "work"
    inner.mkdir()
    monkeypatch.chdir(inner)
    return inner


def test_blocks_share_a_namespace_and_see_the_files_written_before_them(tmp_path: Path, folder: Path) -> None:
    run(read_blocks(page(tmp_path, SAMPLE)), folder)
    assert (folder / "conf" / "taskroute.yaml").read_text() == "# conf/taskroute.yaml\nmodels: {}\n"


def test_each_block_knows_its_line_language_and_comments(tmp_path: Path) -> None:
    found = [(block.line, block.language, block.not_run) for block in read_blocks(page(tmp_path, SAMPLE))]
    assert found == [(3, "yaml", None), (10, "python", None), (17, "python", None), (24, "text", None), (30, "python", "needs a key")]


def test_a_failing_block_fails_with_the_line_of_the_page(tmp_path: Path, folder: Path) -> None:
    blocks = read_blocks(page(tmp_path, "one\n\n```python\nx = 1\nx / 0\n```\n"))
    with pytest.raises(ZeroDivisionError) as caught:
        run(blocks, folder)
    assert (caught.traceback[-1].path, caught.traceback[-1].lineno + 1) == (tmp_path / "page.md", 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python\nprint(1)\n```\n<!-- output -->\n```text\n2\n```\n", "what was printed is"),
        ("```python\nx = 1\n", "the block is not closed"),
        ("<!-- not run: -->\n```python\nx = 1\n```\n", "write a reason"),
        ("```yaml\n# a/../../x.yaml\n```\n", "outside the folder"),
        ("```sh\ntaskroute check x\nrm x\n```\n", "rm x"),
        ("```sh\ntaskroute check x | head\n```\n", "holds nothing else"),
        ("```sh\ntaskroute no-such-command\n```\n", "exited with"),
        ("<!-- exit: 77 -->\n```console\n$ taskroute --help\nusage: …\n```\n", "exited with"),
    ],
)
def test_a_page_that_does_not_hold_is_noticed(text: str, said: str, tmp_path: Path, folder: Path) -> None:
    with pytest.raises(AssertionError, match=said):
        run(read_blocks(page(tmp_path, text)), folder)


def test_a_block_that_is_not_run_must_still_be_python(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(SyntaxError):
        run(read_blocks(page(tmp_path, "<!-- not run: no key -->\n```python\nx = = 1\n```\n")), folder)


def test_only_blocks_of_taskroute_commands_are_run(tmp_path: Path) -> None:
    text = (
        "```sh\npip install taskroute\n```\n"
        "```sh\n# first\ntaskroute check \\\n  p.yaml  # fine\n```\n"
        "```console\n$ taskroute explain 'a | b'\nroute: x\n```\n"
        "```sh\n```\n"
    )
    found = [commands(block) for block in read_blocks(page(tmp_path, text))]
    assert found == [[], ["taskroute check  p.yaml  # fine"], ["taskroute explain 'a | b'"], []]


def test_links_and_anchors_that_lead_nowhere_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A `code` & more\n\n## Twice\n\n## Twice\n\n<a id='own'></a>\n```\n# no heading\n```\n")
    assert anchors(tmp_path / "other.md") == {"a-code--more", "twice", "twice-1", "own"}
    text = (
        "# Here\n"
        "[a](other.md) [b](other.md#twice-1) [c](#here) [d](https://example.org/x) `[e](gone.md)` [f](/other.md#own)\n"
        "[g](gone.md) [h](other.md#no-heading)\n"
        "[i]: gone.md\n"
        "<img src='gone.png'> [j](../../outside.md) [k](#there)\n"
        "```md\n[l](gone.md)\n```\n"
    )
    found = [problem.removeprefix(f"{tmp_path}/page.md:").split(": ")[:2] for problem in broken_links(page(tmp_path, text), tmp_path)]
    assert found == [
        ["3", "gone.md"],
        ["3", "other.md#no-heading"],
        ["4", "gone.md"],
        ["5", "../../outside.md"],
        ["5", "#there"],
        ["5", "gone.png"],
    ]
