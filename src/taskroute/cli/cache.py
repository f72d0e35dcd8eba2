"""`taskroute cache`: what is kept, what it was good for, and clearing it."""

from __future__ import annotations

import argparse
import heapq
import os
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from taskroute.cache.entry import digest
from taskroute.cache.manage import ALL, Kept, Wanted, clearing, listed, remains, shown, verify
from taskroute.cache.places import Place, places_of
from taskroute.cache.stats import stats
from taskroute.cli import cached
from taskroute.cli.output import Style, harmless, print_json, print_pairs, say_error
from taskroute.cli.policies import CommandError, Found, described, find_policy
from taskroute.clock import SystemClock
from taskroute.policy.caching import Cache
from taskroute.policy.values import parse_duration
from taskroute.ports import Clock
from taskroute.stored import StoredAnswer

_LIMIT: Final = 50
_EXAMPLES: Final = 5


class Open(NamedTuple):
    """The cache of a policy, opened."""

    found: Found
    cache: Cache
    places: tuple[Place, ...]
    namespace: str | None
    """None stands for all."""
    now: float
    """Seconds since the epoch."""

    def about(self) -> dict[str, Any]:
        """Return what every answer in JSON begins with."""
        return {
            "policy": self.found.name,
            "policy_version": self.found.policy.fingerprint,
            "cache": cached.where(self.cache),
            "namespace": self.namespace,
        }


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    group: argparse.ArgumentParser = commands.add_parser(
        "cache",
        help="look after the answers that a policy keeps",
        description="Look after the answers that a policy keeps on disk or in Redis.",
    )
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(subcommands, "stats", _stats, "show how many answers there are, how often they were served, and what that saved")
    listing = _add(subcommands, "list", _list, "list the answers, the newest first")
    _filters(listing)
    listing.add_argument("--limit", metavar="N", type=_count, default=_LIMIT, help=f"so many at most (default: {_LIMIT})")
    show = _add(subcommands, "show", _show, "show what is known of one answer. Exit status 1: there is none")
    show.add_argument("key", metavar="KEY", help="its key, or the beginning of it")
    show.add_argument("--content", action="store_true", help="show what the answer says, too")
    clearing = _add(subcommands, "clear", _clear, "remove answers: those that fit every filter, or all")
    _filters(clearing)
    clearing.add_argument("--all", action="store_true", help="every answer of the namespace, in the place of filters")
    clearing.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")
    verifying = _add(subcommands, "verify", _verify, "look for damage. Exit status 1: there is some that was not repaired")
    verifying.add_argument("--repair", action="store_true", help="remove what is damaged")


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], what: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=what.split(".", maxsplit=1)[0], description=f"{what[0].upper()}{what[1:]}."
    )
    command.add_argument("--policy", metavar="P", type=_text, help="the policy file (default: taskroute.yaml here)")
    if name != "verify":
        command.add_argument("--namespace", metavar="N", type=_text, help="the answers of this namespace (default: the policy's)")
        command.add_argument("--all-namespaces", action="store_true", help="the answers of every namespace in the same place")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run, namespace=None, all_namespaces=False)
    return command


def _filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--stage", metavar="S", type=_text, help="of this stage")
    command.add_argument("--task", metavar="T", type=_text, help="of this task or group of tasks, where it was told or classified")
    command.add_argument("--model", metavar="M", type=_text, help="of this model, by its name in the policy")
    command.add_argument("--tenant", metavar="ID", type=_text, help="of this tenant")
    command.add_argument("--user", metavar="ID", type=_text, help="of this user")
    command.add_argument("--older-than", metavar="T", type=_duration, help="made longer ago than this, such as 1h or 7d")


def _text(text: str) -> str:
    # What a shell makes of a variable that is not set must not stand for everything.
    if not text.strip():
        raise argparse.ArgumentTypeError("nothing is given; write what is meant, or leave the option out")
    return text


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of answers; write 1 or more")
    return int(text)


def _wanted(arguments: argparse.Namespace) -> Wanted:
    return Wanted(
        stage=arguments.stage,
        task=arguments.task,
        model=arguments.model,
        tenant=digest("tenant", arguments.tenant),
        user=digest("user", arguments.user),
        older_than=arguments.older_than,
    )


@contextmanager
def _opened(arguments: argparse.Namespace, clock: Clock | None = None) -> Generator[Open]:
    """Lend the cache of the policy. Raises CommandError for a policy without one, and for a store in trouble."""
    found, clock = find_policy(arguments.policy), clock or SystemClock()
    cache = found.policy.cache
    if cache is None:
        raise CommandError(f"{described(found)}: it has no 'cache', so no answers are kept; add cache: {{}}, or name another with --policy")
    if arguments.namespace is not None and arguments.all_namespaces:
        raise CommandError("both --namespace and --all-namespaces are given; give one")
    own = cache.namespace if arguments.namespace is None else arguments.namespace
    namespace = None if arguments.all_namespaces else own
    try:
        with places_of(cache, clock, os.environ) as places:
            yield Open(found, cache, places, namespace, clock.time())
    except BrokenPipeError:
        raise
    except _troubles(cache) as error:
        raise CommandError(f"the cache ({cached.where(cache)}) cannot be used: {type(error).__name__}: {error}") from None


