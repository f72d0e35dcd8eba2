"""The command line."""

from taskroute.cli.program import main

__all__ = ["main"]
