"""Whether a hit on disk costs more when there are many entries, and how much room an entry takes."""

from __future__ import annotations

import hashlib
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.cache_figures import Figures, ratio
from benchmarks.cache_material import an_entry, some_terms
from taskroute.cache import names
from taskroute.cache.entry import dumps
from taskroute.cache.responses import ResponseCache
from taskroute.clock import SystemClock
from taskroute.steps import Found
from taskroute.stores.disk import DiskStore

NUMBERS: Final = (1_000, 100_000, 1_000_000)
QUICK_NUMBERS: Final = (100, 1_000)
_TERMS: Final = some_terms()
_ROOM: Final = 10**11
_POOL: Final = "".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz     ", k=100_000))


class _Filled(NamedTuple):
    """A store with so many entries."""

    number: int
    store: DiskStore
    cache: ResponseCache
    payload: int
    """Bytes of names and values that were put."""
    seconds: float
    """What putting them took."""


class _Times(NamedTuple):
    """Microseconds of one access, in one round: of processor time, and for a get of time that passed, too."""

    get: float
    wall: float
    hit: float
    put: float


def figures(*, quick: bool = False) -> Figures:
    """Return latencies and bytes for each number of entries; rounds take turns between the stores."""
    numbers, rounds, calls = (QUICK_NUMBERS, 3, 20) if quick else (NUMBERS, 40, 256)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        filled = [_fill(stack, directory / str(number), number) for number in numbers]
        times: dict[int, list[_Times]] = {number: [] for number in numbers}
        dice = random.Random(11)
        for turn in range(rounds + 1):
            for one in filled if turn % 2 == 0 else reversed(filled):
                taken = _round(one, dice, calls)
                if turn:
                    # The first turn warms up.
                    times[one.number].append(taken)
        rows = tuple((f"{one.number:,} entries".replace(",", " "), _row(one, times[one.number], times[numbers[0]])) for one in filled)
    columns = (
        "get, µs",
        "× fewest",
        "wall, µs",
        "hit, µs",
        "× fewest",
        "put, µs",
        "bytes an entry",
        "of which payload",
        "files, MB",
        "filled at, puts/s",
    )
    return Figures(
        "entries of 1 kB on disk, keys asked for at random (medians; a hit is ResponseCache.look_up)",
        columns,
        rows,
        f"{rounds} rounds of {calls} calls each, the stores in turns; processor time, but for `wall`; ratios are of the same round",
    )


def _row(one: _Filled, times: list[_Times], fewest: list[_Times]) -> tuple[float, ...]:
    gets, walls, hits, puts = zip(*times, strict=True)
    peer_gets, _, peer_hits, _ = zip(*fewest, strict=True)
    return (
        statistics.median(gets),
        statistics.median(ratio(gets, peer_gets)),
        statistics.median(walls),
        statistics.median(hits),
        statistics.median(ratio(hits, peer_hits)),
        statistics.median(puts),
        round(one.store.bytes() / one.number),
        round(one.payload / one.number),
        sum(file.stat().st_size for file in _directory(one).iterdir()) / 1e6,
        round(one.number / one.seconds),
    )


def _directory(one: _Filled) -> Path:
    return one.store.__getstate__()[0]


def _fill(stack: ExitStack, directory: Path, number: int) -> _Filled:
    store = DiskStore(directory, size=_ROOM, timeout=60)
    stack.callback(store.close)
    dice, payload, began = random.Random(number), 0, time.perf_counter()
    for which in range(number):
        name, value = names.entry(_TERMS.namespace, _key(which)), _value(dice)
        payload += len(name) + len(value)
        store.put(name, value, _TERMS.ttl)
    seconds = time.perf_counter() - began
    cache = ResponseCache(lambda partition: store, SystemClock(), owns=False)
    stack.callback(cache.close)
    return _Filled(number, store, cache, payload, seconds)


def _key(which: int) -> str:
    """Return a key as long and as scattered as those of the cache."""
    return hashlib.sha256(b"%d" % which).hexdigest()


def _value(dice: random.Random) -> bytes:
    """Return an entry with an answer of 800 letters, too short for being compressed."""
    start = dice.randrange(len(_POOL) - 800)
    return dumps(an_entry(_POOL[start : start + 800]))


def _round(one: _Filled, dice: random.Random, calls: int) -> _Times:
    # Each part asks for keys of its own: a page that was just read is read faster. With a limit of size, 256 uses are written down at once.
    keys = [_key(dice.randrange(one.number)) for _ in range(calls)]
    entries = [names.entry(_TERMS.namespace, _key(dice.randrange(one.number))) for _ in range(calls)]
    value = _value(dice)
    began, began_wall = time.process_time(), time.perf_counter()
    for name in entries:
        if one.store.get(name) is None:
            raise AssertionError(f"the store lost {name!r}")
    gotten, gotten_wall = time.process_time(), time.perf_counter()
    for key in keys:
        if not isinstance(one.cache.look_up(key, _TERMS), Found):
            raise AssertionError(f"the cache lost {key!r}")
    hit, puts = time.process_time(), max(1, calls // 10)
    for name in entries[:puts]:
        one.store.put(name, value, _TERMS.ttl)
    put = time.process_time()
    spent = _Times((gotten - began) / calls, (gotten_wall - began_wall) / calls, (hit - gotten) / calls, (put - hit) / puts)
    return _Times(*(seconds * 1e6 for seconds in spent))
