"""Kept answers as the commands show them: for people, and as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from taskroute.cache.manage import Kept
from taskroute.cache.stats import Counts, Stats
from taskroute.cli.output import money, print_pairs, print_table, print_title, print_wrapped
from taskroute.policy.caching import Cache
from taskroute.stored import StoredAnswer

_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_SHORT: Final = 12
_TOP: Final = 10


def duration(seconds: float) -> str:
    """Return a time in its two largest units: `3d 4h`, `59s`."""
    left, found = int(seconds), list[str]()
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or (unit == "s" and not found):
            found.append(f"{count}{unit}")
        elif found:
            break
    return " ".join(found[:2])


def size(count: float) -> str:
    """Return bytes to read: `312 B`, `1.2 kB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:g} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def answers(count: int) -> str:
    """Return `1 answer`, `2,000 answers`."""
    return f"{count:,} answer{'' if count == 1 else 's'}"


def where(cache: Cache) -> str:
    """Return where a policy's answers are kept; an address as the policy writes it."""
    place = {"disk": cache.path, "redis": cache.url}.get(cache.store)
    return f"{cache.store}, {place}" if place else cache.store


def saved(counts: Counts) -> str:
    """Return what served answers had cost, in each currency; 'unknown' where no price is known, '-' where none was served."""
    amounts = ", ".join(money(amount, currency) for currency, amount in sorted(counts.saved.items()))
    return amounts or ("unknown" if counts.hits or counts.stale else "-")


# Statistics


def stats_json(found: Stats) -> dict[str, Any]:
    """Return statistics for programs."""
    return {
        "answers": sum(held.answers for held in found.held),
        "stale": sum(held.stale for held in found.held),
        "bytes": sum(held.bytes for held in found.held),
        "stores": [
            {
                "for": held.partition or "all",
                "answers": held.answers,
                "stale": held.stale,
                "bytes": held.bytes,
                "used": held.used,
                "size": held.room,
            }
            for held in found.held
        ],
        **_counts_json(found.total),
        "stages": [{"stage": stage or None, **_counts_json(counts)} for stage, counts in _by_hits(found)],
    }


def _counts_json(counts: Counts) -> dict[str, Any]:
    return {
        "hits": counts.hits,
        "misses": counts.misses,
        "hit_rate": counts.hit_rate,
        "stale_served": counts.stale,
        "stored": counts.stored,
        "saved": dict(counts.saved),
    }


def show_stats(found: Stats) -> None:
    """Print statistics."""
    total = found.total
    stale = sum(held.stale for held in found.held)
    print_pairs(
        [
            ("answers", f"{sum(held.answers for held in found.held):,}" + (f", {stale:,} of them past their time" if stale else "")),
            ("bytes", size(sum(held.bytes for held in found.held))),
            ("hits", f"{total.hits:,} of {total.hits + total.misses:,} look-ups{_rate(total)}"),
            ("saved", saved(total)),
        ]
    )
    if total.stale:
        print_pairs([("served past their time", f"{total.stale:,}")])
    print_title("Stores")
    rows = [
        (
            held.partition or "all",
            f"{held.answers:,}",
            size(held.bytes),
            "unknown" if held.used is None else size(held.used),
            "not in the policy" if held.room is None else size(held.room),
        )
        for held in found.held
    ]
    print_table(("for", "answers", "bytes", "used", "of size"), rows, right=(1, 2, 3, 4))
    if found.stages:
        print_title("Stages with the most hits")
        top = [(stage or "(none)", counts) for stage, counts in _by_hits(found)[:_TOP]]
        lines = [(stage, f"{each.hits:,}", f"{each.misses:,}", _rate(each, "{}"), saved(each)) for stage, each in top]
        print_table(("stage", "hits", "misses", "rate", "saved"), lines, right=(1, 2, 3))


def _by_hits(found: Stats) -> list[tuple[str, Counts]]:
    return sorted(found.stages.items(), key=lambda item: (-item[1].hits, item[0]))


def _rate(counts: Counts, form: str = " ({})") -> str:
    return "" if counts.hit_rate is None else form.format(f"{100 * counts.hit_rate:.1f} %")


# Answers


def kept_json(kept: Kept, now: float) -> dict[str, Any]:
    """Return what is known of an answer for programs, without what it says."""
    entry = kept.entry
    return {
        "key": kept.key,
        "namespace": kept.namespace,
        "store": kept.partition or "all",
        "model": entry.model,
        "stage": entry.stage,
        "task": entry.task,
        "tenant": entry.tenant,
        "user": entry.user,
        "made": datetime.fromtimestamp(entry.made, UTC).isoformat(timespec="seconds"),
        "age_s": round(now - entry.made, 3),
        "left_s": round(entry.until - now, 3),
        "stale": kept.is_stale(now),
        "bytes": kept.size,
        "usage": None if entry.usage is None else {name: count for name, count in entry.usage._asdict().items() if count is not None},
        "cost": None if entry.cost is None else entry.cost._asdict(),
    }


def answer_json(answer: StoredAnswer, *, content: bool) -> dict[str, Any]:
    """Return an answer for programs: what it says only with `content`, else how long it is and a digest."""
    about = {
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "provider": answer.provider,
        "host": answer.host,
        "characters": len(answer.text),
        "sha256": digest(answer),
        "tool_calls": len(answer.calls),
    }
    if not content:
        return about
    calls = [{"name": call.name, "arguments": call.arguments} for call in answer.calls]
    return {**about, "text": answer.text, "calls": calls, "native": answer.native}


def digest(answer: StoredAnswer) -> str:
    """Return the SHA-256 of an answer's text."""
    return hashlib.sha256(answer.text.encode("utf-8", "surrogatepass")).hexdigest()


def show_list(found: Iterable[Kept], now: float) -> None:
    """Print answers, a line each."""
    rows = [
        (
            kept.key[:_SHORT],
            kept.entry.model,
            kept.entry.stage or "-",
            kept.entry.task or "-",
            duration(max(0.0, now - kept.entry.made)),
            _left(kept, now),
            size(kept.size),
            "unknown" if kept.entry.cost is None else money(kept.entry.cost.amount, kept.entry.cost.currency),
        )
        for kept in found
    ]
    print_table(("key", "model", "stage", "task", "age", "left", "bytes", "cost"), rows, right=(4, 5, 6, 7))


def show_kept(kept: Kept, now: float, *, content: bool) -> None:
    """Print everything that is known of an answer, and what it says with `content`."""
    entry, answer = kept.entry, kept.entry.answer
    made = datetime.fromtimestamp(entry.made, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    usage = (
        "" if entry.usage is None else ", ".join(f"{name} {count}" for name, count in entry.usage._asdict().items() if count is not None)
    )
    pairs = [
        ("key", kept.key),
        ("namespace", kept.namespace),
        ("kept with", kept.partition or "all"),
        ("model", entry.model + (f" ({answer.model})" if answer.model else "")),
        ("stage", entry.stage or "-"),
        ("task", entry.task or "-"),
        ("tenant", "-" if entry.tenant is None else f"{entry.tenant} (a digest)"),
        ("user", "-" if entry.user is None else f"{entry.user} (a digest)"),
        ("made", f"{made}, {duration(max(0.0, now - entry.made))} ago"),
        ("left", _left(kept, now)),
        ("bytes", size(kept.size)),
        ("tokens", usage or "unknown"),
        ("cost", "unknown" if entry.cost is None else f"{money(entry.cost.amount, entry.cost.currency)} ({entry.cost.source})"),
        ("served by", "any host" if answer.host is None else f"{answer.host} only"),
    ]
    print_pairs([*pairs, ("answer", _in_short(answer))] if not content else pairs)
    if content:
        _show_content(answer)


def _left(kept: Kept, now: float) -> str:
    return "stale" if kept.is_stale(now) else duration(kept.entry.until - now)


def _in_short(answer: StoredAnswer) -> str:
    calls = f", {len(answer.calls)} tool call{'' if len(answer.calls) == 1 else 's'}" if answer.calls else ""
    return f"{len(answer.text):,} characters, sha256 {digest(answer)[:_SHORT]}{calls} (--content shows it)"


def _show_content(answer: StoredAnswer) -> None:
    print_title("Answer")
    print_wrapped(answer.text)
    for call in answer.calls:
        print_wrapped(f"calls {call.name} {call.arguments}")
    if answer.native is not None:
        print_title(f"As {answer.host} has it")
        print_wrapped(str(dict(answer.native)))
