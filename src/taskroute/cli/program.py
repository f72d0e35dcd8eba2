"""Reads the arguments and runs a command."""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from taskroute.cli import cache, check, classify, compare, explain, litellm_config, phoenix_prices, report, schema, train, try_models
from taskroute.cli.demo import command as demo
from taskroute.cli.output import say_error, say_warning
from taskroute.cli.policies import CommandError
from taskroute.errors import TaskrouteError

_COMMANDS = (check, explain, classify, train, compare, report, cache, schema, litellm_config, phoenix_prices, try_models, demo)
_INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="taskroute", description="The right model for each step: check, explain and try a routing policy.")
    top.add_argument("--version", action="version", version=_version())
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 when the answer is no, 2 for a usage or file error."""
    _never_fail_on_a_character()
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else 2
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _say_warning
            status: int = arguments.run(arguments)
        sys.stdout.flush()
    except CommandError as error:
        say_error(str(error))
        return error.status
    except TaskrouteError as error:
        say_error(str(error))
        return 2
    except BrokenPipeError:
        _silence_stdout()
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _say_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning without the place in our code that gives it."""
    say_warning(str(message))


def _version() -> str:
    try:
        return f"taskroute {version('taskroute')}"
    except PackageNotFoundError:
        return "taskroute (not installed)"


def _never_fail_on_a_character() -> None:
    """A terminal that lacks a character shows '?' for it, rather than ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _silence_stdout() -> None:
    # The reader of a pipe is gone; without this the interpreter reports a second error when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
