"""`taskroute report`: what calls cost, how long they took and what failed, out of the spans that they left."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from taskroute.cli.files import write_file
from taskroute.cli.output import Style, print_json, print_pairs, print_table, print_title, say_error
from taskroute.cli.policies import CommandError
from taskroute.clock import SystemClock
from taskroute.policy.values import parse_duration
from taskroute.reporting import wording
from taskroute.reporting.as_json import as_json
from taskroute.reporting.collect import Collector
from taskroute.reporting.lines import collect
from taskroute.reporting.page import page
from taskroute.reporting.result import Dear, Latencies, Money, Report, Row

_SHOWN: Final = 8
_DIMENSIONS: Final = ("stage", "task", "model", "tenant")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "report",
        help="report on calls: spend, latency, failures, cache",
        description="Report on the calls whose spans are in these files: those that a policy's telemetry.file names, or those of a "
        "collector's file exporter. Exit status: 0 there are calls, 1 there are none, 2 a file cannot be read or written.",
    )
    command.add_argument("files", metavar="FILE", nargs="+", help="OTLP JSON lines, packed with gzip or not; - for the standard input")
    command.add_argument("-o", "--output", metavar="PAGE", help="write an HTML page to this file")
    command.add_argument("--force", action="store_true", help="write over a page that exists")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument(
        "--since", metavar="T", type=_moment, help="calls that began then or later: 2026-11-29, 2026-11-29T08:00Z, or 7d for seven days ago"
    )
    command.add_argument("--until", metavar="T", type=_moment, help="calls that began before")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read the files and print or write the report."""
    collector = Collector(since=arguments.since, until=arguments.until)
    try:
        collect(arguments.files, collector)
    except OSError as error:
        raise CommandError(f"{error.filename or 'the input'}: cannot be read: {error.strerror or type(error).__name__}") from None
    report = collector.report()
    if arguments.output is not None and report.calls.total:
        write_file(arguments.output, page(report), force=arguments.force)
    if arguments.json:
        print_json(as_json(report))
    elif not report.calls.total:
        say_error(f"no routed call is in {', '.join(arguments.files)}{_why_none(report)}")
    elif arguments.output is None:
        _print(report)
    else:
        print(f"{wording.counted(report.calls.total, 'call')}, written to {arguments.output}")
    if report.read.broken and not arguments.json:
        say_error(f"left out, because they could not be read: {wording.counted(report.read.broken, 'line')} or spans in lines")
    return 0 if report.calls.total else 1


