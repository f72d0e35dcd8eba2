"""`taskroute demo`: a RAG chain over texts about taskroute, routed step by step."""

from __future__ import annotations

import argparse
import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from taskroute.cli.demo.export import Exported, exporting
from taskroute.cli.demo.ledger import Ledger, compare
from taskroute.cli.demo.live import require_keys, without_ollama
from taskroute.cli.output import Style, print_wrapped, say_error
from taskroute.cli.policies import CommandError, demo_policy, find_policy
from taskroute.policy.schema import Policy
from taskroute.router import Router

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from taskroute_langchain import RoutedChatModel


class Turn(NamedTuple):
    """A question, and the question and answer before it."""

    question: str
    before: tuple[str, str] | None = None


_FOLLOW_UP = Turn(
    "What happens when it is rate limited?",
    before=("Who picks the model?", "taskroute does, call by call, from the policy."),
)
_PRIVATE = Turn("I am ann@example.com: which model may see an e-mail address?")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "demo",
        help="run a routed RAG chain, without keys and without a network",
        description="Run a LangChain RAG chain over texts about taskroute and show how each of its steps is routed. "
        "Needs no keys: stand-ins answer from the texts.",
    )
    command.add_argument("--question", metavar="Q", help="ask this instead of the built-in questions")
    command.add_argument("--policy", metavar="P", help="route by this policy instead of the one that comes with taskroute")
    command.add_argument("--live", action="store_true", help="call the real models of the policy, with the keys in the environment")
    command.add_argument("--otlp", metavar="URL", help="send the spans to this OTLP/HTTP address, such as http://localhost:4318")
    command.add_argument("--file", metavar="PATH", help="add the spans to this file, for `taskroute report`")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the chain, show every step, and what it cost."""
    policy = find_policy(arguments.policy or str(demo_policy())).policy
    if arguments.live:
        policy = policy if arguments.policy else without_ollama(policy)
        require_keys(policy, os.environ)
    if arguments.file is not None:
        policy = policy.model_copy(update={"telemetry": policy.telemetry.model_copy(update={"file": arguments.file})})
    turns = [Turn(arguments.question)] if arguments.question else [_FOLLOW_UP, _PRIVATE] if "private" in policy.models else [_FOLLOW_UP]
    with exporting(arguments.otlp) if arguments.otlp else nullcontext() as exported:
        failed = _play(policy, turns, live=arguments.live, staged=not arguments.policy)
    return 1 if _lost(exported, arguments.otlp) or failed else 0


def _play(policy: Policy, turns: list[Turn], *, live: bool, staged: bool) -> bool:
    """Ask the questions and print everything; return whether one was not answered."""
    try:
        from langchain_core.messages import AIMessage, HumanMessage

        from taskroute.cli.demo.chain import rag_chain
        from taskroute.cli.demo.report import print_totals, print_turn
        from taskroute.cli.demo.retriever import BM25, shipped_documents
    except ImportError as error:
        raise CommandError(f"taskroute demo needs LangChain ({error}); pip install 'taskroute[langchain]'") from None
    ledger = Ledger()
    router = Router(policy, observers=(ledger,))
    chain = rag_chain(_model(router, live=live, staged=staged), BM25(documents=shipped_documents()))
    _introduce(live=live)
    failed = False
    for turn in turns:
        seen, result = len(ledger.outcomes), None
        history: list[BaseMessage] = [] if turn.before is None else [HumanMessage(turn.before[0]), AIMessage(turn.before[1])]
        try:
            result = chain.invoke({"question": turn.question, "history": history})
        except Exception as error:  # noqa: BLE001 - a question that fails is shown, and the next one is asked
            failed = True
            say_error(f"{turn.question!r} was not answered: {type(error).__name__}: {error}")
        print_turn(turn.question, result, ledger.outcomes[seen:], after=turn.before[0] if turn.before else None)
    print_totals(compare(ledger.outcomes, router))
    return failed


def _model(router: Router, *, live: bool, staged: bool) -> RoutedChatModel:
    from taskroute_langchain import RoutedChatModel

    if live:
        return RoutedChatModel(router=router)
    from taskroute.cli.demo.chain import GRADE
    from taskroute.cli.demo.stand_ins import Rehearsal, StandIn

    shared = Rehearsal(fails_in=GRADE if staged else None)
    return RoutedChatModel(router=router, models={name: StandIn(model_name=name, shared=shared) for name in router.policy.models})


def _introduce(*, live: bool) -> None:
    style = Style()
    print(style("taskroute demo: one RAG chain, one policy, the right model for each step", "bold"))
    if not live:
        text = (
            "No model is called: stand-ins answer from the texts. "
            "Tokens are estimates; costs are those tokens at the named models' list prices."
        )
        print_wrapped(text, indent="")


def _lost(exported: Exported | None, url: str) -> bool:
    if exported is None:
        return False
    if exported.lost:
        say_error(f"{exported.lost} spans could not be sent to {url!r}; check that a collector listens there")
    elif not exported.sent:
        say_error("no span was made; check that OTEL_SDK_DISABLED is not set")
    else:
        print(f"\n{exported.sent} spans sent to {url}")
        return False
    return True
