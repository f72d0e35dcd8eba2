"""`taskroute try`: one prompt on several models, side by side."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from taskroute.cli.output import Style, money, print_json, print_table, print_wrapped
from taskroute.cli.policies import CommandError, find_policy
from taskroute.cli.wording import listed
from taskroute.clock import SystemClock
from taskroute.errors import AllModelsFailedError
from taskroute.policy.consistent import suggestion
from taskroute.policy.schema import Policy
from taskroute.ports import Clock
from taskroute.router import Router
from taskroute.types import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Build = Callable[[Router], "BaseChatModel"]
"""Makes the chat model that a router's calls go through."""


class Answer(NamedTuple):
    """What one model gave. None means unknown."""

    name: str
    model: str | None
    text: str | None
    error: str | None
    usage: Usage | None
    cost: Decimal | None
    currency: str | None
    seconds: float


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "try",
        help="send one prompt to several models of the policy and compare",
        description="Send one prompt to several models of the policy and compare answers, tokens, cost and time. Needs their keys. "
        "Exit status 1: every model failed.",
    )
    command.add_argument("prompt", metavar="PROMPT")
    command.add_argument("--models", metavar="A,B", required=True, help="names of models in the policy")
    command.add_argument(
        "--policy", metavar="P", help="the policy file (default: taskroute.yaml here, else the one that comes with taskroute)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace, *, build: Build | None = None, clock: Clock | None = None) -> int:
    """Ask the models, one after the other so that their times can be compared, and show what they gave."""
    policy = find_policy(arguments.policy).policy
    names = listed(arguments.models)
    for name in names:
        if name not in policy.models:
            raise CommandError(f"--models: the policy has no model named {name!r}; {suggestion(name, policy.models)}")
    if not names:
        raise CommandError("--models names no model; write, for example, --models small,large")
    answers = [answer(name, arguments.prompt, policy, build=build or _routed, clock=clock or SystemClock()) for name in names]
    if arguments.json:
        print_json({"prompt": arguments.prompt, "answers": list(map(_as_json, answers))})
    else:
        _show(answers)
    return 1 if all(each.error is not None for each in answers) else 0


def _routed(router: Router) -> BaseChatModel:
    try:
        from taskroute_langchain import RoutedChatModel
    except ImportError as error:
        raise CommandError(f"taskroute try needs LangChain ({error}); pip install 'taskroute[langchain]'") from None
    return RoutedChatModel(router=router)


def answer(name: str, prompt: str, policy: Policy, *, build: Build, clock: Clock) -> Answer:
    """Return what one model gives for the prompt, or its error. The policy's rules hold: a model that they bar is not asked."""
    router = Router(alone(name, policy))
    spec = router.snapshot.registry[name]
    started = clock.now()
    try:
        llm = build(router)
        started = clock.now()
        message: Any = llm.invoke(prompt, config={"configurable": {"model": name}})
    except CommandError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one model does wrong stands beside what the others answer
        return Answer(name, spec.model, None, _first_line(error), None, None, None, clock.now() - started)
    seconds = clock.now() - started
    used: Mapping[str, int] = message.usage_metadata or {}
    usage = Usage(input=used.get("input_tokens"), output=used.get("output_tokens"))
    entry = message.response_metadata.get("taskroute", {})
    cost = None if entry.get("cost") is None else Decimal(str(entry["cost"]))
    return Answer(name, spec.model, str(message.text), None, usage, cost, entry.get("currency"), seconds)


def alone(name: str, policy: Policy) -> Policy:
    """Return the policy with this model only, so that no other needs a key, and none answers in its place."""
    return policy.model_copy(update={"models": {name: policy.models[name]}, "default": (name,), "routes": (), "cache": None})


def _first_line(error: BaseException) -> str:
    if isinstance(error, AllModelsFailedError):
        error = error.tries[-1].error or error
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0]


def _as_json(each: Answer) -> dict[str, Any]:
    usage = each.usage or Usage()
    return {
        "name": each.name,
        "model": each.model,
        "answer": each.text,
        "error": each.error,
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cost": each.cost,
        "currency": each.currency,
        "seconds": round(each.seconds, 3),
    }


def _show(answers: Iterable[Answer]) -> None:
    known = list(answers)
    head = ("name", "in", "out", "cost", "seconds", "model")
    print_table(head, list(map(_row, known)), right=(1, 2, 3, 4))
    style = Style()
    for each in known:
        print(f"\n{style(each.name, 'bold')}")
        print_wrapped(each.text if each.text is not None else f"failed: {each.error}")


def _row(each: Answer) -> tuple[str, ...]:
    usage = each.usage or Usage()
    cost = "-" if each.error is not None else money(each.cost, each.currency or "USD")
    return each.name, _count(usage.input), _count(usage.output), cost, f"{each.seconds:.2f}", each.model or "given in code"


def _count(tokens: int | None) -> str:
    return "-" if tokens is None else str(tokens)
