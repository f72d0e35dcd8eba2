"""`taskroute schema`: the JSON schema of the policy file, for editors."""

from __future__ import annotations

import argparse
import json
from typing import Any

from taskroute.policy.schema import policy_json_schema


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "schema", help="print the JSON schema of the policy file", description="Print the JSON schema of the policy file, for editors."
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    print(json.dumps(policy_json_schema(), indent=2))
    return 0
