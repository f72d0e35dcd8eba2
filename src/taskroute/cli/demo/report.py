"""How the demonstration prints its steps and what they cost."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from taskroute.cli.demo.ledger import Compared, total
from taskroute.cli.output import Style, money, print_wrapped, width
from taskroute.types import Cost, Outcome, Usage

_NOTE: Final = " " * 17
_TELLERS: Final[Mapping[str, str]] = {
    "explicit": "for_stage",
    "tag": "a tag",
    "ancestor": "the chain around it",
    "node": "the LangGraph node",
}


def print_turn(question: str, result: dict[str, Any] | None, outcomes: Sequence[Outcome], *, after: str | None) -> None:
    """Print one question: each step with its model and reason, then the answer."""
    style = Style()
    print(f"\n{style('Question', 'bold', 'cyan')}  {question}" + (style(f"  (after: {after})", "dim") if after else ""))
    for _, same in groupby(outcomes, key=_alike):
        _print_step(list(same))
    if result is None:
        return
    print(style("\n  Rewritten  ", "dim") + result["question"])
    print(style("  Read       ", "dim") + ", ".join(document.metadata["source"] for document in result["documents"]))
    print(style("  Answer", "bold"))
    print_wrapped(result["answer"], indent="    ")
    print(style("  Checked    ", "dim") + str(result["verdict"]))


def _alike(outcome: Outcome) -> tuple[object, ...]:
    """Calls of one step that went the same way are printed as one line."""
    return (
        outcome.decision.signals.stage,
        outcome.decision.reason,
        outcome.model,
        tuple((tried.model, tried.failure) for tried in outcome.tries),
        outcome.status,
    )


def _print_step(same: list[Outcome]) -> None:
    style, first = Style(), same[0]
    stage = first.decision.signals.stage
    calls = "1 call" if len(same) == 1 else f"{len(same)} calls"
    used = [outcome.tries[-1].usage or Usage() for outcome in same if outcome.tries]
    cost = money(*_price(total(outcome.cost for outcome in same)))
    tokens = f"{_sum(usage.input for usage in used):>6} in {_sum(usage.output for usage in used):>5} out"
    name = style((stage.value or "no stage").ljust(14), "bold")
    model = style((first.model or "(failed)").ljust(10), "green" if first.model else "red")
    print(f"  {name} {model} {calls:>8} {tokens}  {cost:>16}")
    told = f"told by {_TELLERS.get(stage.source, stage.source)}; " if stage.value else ""
    _print_note(told + first.decision.reason, "dim")
    for tried in first.tries:
        if tried.failure is not None:
            _print_note(f"{tried.model} failed: {tried.failure} ({tried.error})", "yellow")
    barred: dict[str, list[str]] = {}
    for name, why in first.decision.rejected.items():
        barred.setdefault(why, []).append(name)
    for why, names in barred.items():
        _print_note(f"not asked: {', '.join(sorted(names))} ({why})", "dim")


def _print_note(text: str, look: str) -> None:
    style = Style()
    for line in textwrap.wrap(text, width() - len(_NOTE), break_on_hyphens=False):
        print(_NOTE + style(line, look))


def _sum(counts: Iterable[int | None]) -> str:
    known = list(counts)
    return "?" if None in known else str(sum(count for count in known if count is not None))


def _price(cost: Cost | None) -> tuple[Any, str]:
    return (None, "USD") if cost is None else (cost.amount, cost.currency)


def print_totals(compared: Compared) -> None:
    """Print what everything cost, against everything on the strong model."""
    style = Style()
    routed, strong = compared.routed, compared.strong
    print(f"\n{style('Cost', 'bold', 'cyan')}")
    print(f"  as routed                {money(*_price(routed)):>16}")
    if compared.model is None:
        print("  everything on the strong model: unknown, because no price is known of any model; pip install 'taskroute[prices]'")
        return
    print(f"  everything on {compared.model!r:<10} {money(*_price(strong)):>16}   (the same tokens)")
    if routed is not None and strong is not None and routed.amount and routed.currency == strong.currency:
        share = 100 * (1 - routed.amount / strong.amount) if strong.amount else 0
        print(f"  saved                    {style(f'{share:>15.0f}%', 'bold')}")
    notes = [f"prices: {', '.join(compared.sources)}"] if compared.sources else []
    if compared.left_out:
        notes.append(f"{compared.left_out} calls that {compared.model!r} may not see are in neither sum")
    if notes:
        print(style(f"  {'; '.join(notes)}", "dim"))
