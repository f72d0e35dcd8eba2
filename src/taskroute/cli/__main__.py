"""Runs the command line as `python -m taskroute.cli`."""

from __future__ import annotations

from taskroute.cli.program import main

if __name__ == "__main__":
    raise SystemExit(main())
