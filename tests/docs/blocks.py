"""Reads the code blocks and links of Markdown files, and runs the blocks.

A file's `python` blocks share one namespace and one folder, top to bottom. A `yaml`, `toml` or `json` block that begins with a comment
naming a file (`# taskroute.yaml`) is written there. `sh` and `console` blocks of `taskroute` commands go through the command line.
Comments before a block change what happens to it:

    <!-- not run: reason -->    compiled only (python), or left alone (shell)
    <!-- exit: 1 -->            the commands must exit with this status
    <!-- output -->             this text block is what the block before printed
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[\w+-]*)")
COMMENT = re.compile(r"^ *<!-- *(?P<text>.*?) *-->\s*$")
FILE_NAME = re.compile(r"^(?:#|//) (?P<name>[\w-][\w./-]*\.\w+)\s*$")
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
LINK = re.compile(r"\]\(\s*<?(?P<target>[^\s)>]+)>?(?:\s+[\"'(][^)]*)?\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]^]+\]:\s*<?(?P<target>[^\s>]+)")
HTML_TARGET = re.compile(r"\b(?:href|src)=[\"'](?P<target>[^\"']+)[\"']")
HTML_ANCHOR = re.compile(r"<\w+[^>]*\b(?:id|name)=[\"']([^\"']+)[\"']")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(?P<text>.+?)\s*#*\s*$")
SHELL_OPERATORS = {"|", "||", "&&", ";", ">", ">>", "<", "&"}
COMMAND_SECONDS = 120


class Block(NamedTuple):
    """One fenced block of a Markdown file."""

    path: Path
    line: int
    """Line of the opening fence, from 1."""
    language: str
    text: str
    comments: tuple[str, ...] = ()
    """Texts of the HTML comments that stand right before it."""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def not_run(self) -> str | None:
        """The reason why the block is not run, or None when it is."""
        return self._after("not run:")

    @property
    def exit_status(self) -> int:
        return int(self._after("exit:") or 0)

    @property
    def is_output(self) -> bool:
        return "output" in self.comments

    def file_name(self) -> str | None:
        """Return the file that the block is to be written to, or None."""
        match = FILE_NAME.match(self.text.split("\n", 1)[0])
        return match["name"] if match else None

    def _after(self, prefix: str) -> str | None:
        found = [comment.removeprefix(prefix).strip() for comment in self.comments if comment.startswith(prefix)]
        if not found:
            return None
        assert found[0], f"{self.place}: write a reason or a number after '{prefix}'"
        return found[0]


def read_blocks(path: Path) -> tuple[Block, ...]:
    """Return the fenced blocks of a file, in order."""
    blocks: list[Block] = []
    comments: list[str] = []
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    for number, line in lines:
        if comment := COMMENT.match(line):
            comments.append(comment["text"])
        elif fence := FENCE.match(line):
            body = _until_closed(lines, fence["fence"], f"{path}:{number}")
            text = textwrap.dedent("\n".join(body)) if fence["indent"] else "\n".join(body)
            blocks.append(Block(path, number, fence["language"].lower(), text, tuple(comments)))
            comments.clear()
        elif line.strip():
            comments.clear()
    return tuple(blocks)


def _until_closed(lines: Iterator[tuple[int, str]], fence: str, place: str) -> list[str]:
    body: list[str] = []
    for _, line in lines:
        stripped = line.strip()
        if stripped.startswith(fence) and not stripped.strip(fence[0]):
            return body
        body.append(line)
    raise AssertionError(f"{place}: the block is not closed; end it with {fence}")


def run(blocks: tuple[Block, ...], folder: Path) -> None:
    """Run the blocks of one file. The current directory must be `folder`, where their files go."""
    module = ModuleType(f"blocks_of_{re.sub(r'[^0-9a-zA-Z]', '_', blocks[0].path.stem)}" if blocks else "no_blocks")
    sys.modules[module.__name__] = module  # annotations of models and graphs are looked up there
    printed = ""
    try:
        for block in blocks:
            if block.is_output:
                assert block.text.strip() == printed.strip(), f"{block.place}: what was printed is:\n{printed}"
            elif block.language in {"yaml", "toml", "json"}:
                _write(block, folder)
            elif block.language in {"python", "py"}:
                printed = run_python(block, module.__dict__)
            elif block.language in {"sh", "bash", "shell", "console"}:
                printed = run_commands(block, folder)
    finally:
        del sys.modules[module.__name__]
        _leave_litellm_as_it_was(module)


def _leave_litellm_as_it_was(module: ModuleType) -> None:
    """Take off the policies that a page put in front of LiteLLM, which the process keeps."""
    litellm: Any = sys.modules.get("litellm")
    ours: Any = sys.modules.get("taskroute_litellm")
    if litellm is None or ours is None:
        return
    for value in vars(module).values():
        if isinstance(value, litellm.Router):
            ours.uninstall(value)
    ours.unregister()


def _write(block: Block, folder: Path) -> None:
    name = block.file_name()
    if name is None:
        return
    target = (folder / name).resolve()
    assert target.is_relative_to(folder.resolve()), f"{block.place}: {name!r} is outside the folder of the example"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(block.text + "\n", encoding="utf-8")


def run_python(block: Block, namespace: dict[str, Any]) -> str:
    """Return what the block printed. A traceback shows the lines of the Markdown file."""
    source = "\n" * block.line + block.text
    code = compile(source, str(block.path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if block.not_run:
        return ""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, namespace))
        else:
            exec(code, namespace)
    return printed.getvalue()


def commands(block: Block) -> list[str]:
    """Return the `taskroute` commands of a shell block, none when it begins with another command."""
    joined = re.sub(r"\\\n\s*", " ", block.text).splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in joined if line.startswith("$ ")]
    else:
        lines = [line.strip() for line in joined if line.strip() and not line.strip().startswith("#")]
    if not lines or lines[0].split()[0] != "taskroute":
        return []
    foreign = [line for line in lines if line.split()[0] != "taskroute" or SHELL_OPERATORS & set(shlex.split(line, comments=True))]
    assert not foreign, f"{block.place}: a block of taskroute commands holds nothing else, put this in a block of its own: {foreign[0]}"
    return lines


def run_commands(block: Block, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return what the commands printed; each must exit with the block's status."""
    printed = ""
    for command in [] if block.not_run else commands(block):
        done = subprocess.run(
            [sys.executable, "-m", "taskroute.cli", *shlex.split(command, comments=True)[1:]],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )
        said = f"{block.place}: {command!r} exited with {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == block.exit_status, said
        printed += done.stdout
    return printed


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines outside fenced blocks."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    for number, line in lines:
        if fence := FENCE.match(line):
            _until_closed(lines, fence["fence"], f"{path}:{number}")
        else:
            yield number, line


