"""`taskroute litellm config`: the configuration of a LiteLLM proxy that carries a policy out."""

from __future__ import annotations

import argparse
from typing import Any

from taskroute.cli.files import write_file
from taskroute.cli.output import print_json
from taskroute.cli.policies import CommandError, described, find_policy
from taskroute.cli.wording import listed
from taskroute.decision.snapshot import compile_policy
from taskroute.errors import ConfigurationError


def add(commands: Any) -> None:
    """Add the command to the parser."""
    group: argparse.ArgumentParser = commands.add_parser(
        "litellm", help="work with LiteLLM: write the configuration of its proxy", description="Work with LiteLLM."
    )
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command: argparse.ArgumentParser = subcommands.add_parser(
        "config",
        help="write the configuration of a LiteLLM proxy",
        description="Write the config.yaml of a LiteLLM proxy from a policy: a model group for each model, aliases, fallbacks, the hook. "
        "Keys are named by their environment variables, never read.",
    )
    command.add_argument(
        "--policy", metavar="P", help="the policy file (default: taskroute.yaml here, else the one that comes with taskroute)"
    )
    command.add_argument("--virtual", metavar="A,B", default="auto", help="models that stand for the policy's choice (default: auto)")
    command.add_argument("--output", metavar="FILE", help="write to this file instead of the terminal")
    command.add_argument("--force", action="store_true", help="write over a file that exists")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print or write the configuration."""
    # Of the adapter, only what LiteLLM is not needed for.
    from taskroute_litellm.config import as_yaml, proxy_config

    if arguments.json and arguments.output:
        raise CommandError("--json prints, and --output writes a file for LiteLLM; give one of them")
    if arguments.force and not arguments.output:
        raise CommandError("--force is for --output FILE; give both, or neither")
    found = find_policy(arguments.policy)
    snapshot = compile_policy(found.policy)
    try:
        config = proxy_config(snapshot, virtual=listed(arguments.virtual))
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    if arguments.json:
        print_json(
            {
                "policy": found.name,
                "policy_version": snapshot.version,
                "variables": list(config.variables),
                "config": config.document,
            }
        )
        return 0
    text = as_yaml(config, policy=found.name, version=snapshot.version)
    if arguments.output is None:
        print(text, end="")
        return 0
    write_file(arguments.output, text, force=arguments.force)
    print(f"{arguments.output}: written from {described(found)}")
    print(f"set: TASKROUTE_POLICY, {', '.join(config.variables)}")
    return 0
