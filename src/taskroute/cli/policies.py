"""Finds and reads the policy that a command works on."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import NamedTuple

from taskroute.errors import PolicyError
from taskroute.policy.load import Document, read_file
from taskroute.policy.parse import parse
from taskroute.policy.schema import Policy

USUAL_NAME = "taskroute.yaml"


class CommandError(Exception):
    """A command cannot go on: the message says why and what to do, `status` is the exit status."""

    def __init__(self, message: str, *, status: int = 2) -> None:
        self.status = status
        super().__init__(message)


class Found(NamedTuple):
    """A policy, and where it came from."""

    policy: Policy
    name: str
    shipped: bool = False
    """Whether it is the demo policy that comes with taskroute."""


def demo_policy() -> Path:
    """Return the path of the policy that comes with taskroute."""
    return Path(str(resources.files("taskroute.cli.demo"))) / USUAL_NAME


def read_document(path: str) -> Document:
    """Return a policy file as data with places. Raises CommandError when there is no such file, PolicyError for what is in it."""
    try:
        with open(path, "rb"):
            pass
    except (OSError, ValueError):
        try:
            read_file(path)
        except PolicyError as error:
            raise CommandError(str(error)) from None
    return read_file(path)


def find_policy(path: str | None) -> Found:
    """Return the policy at a path; without one, the `taskroute.yaml` of this directory, or else the one that comes with taskroute.

    Raises CommandError.
    """
    shipped = path is None and not Path(USUAL_NAME).is_file()
    name = str(demo_policy()) if shipped else path or USUAL_NAME
    try:
        return Found(parse(read_document(name)), name, shipped)
    except PolicyError as error:
        raise CommandError(str(error)) from None


def described(found: Found) -> str:
    """Return what to tell of a policy: its file, or that it is the shipped one, and its version."""
    where = f"the demo policy that comes with taskroute (no {USUAL_NAME} here; give yours with --policy)" if found.shipped else found.name
    return f"{where}, version {found.policy.fingerprint}"