def _moment(text: str) -> float:
    """Return a time as seconds since the epoch; one without a zone is UTC."""
    try:
        return SystemClock().time() - parse_duration(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 2026-11-29, 2026-11-29T08:00Z, or how long ago, such as 7d") from None


def _why_none(report: Report) -> str:
    if report.read.outside:
        return f" of the time asked for; outside of it: {wording.counted(report.read.outside, 'span')}"
    if report.read.spans:
        return f": none of the spans in it ({wording.count(report.read.spans)}) is a route span of taskroute"
    return ""


def _print(report: Report) -> None:
    calls, cache = report.calls, report.cache
    became = ", ".join(f"{wording.count(getattr(calls, status))} {status}" for status in ("answered", "failed", "cancelled"))
    print_pairs(
        [
            ("period", f"{wording.at(report.first)} to {wording.at(report.last)}, UTC"),
            ("calls", f"{wording.count(calls.total)}: {became}"),
            ("fell back", f"{wording.count(calls.fell_back)} ({wording.share(calls.fell_back, calls.total)})"),
            ("tokens", f"{wording.known(report.tokens.input)} in, {wording.known(report.tokens.output)} out"),
            *([("cache", ", ".join(f"{wording.count(times)} {status}" for status, times in cache.items()))] if cache else []),
            ("unknown cost", f"{wording.counted(calls.unpriced, 'call')}, in no sum of money"),
            *(pair for money in report.money for pair in _money(money)),
        ]
    )
    for money in report.money:
        for dimension in _DIMENSIONS:
            _print_groups(report, money, dimension)
    if not report.money:
        print_title("By model")
        rows = report.groups["model"].rows[:_SHOWN]
        print_table(("model", "calls"), [(wording.name(row.name), wording.count(row.calls)) for row in rows], right=(1,))
    _print_latencies("Latency by route", report.routes, "route")
    _print_latencies("Latency by model", report.models)
    _print_quality(report)
    _print_counted("Failures", ("model", "what", "times"), ((each.model, each.what, each.times) for each in report.failures))
    _print_counted("Fallbacks", ("from", "why", "calls"), ((each.model, each.what, each.times) for each in report.fallbacks))
    _print_dearest(report)
    others = report.others
    if others.inferences:
        text = f"Other instrumentations tell of {wording.counted(others.inferences, 'further inference')}, in none of these numbers."
        print(f"\n{Style()(text, 'dim')}")


def _money(money: Money) -> Iterable[tuple[str, str]]:
    yield "spent", wording.amount(money.spent, money.currency)
    if money.spent_estimate:
        yield "of it estimated", wording.amount(money.spent_estimate, money.currency)
    if money.saved_by_cache:
        yield "saved by cache", wording.amount(money.saved_by_cache, money.currency)
    if money.baseline or money.saved_estimate:
        saved, baseline = (wording.amount(each, money.currency) for each in (money.saved_estimate, money.baseline))
        yield "saved, estimate", f"{saved} of {baseline} on the baseline"


def _print_groups(report: Report, money: Money, dimension: str) -> None:
    groups, currency = report.groups[dimension], money.currency
    if all(row.name is None for row in groups.rows):
        return

    def cells(row: Row) -> Sequence[str]:
        spent, saved = row.spent.get(currency, Decimal(0)), row.saved.get(currency, Decimal(0))
        amounts = (wording.amount(spent), wording.share(spent, money.spent), wording.amount(saved))
        return (wording.name(row.name, dimension), wording.count(row.priced.get(currency, 0)), *amounts, wording.count(row.unpriced))

    print_title(f"By {dimension}, {currency}")
    rows = groups.rows[:_SHOWN]
    print_table((dimension, "calls", "spent", "share", "saved", "unknown cost"), map(cells, rows), right=(1, 2, 3, 4, 5))
    left = len(groups.rows) - len(rows) + (groups.rest is not None)
    if left:
        print(Style()("and more; -o and --json have them", "dim"))


def _print_latencies(title: str, latencies: Latencies, dimension: str = "") -> None:
    if not latencies.rows:
        return
    print_title(title)
    rows = [
        (wording.name(row.name, dimension), wording.count(row.calls), *map(wording.seconds, (row.p50, row.p90, row.p99)))
        for row in latencies.rows[:_SHOWN]
    ]
    print_table(("name", "calls", "p50", "p90", "p99"), rows, right=(1, 2, 3, 4))


def _print_quality(report: Report) -> None:
    if report.quality:
        print_title("Cost against quality")
        rows = [
            (
                wording.name(each.model),
                wording.count(each.scored),
                f"{each.score:.3f}",
                ", ".join(wording.amount(cost, currency) for currency, cost in each.cost.items()) or "unknown",
            )
            for each in report.quality[:_SHOWN]
        ]
        print_table(("model", "scored answers", "mean score", "mean cost"), rows, right=(1, 2, 3))


def _print_counted(title: str, head: Sequence[str], counted: Iterable[tuple[str | None, str | None, int]]) -> None:
    rows = [(wording.name(model), wording.name(what), wording.count(times)) for model, what, times in counted][:_SHOWN]
    if rows:
        print_title(title)
        print_table(head, rows, right=(2,))


def _print_dearest(report: Report) -> None:
    for currency, dearest in report.dearest.items():
        print_title(f"Dearest calls, {currency}")
        rows = [(each.decision_id or "?", *_names(each), wording.amount(each.cost)) for each in dearest]
        print_table(("decision", "route", "stage", "model", "cost"), rows, right=(4,))


def _names(dear: Dear) -> tuple[str, str, str]:
    return wording.name(dear.route, "route"), wording.name(dear.stage), wording.name(dear.model, "model")