def anchors(path: Path) -> set[str]:
    """Return the names that a link to a part of this file may use, as repository hosts derive them from headings."""
    names: set[str] = set()
    for _, line in _prose(path):
        names.update(HTML_ANCHOR.findall(line))
        if heading := HEADING.match(line):
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading["text"])
            slug = re.sub(r"[^\w\- ]", "", re.sub(r"<[^>]+>", "", text)).strip().lower().replace(" ", "-")
            free = (name for name in (slug, *(f"{slug}-{n}" for n in range(1, 1000))) if name not in names)
            names.add(next(free))
    return names


def broken_links(path: Path, root: Path) -> list[str]:
    """Return each link of a file whose target is not there, with its place. Addresses on the network are not looked at."""
    broken: list[str] = []
    for number, line in _prose(path):
        text = INLINE_CODE.sub("", line)
        for pattern in (LINK, DEFINITION, HTML_TARGET):
            for match in pattern.finditer(text):
                target = match["target"]
                if not re.match(r"[a-z][a-z0-9+.-]*:", target) and (why := _missing(target, path, root)):
                    broken.append(f"{path}:{number}: {target}: {why}")
    return broken


def _missing(target: str, path: Path, root: Path) -> str | None:
    name, _, fragment = target.partition("#")
    file = root / name.lstrip("/") if name.startswith("/") else path.parent / name if name else path
    if not file.resolve().is_relative_to(root.resolve()):
        return "is outside the repository"
    if not file.exists():
        return "there is no such file"
    if fragment and file.suffix == ".md" and fragment not in anchors(file):
        return f"there is no such heading; known: {', '.join(sorted(anchors(file)))}"
    return None
