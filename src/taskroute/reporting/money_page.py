"""The sections of the page that are about money, once for each currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from taskroute.reporting import svg, wording
from taskroute.reporting.html import Html, tag
from taskroute.reporting.parts import folded, legend, note, section, table, tiles
from taskroute.reporting.result import Dear, Grouped, Money, Quality, Report, Row, Step

_TITLES: Final = {"stage": "By stage", "task": "By task", "model": "By model that answered", "tenant": "By tenant", "route": "By route"}
_ZERO: Final = Decimal(0)


def money_section(report: Report, money: Money, *, id_: str) -> Html:
    """Return what the calls cost in one currency: in sum, over time, by what they were for, and which were dearest."""
    currency = money.currency
    has_quality = [each for each in report.quality if currency in each.cost]
    return section(
        id_,
        f"Spend in {currency}",
        tiles(_totals(money)),
        *_notes(report, money),
        tag("h3", "Over time"),
        *_over_time(report, money),
        *(
            part
            for dimension, title in _TITLES.items()
            for part in (tag("h3", title), _groups(report.groups[dimension], money, title, dimension))
        ),
        *([tag("h3", "Cost against quality"), *_quality(has_quality, currency)] if has_quality else []),
        tag("h3", "The dearest calls"),
        _dearest(report.dearest.get(currency, ()), currency),
    )


def _totals(money: Money) -> list[tuple[str, str]]:
    currency = money.currency
    pairs = [("Spent", wording.amount(money.spent, currency))]
    if money.spent_estimate:
        pairs.append(("Of it estimated", wording.amount(money.spent_estimate, currency)))
    if money.aside:
        pairs.append(("Of it classifiers and checks", wording.amount(money.aside, currency)))
    if money.saved_by_cache:
        pairs.append(("Saved by the cache", wording.amount(money.saved_by_cache, currency)))
    if money.baseline or money.saved_estimate:
        pairs.append(("Saved, estimate", wording.amount(money.saved_estimate, currency)))
        pairs.append(("On the baseline, estimate", wording.amount(money.baseline, currency)))
    return pairs


def _notes(report: Report, money: Money) -> list[Html]:
    said: list[Html] = []
    if report.calls.unpriced:
        calls = wording.counted(report.calls.unpriced, "call")
        said.append(
            note(f"Not in any sum of money: {calls} whose cost is not known, for want of a price, or of tokens, as after a failure.")
        )
    if money.baseline or money.saved_estimate:
        said.append(
            note("What is saved against the baseline is an estimate: the tokens of the answers at the price of the baseline model.")
        )
    if money.spent_estimate:
        said.append(note("Of what is spent, a part is estimated: nobody counted the tokens of streams that were dropped or broke off."))
    if len(report.money) > 1:
        said.append(note("There is more than one currency: amounts are added up in each, and never across."))
    return said


def _over_time(report: Report, money: Money) -> Iterable[Html]:
    times, currency = report.times, money.currency
    if not times.steps:
        return [note("No call says when it was.")]
    begin, end = times.steps[0].start, times.steps[-1].start + times.width
    span = end - begin

    def values(step: Step) -> tuple[Decimal, Decimal]:
        return step.row.spent.get(currency, _ZERO), step.row.saved.get(currency, _ZERO)

    amounts = [values(step) for step in times.steps]
    highest, lowest = max(float(spent + max(saved, _ZERO)) for spent, saved in amounts), min(float(saved) for _, saved in amounts)
    bars: list[svg.Bar] = []
    rows: list[Sequence[str]] = []
    for step in times.steps:
        spent, saved = values(step)
        when = wording.at(step.start, times.width)
        title = f"{when}: spent {wording.amount(spent, currency)}, saved {wording.amount(saved, currency)}"
        bars.append(svg.Bar((step.start - begin) / span, (("spent", float(spent)), ("saved", float(saved))), title))
        rows.append((when, wording.count(step.row.priced.get(currency, 0)), wording.amount(spent), wording.amount(saved)))
    label = f"Spent and saved in {currency}, for each {wording.length(times.width)}; times are UTC"
    # Within one step, the middle has the name of the beginning, which stands then for both.
    places = {wording.at(begin + place * span, times.width): place for place in (0.5, 0.0, 1.0)}
    saves = "saved (with estimates)" if money.saved_estimate else "saved"
    return [
        note(f"{label}. Below zero: it cost more than the baseline would have." if lowest < 0 else f"{label}."),
        svg.columns(
            bars,
            width=times.width / span,
            across=[svg.Tick(place, when) for when, place in places.items()],
            up=svg.ticks_to(highest, min(0.0, lowest)),
            label=label,
        ),
        legend([("spent", "spent"), ("saved", saves)]),
        folded("The same as a table", table(label, ("From", "Calls", "Spent", "Saved"), rows, right=(1, 2, 3))),
    ]


def _groups(groups: Grouped, money: Money, title: str, dimension: str) -> Html:
    currency = money.currency
    rows = [*groups.rows, *([] if groups.rest is None else [groups.rest._replace(name="all others")])]
    most = max((row.spent.get(currency, _ZERO) for row in rows), default=_ZERO)
    saved = "Saved (with estimates)" if money.saved_estimate else "Saved"

    def cells(row: Row) -> Sequence[str]:
        spent = row.spent.get(currency, _ZERO)
        return (
            wording.name(row.name, dimension),
            wording.count(row.priced.get(currency, 0)),
            wording.amount(spent),
            wording.share(spent, money.spent),
            wording.amount(row.saved.get(currency, _ZERO)),
            wording.count(row.unpriced),
            svg.bar(float(spent / most) if most else 0.0),
        )

    head = (dimension.capitalize(), "Calls", "Spent", "Share", saved, "Unknown cost", "")
    return table(
        f"Calls of known cost, {title[0].lower()}{title[1:]}, in {currency}", head, map(cells, rows), right=(1, 2, 3, 4, 5), wide=6
    )


def _quality(found: Sequence[Quality], currency: str) -> list[Html]:
    highest = max(float(each.cost[currency]) for each in found)
    across = svg.ticks_to(highest)
    right = across[-1] or 1.0
    dots = [
        svg.Dot(
            float(each.cost[currency]) / right,
            max(0.0, min(1.0, float(each.score))),
            f"{wording.name(each.model)}: score {each.score:.3f}, {wording.amount(each.cost[currency], currency)} an answer",
            wording.name(each.model),
        )
        for each in found
    ]
    rows = [
        (wording.name(each.model), wording.count(each.scored), f"{each.score:.3f}", wording.amount(each.cost[currency])) for each in found
    ]
    label = f"Mean score of answers (up) against their mean cost in {currency} (across)"
    return [
        note(f"{label}. Up and to the left is better and cheaper."),
        svg.scatter(
            dots,
            across=[svg.Tick(value / right, wording.tick(value)) for value in across],
            up=[svg.Tick(share, wording.tick(share)) for share in (0, 0.25, 0.5, 0.75, 1)],
            label=label,
        ),
        table("Scored answers by model", ("Model", "Scored answers", "Mean score", "Mean cost"), rows, right=(1, 2, 3)),
    ]


def _dearest(dearest: Sequence[Dear], currency: str) -> Html:
    rows = (
        (
            Html(tag("code", each.decision_id or "?")),
            wording.name(each.route, "route"),
            wording.name(each.stage),
            wording.name(each.model, "model"),
            wording.amount(each.cost),
            "?" if each.input is None else wording.count(each.input),
            "?" if each.output is None else wording.count(each.output),
            tag("code", each.trace_id),
        )
        for each in dearest
    )
    head = ("Decision", "Route", "Stage", "Model", "Cost", "Tokens in", "Tokens out", "Trace")
    return table(f"The {len(dearest)} calls that cost most, in {currency}; nothing of what they said", head, rows, right=(4, 5, 6))
