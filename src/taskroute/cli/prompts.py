"""Reads the prompt that a command works on."""

from __future__ import annotations

import sys

from taskroute.cli.policies import CommandError


def prompt_from(prompt: str | None, file: str | None) -> str:
    """Return the prompt as it is given, or what stands in the file; `-` is the standard input. Raises CommandError."""
    if file is None:
        return prompt or ""
    if prompt is not None:
        raise CommandError("both PROMPT and --file are given; give one")
    try:
        if file == "-":
            return sys.stdin.read()
        with open(file, encoding="utf-8") as text:
            return text.read()
    except (OSError, ValueError) as error:
        raise CommandError(f"--file {file!r} cannot be read ({error}); check the path, and that it is UTF-8 text") from None
