"""A report as one HTML page that needs nothing else: no script, no font and no picture from anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from taskroute.reporting import svg, wording
from taskroute.reporting.css import CSS
from taskroute.reporting.html import Html, tag
from taskroute.reporting.money_page import money_section
from taskroute.reporting.parts import folded, legend, note, section, table, tiles
from taskroute.reporting.result import Counted, Latencies, Latency, Report, Row

_FORBIDDEN: Final = "default-src 'none'; style-src 'unsafe-inline'"
_COLOURS: Final = 5
_FASTEST: Final = 1e-3


def page(report: Report, *, title: str = "taskroute report") -> str:
    """Return the whole document."""
    money = [(f"spend-{index}", each) for index, each in enumerate(report.money)]
    links = [
        ("calls", "Calls"),
        *((id_, f"Spend in {each.currency}") for id_, each in money),
        ("models", "Models"),
        ("latency", "Latency"),
        ("failures", "Failures and fallbacks"),
        ("cache", "Cache"),
        ("read", "What was read"),
    ]
    body = tag(
        "body",
        tag("header", tag("h1", title), _period(report), _navigation(links)),
        tag(
            "main",
            _calls(report),
            *(money_section(report, each, id_=id_) for id_, each in money),
            _models(report),
            _latency(report),
            _failures(report),
            _cache(report),
            _read(report),
        ),
    )
    head = tag(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_FORBIDDEN}">'),
        tag("title", title),
        Html(f"<style>{CSS}</style>"),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _period(report: Report) -> Html:
    if report.first is None:
        return note("No call says when it was.")
    return note(f"Calls that began from {wording.at(report.first)} to {wording.at(report.last)}, UTC.")


def _navigation(links: Iterable[tuple[str, str]]) -> Html:
    return tag("nav", tag("ul", *(tag("li", tag("a", name, href=f"#{id_}")) for id_, name in links)), aria_label="Sections")


def _calls(report: Report) -> Html:
    calls, tokens = report.calls, report.tokens
    pairs = [
        ("Calls", wording.count(calls.total)),
        ("Answered", f"{wording.count(calls.answered)} ({wording.share(calls.answered, calls.total)})"),
        ("Failed", f"{wording.count(calls.failed)} ({wording.share(calls.failed, calls.total)})"),
        ("Cancelled", wording.count(calls.cancelled)),
        ("Fell back", f"{wording.count(calls.fell_back)} ({wording.share(calls.fell_back, calls.total)})"),
        ("Requests sent", wording.count(calls.requests)),
        ("Tokens in", wording.known(tokens.input)),
        ("Tokens out", wording.known(tokens.output)),
        ("Unknown cost", wording.count(calls.unpriced)),
    ]
    money = [note("No cost is known of any call.")] if not report.money else []
    return section("calls", "Calls", tiles(pairs), *money)


def _models(report: Report) -> Html:
    groups, total = report.groups["model"], report.calls.total
    rows = sorted(groups.rows, key=lambda row: (-row.calls, row.name or ""))
    if groups.rest is not None:
        rows.append(groups.rest._replace(name="all others"))

    def name(row: Row) -> str:
        return wording.name(row.name, "model")

    most = max((row.calls for row in rows), default=0) or 1
    shown = [(f"c{min(index, _COLOURS)}", row) for index, row in enumerate(rows)]
    parts = [(kind, row.calls / total, f"{name(row)}: {wording.share(row.calls, total)} of calls") for kind, row in shown if total]
    cells = (
        (name(row), wording.count(row.calls), wording.share(row.calls, total), wording.count(row.failed), svg.bar(row.calls / most))
        for row in rows
    )
    first = [(kind, name(row)) for kind, row in shown[:_COLOURS]]
    more = [(f"c{_COLOURS}", "all others")] if len(shown) > _COLOURS else []
    return section(
        "models",
        "Share of calls per model",
        svg.stack(parts),
        legend([*first, *more]),
        table("Calls by the model that answered", ("Model", "Calls", "Share", "Failed", ""), cells, right=(1, 2, 3), wide=4),
        *_scores(report),
    )


def _scores(report: Report) -> Iterable[Html]:
    """Return the scores that no picture has, because it is not known what the answers cost."""
    rows = [(wording.name(each.model), wording.count(each.scored), f"{each.score:.3f}") for each in report.quality if not each.cost]
    if rows:
        yield tag("h3", "Scores")
        yield table("Scored answers of unknown cost", ("Model", "Scored answers", "Mean score"), rows, right=(1, 2))


def _latency(report: Report) -> Html:
    return section(
        "latency",
        "Latency",
        note("Percentiles are right to one part in a hundred. Half of the calls took no longer than p50, 99 of 100 no longer than p99."),
        legend([("p50", "p50"), ("p90", "p90"), ("p99", "p99")]),
        tag("h3", "By route"),
        _latencies(report.routes, "Whole calls by route, answers of the cache and failed calls among them", "Route", "route"),
        tag("h3", "By model"),
        _latencies(report.models, "Answers by model, with the retries before them", "Model"),
    )


def _latencies(latencies: Latencies, caption: str, first: str, dimension: str = "") -> Html:
    rows = [*latencies.rows, *([] if latencies.rest is None else [latencies.rest._replace(name="all others")])]
    if not rows:
        return note("None is told.")
    low = math.log(max(_FASTEST, min(row.p50 for row in rows)) / 1.5)
    high = math.log(max(_FASTEST, *(row.p99 for row in rows)) * 1.5)

    def place(seconds: float) -> float:
        return max(0.0, min(1.0, (math.log(max(seconds, _FASTEST)) - low) / (high - low)))

    def cells(row: Latency) -> Sequence[str]:
        picture = svg.spread(place(row.p50), place(row.p90), place(row.p99))
        return (wording.name(row.name, dimension), wording.count(row.calls), *map(wording.seconds, (row.p50, row.p90, row.p99)), picture)

    head = (first, "Calls", "p50", "p90", "p99", "On one logarithmic scale")
    return table(caption, head, map(cells, rows), right=(1, 2, 3, 4), wide=5)


def _failures(report: Report) -> Html:
    failed = table(
        "Requests that failed, and answers that were no good", ("Model", "What", "Times", ""), _bars(report.failures), right=(2,), wide=3
    )
    fell = table("Calls by the first model that they left", ("From", "Why", "Calls", ""), _bars(report.fallbacks), right=(2,), wide=3)
    return section(
        "failures",
        "Failures and fallbacks",
        tag("h3", "Failures"),
        failed if report.failures else note("None."),
        tag("h3", "Fallbacks"),
        fell if report.fallbacks else note("None."),
    )


def _bars(counted: Sequence[Counted]) -> Iterable[Sequence[str]]:
    most = max((each.times for each in counted), default=1)
    for each in counted:
        yield wording.name(each.model), wording.name(each.what), wording.count(each.times), svg.bar(each.times / most, kind="failed")


def _cache(report: Report) -> Html:
    cache = report.cache
    if not cache:
        return section("cache", "Cache", note("No call says anything of a cache."))
    looked = cache.get("hit", 0) + cache.get("miss", 0)
    pairs = [
        ("Hits", wording.count(cache.get("hit", 0))),
        ("Misses", wording.count(cache.get("miss", 0))),
        ("Hit rate", wording.share(cache.get("hit", 0), looked)),
        *((f"Saved by it, {each.currency}", wording.amount(each.saved_by_cache)) for each in report.money if each.saved_by_cache),
    ]
    # With a baseline there is one saving a call, which the cache and the choice of the model have made together.
    shared = (
        [note("What hits saved against the baseline is in the estimate of that.")] if any(each.baseline for each in report.money) else []
    )
    rows = ((status, wording.count(calls), svg.bar(calls / max(cache.values()), kind="saved")) for status, calls in cache.items())
    head = ("Status", "Calls", "")
    return section("cache", "Cache", tiles(pairs), *shared, table("Calls by what the cache had for them", head, rows, right=(1,), wide=2))


def _read(report: Report) -> Html:
    read, others = report.read, report.others
    pairs = [
        ("Lines", wording.count(read.lines)),
        ("Broken", wording.count(read.broken)),
        ("Spans", wording.count(read.spans)),
        ("Seen twice, counted once", wording.count(read.repeated)),
        ("Outside the time asked for", wording.count(read.outside)),
        ("Inferences told by others", wording.count(others.inferences)),
        ("Their tokens in", wording.count(others.input)),
        ("Their tokens out", wording.count(others.output)),
    ]
    left_out = note(
        f"Left out: {wording.counted(others.left_out, 'inference')} of which other instrumentations tell. Their traces have routed calls,"
        " which may be the same."
    )
    notes = [left_out] if others.left_out else []
    return section("read", "What was read", folded("Lines and spans", tiles(pairs), *notes))