def _troubles(cache: Cache) -> tuple[type[Exception], ...]:
    """Return what a store raises that is in trouble."""
    if cache.store != "redis":
        return (OSError, sqlite3.Error)
    try:
        from redis.exceptions import RedisError
    except ImportError:
        return (OSError,)
    return (OSError, RedisError)


def _stats(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as opened:
        found = stats(opened.places, opened.namespace, now=opened.now)
    if arguments.json:
        print_json({**opened.about(), **cached.stats_json(found)})
        return 0
    _head(opened)
    cached.show_stats(found)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as opened:
        every = _Counted(listed(opened.places, opened.namespace, _wanted(arguments), now=opened.now))
        newest = heapq.nlargest(arguments.limit, every, key=lambda kept: kept.entry.made)
    if arguments.json:
        print_json({**opened.about(), "count": every.count, "answers": [cached.kept_json(kept, opened.now) for kept in newest]})
        return 0
    if not newest:
        print("no answer fits" if _wanted(arguments) != ALL else "no answers are kept")
        return 0
    cached.show_list(newest, opened.now)
    if every.count > len(newest):
        print(Style()(f"the newest {len(newest):,} of {every.count:,}; --limit shows more", "dim"))
    return 0


class _Counted:
    """Counts answers, and lets go of what each says, so that only the lines of a list are held."""

    def __init__(self, found: Iterator[Kept]) -> None:
        self._found = found
        self.count = 0

    def __iter__(self) -> Iterator[Kept]:
        for kept in self._found:
            self.count += 1
            yield kept._replace(entry=kept.entry._replace(answer=StoredAnswer()))


def _show(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as opened:
        found = shown(opened.places, opened.namespace, arguments.key.lower(), now=opened.now)
    keys = list(dict.fromkeys(kept.key for kept in found))
    if len(keys) > 1:
        some = ", ".join(keys[:_EXAMPLES])
        raise CommandError(
            f"{arguments.key!r} is the beginning of several keys: {some}{', …' if len(keys) > _EXAMPLES else ''}; write more of it"
        )
    if not found:
        say_error(f"no answer has a key that begins with {arguments.key!r}; `taskroute cache list` shows those that there are")
        return 1
    if arguments.json:
        each = [
            {**cached.kept_json(kept, opened.now), "answer": cached.answer_json(kept.entry.answer, content=arguments.content)}
            for kept in found
        ]
        print_json({**opened.about(), "answers": each})
        return 0
    for index, kept in enumerate(found):
        print("\n" if index else "", end="")
        cached.show_kept(kept, opened.now, content=arguments.content)
    return 0


def _clear(arguments: argparse.Namespace) -> int:
    wanted = _wanted(arguments)
    if arguments.all and wanted != ALL:
        raise CommandError("both --all and filters are given; give filters to remove some answers, or --all alone to remove every one")
    if not arguments.all and wanted == ALL:
        raise CommandError("nothing says which answers; give --stage, --task, --model, --tenant, --user or --older-than, or --all")
    gone, dry_run = _Gone(), bool(arguments.dry_run)
    try:
        with _opened(arguments) as opened:
            gone.take(clearing(opened.places, opened.namespace, wanted, now=opened.now, dry_run=dry_run))
            left = remains(opened.places)
    except KeyboardInterrupt:
        say_error(f"interrupted: {gone.said(dry_run=dry_run)} until then")
        raise
    except CommandError as error:
        raise CommandError(f"{error}; {gone.said(dry_run=dry_run)} until then" if gone.answers else str(error)) from None
    if arguments.json:
        print_json({**opened.about(), "dry_run": dry_run, "removed": gone.answers, "bytes": gone.bytes, "remains": left})
        return 0
    print(gone.said(dry_run=dry_run))
    for remain in left:
        print(Style()("note:", "yellow"), harmless(remain))
    return 0


class _Gone:
    """Counts answers that are removed, and knows how many there were when that is broken off."""

    def __init__(self) -> None:
        self.answers = 0
        self.bytes = 0

    def take(self, sizes: Iterator[int]) -> None:
        for size in sizes:
            self.answers += 1
            self.bytes += size

    def said(self, *, dry_run: bool) -> str:
        verb = "would be removed" if dry_run else "removed"
        return f"{cached.answers(self.answers)} {verb}, {cached.size(self.bytes)}"


def _verify(arguments: argparse.Namespace) -> int:
    repair: bool = arguments.repair
    with _opened(arguments) as opened:
        faults = list(verify(opened.places, repair=repair))
    sound = repair or not faults
    if arguments.json:
        about = {name: value for name, value in opened.about().items() if name != "namespace"}
        print_json({**about, "ok": sound, "repaired": repair, "faults": faults})
        return 0 if sound else 1
    style = Style()
    for fault in faults:
        print(style("repaired:" if repair else "fault:", "yellow"), harmless(fault))
    if not faults:
        print(style("OK", "bold", "green"), harmless(f" {cached.where(opened.cache)}: no damage found"))
    elif not repair:
        print("--repair removes what is damaged; the answers in it are then asked for again")
    return 0 if sound else 1


def _head(opened: Open) -> None:
    namespace = "all" if opened.namespace is None else opened.namespace
    print_pairs([("policy", described(opened.found)), ("cache", f"{cached.where(opened.cache)}, namespace {namespace}")])
    print()
