"""The cache of answers: looking up, waiting for an equal call, storing. Written once; sync and async perform the same steps."""

from __future__ import annotations

import asyncio
import atexit
import os
import time
import warnings
import weakref
from collections.abc import Callable
from typing import Any, Final

from taskroute.cache import names
from taskroute.cache.access import Access, Budget, Op
from taskroute.cache.counting import Counting, number_of
from taskroute.cache.entry import UnreadableError, dumps, loads
from taskroute.cache.later import Later
from taskroute.cache.lead import CallLead
from taskroute.cache.performing import Pause, Steps, Wait, aperform, perform
from taskroute.cache.single_flight import Flights
from taskroute.ports import Clock, Store
from taskroute.steps import Found, Missed
from taskroute.stored import Entry, Terms
from taskroute.types import Cost
from taskroute.warn import warn_once

_POLL: Final = 0.05
"""Seconds after which another process is asked again whether its answer is there."""
_GOODBYE: Final = 2.0
"""Seconds that closing takes at most, besides what stores take to close."""
_AHEAD: Final = 60.0
"""Seconds by which the clocks of machines may differ. An entry from further ahead was made by a clock that was wrong."""


class ResponseCache:
    """Keeps answers in stores, one for each partition. Nothing that a store does costs a call.

    `open_store` gives the store of a partition; `shared` says that other processes may use it, too; `marks` is the partition of leases,
    sightings and counts. Safe to share between threads, tasks and event loops.
    """

    def __init__(
        self, open_store: Callable[[str], Store], clock: Clock, *, shared: bool = True, owns: bool = True, marks: str = ""
    ) -> None:
        self._open_store = open_store
        self._clock = clock
        self._shared = shared
        self._owns = owns
        self._accesses: dict[str, Access] = {}
        self._flights = Flights()
        self._marks = marks
        self._counting = Counting()
        self._later = Later()
        self._closed = False
        _alive.add(self)

    # Looking up

    def look_up(self, key: str, terms: Terms) -> Found | Missed:
        """Return a stored answer; or, when there is none, what may be stored later. Waits for an equal call where that is worth it."""
        return self._noted(perform(self._looking(key, terms, is_async=False)), terms)

    async def alook_up(self, key: str, terms: Terms) -> Found | Missed:
        """The same without blocking the event loop."""
        return self._noted(await aperform(self._looking(key, terms, is_async=True)), terms)

    def _looking(self, key: str, terms: Terms, *, is_async: bool) -> Steps[Found | Missed]:
        access = self._access(terms.partition)
        if access is None:
            return Missed(self._clock.now())
        found, stale = (None, None) if terms.refresh else (yield from self._read(key, terms, access))
        if found is not None:
            return found
        if terms.wait and not is_async and _in_event_loop():
            # The call that is under way might be a task of the loop that waiting would block.
            terms = terms._replace(wait=0.0)
        # Without a store of their own, marks are better kept among the answers than nowhere.
        lead = CallLead(key, terms, access, self._flights, self._later, marks=self._access(self._marks) or access)
        lead.stale = stale
        if terms.refresh:
            # Whoever asks for a new answer wants it in the place of the old one, however often the request was seen.
            lead.is_admitted = True
            return self._missed(lead)
        # Where nothing can be stored, nobody needs to be told of it.
        if terms.admit_after > 1 and access.is_usable:
            seen: int = yield lead.marks, Op("increment", (names.sightings(terms.namespace, key), 1, terms.window), 0)
            lead.is_admitted = seen >= terms.admit_after
        if not terms.wait:
            return self._missed(lead)
        try:
            return (yield from self._together(lead, time.monotonic() + terms.wait, is_async=is_async))
        except BaseException:
            lead.let_go("cancelled")
            raise

    def _together(self, lead: CallLead, until: float, *, is_async: bool) -> Steps[Found | Missed]:
        """Become the one that asks the model, or wait for the one that does."""
        while True:
            flight, is_own = self._flights.join(lead.key)
            if is_own:
                lead.flight = flight
                return (yield from self._leading(lead, until))
            if not is_async and flight.is_here():
                # The stream that this very thread reads.
                return self._missed(lead)
            yield Wait(flight, until)
            if flight.entry is not None:
                return self._found(flight.entry)
            if not flight.ended:
                # It takes too long, or its reader does. The others, and those who come from now on, wait for this call instead.
                lead.flight = self._flights.take_over(lead.key, flight)
            if lead.flight is not None or flight.ended == "nothing" or time.monotonic() >= until:
                return self._missed(lead)

    def _leading(self, lead: CallLead, until: float) -> Steps[Found | Missed]:
        """Take the lead among the processes too, or wait for the one that has it."""
        terms, access = lead.terms, lead.access
        while self._shared and access.is_usable:
            held_until = time.monotonic() + terms.wait
            taken: bool | None = yield lead.marks, Op("lease", (lead.lease_name(), terms.wait))
            if taken:
                lead.lease_until = held_until
            if taken is None or taken:
                # A store in trouble keeps nobody waiting.
                break
            yield Pause(_POLL)
            found, lead.stale = yield from self._read(lead.key, terms, access)
            if found is not None:
                return self._settled(lead, found)
            if time.monotonic() >= until:
                return self._missed(lead)
        # Somebody may have stored it since it was looked for.
        found, lead.stale = yield from self._read(lead.key, terms, access)
        return self._missed(lead) if found is None else self._settled(lead, found)

    def _settled(self, lead: CallLead, found: Found) -> Found:
        lead.let_go("stored", found.entry)
        return found

    def _read(self, key: str, terms: Terms, access: Access) -> Steps[tuple[Found | None, Found | None]]:
        """Return the answer that is stored, as a fresh or as a stale one."""
        name = names.entry(terms.namespace, key)
        data: bytes | None = yield access, Op("get", (name,))
        if data is None:
            return None, None
        try:
            entry = loads(data)
        except UnreadableError as error:
            warn_once("cache", "entry", f"the cache holds {error}; it was removed, and the model asked")
            yield access, Op("delete", (name,))
            return None, None
        now = self._clock.time()
        if entry.made > now + _AHEAD:
            return None, None
        age = max(0.0, now - entry.made)
        if now < entry.until and age < terms.ttl:
            return self._found(entry), None
        late = now - min(entry.until, entry.made + terms.ttl)
        return None, self._found(entry)._replace(stale=True) if late < terms.stale else None

    def _found(self, entry: Entry) -> Found:
        return Found(self._clock.now(), entry, max(0.0, self._clock.time() - entry.made))

    def _missed(self, lead: CallLead) -> Missed:
        return Missed(self._clock.now(), lead, lead.stale)

    # Storing

    def save(self, lead: Any, entry: Entry | None) -> None:
        """Store an answer, and give it to those who wait; None says that it is not to be stored. Never raises."""
        perform(self._saving(lead, entry))

    async def asave(self, lead: Any, entry: Entry | None) -> None:
        """The same without blocking the event loop."""
        await aperform(self._saving(lead, entry))

    def _saving(self, lead: CallLead, entry: Entry | None) -> Steps[None]:
        data = None if entry is None else _encoded(entry)
        if entry is None or data is None:
            lead.let_go("nothing")
            return
        try:
            yield from self._storing(lead, data)
        finally:
            lead.let_go("stored", entry)

    def _storing(self, lead: CallLead, data: bytes) -> Steps[None]:
        terms = lead.terms
        if not lead.access.is_usable:
            return
        if not lead.is_admitted:
            # Those who waited meanwhile have been counted, too.
            seen: bytes | None = yield lead.marks, Op("get", (names.sightings(terms.namespace, lead.key),))
            lead.is_admitted = seen is not None and (number_of(seen) or 0) >= terms.admit_after
        if lead.is_admitted:
            yield lead.access, Op("put", (names.entry(terms.namespace, lead.key), data, terms.ttl + terms.stale))
            self._count("stored", terms.namespace, terms.stage)
        if lead.has_lease:
            lead.lease_until = float("-inf")
            yield lead.marks, Op("delete", (lead.lease_name(),))

    @staticmethod
    def forgo(lead: Any, *, failed: bool) -> None:
        """Let go of those who wait for an answer that will not come. Neither blocks nor raises."""
        lead.let_go("nothing" if failed else "cancelled")

    # Counting

    def stale_served(self, namespace: str, stage: str | None, saved: Cost | None) -> None:
        """Note that an answer was served whose time is over."""
        self._count("stale", namespace, stage, saved)

    def _noted(self, found: Found | Missed, terms: Terms) -> Found | Missed:
        if isinstance(found, Found):
            self._count("hits", terms.namespace, terms.stage, found.entry.cost)
        else:
            self._count("misses", terms.namespace, terms.stage)
        return found

    def _count(self, what: str, namespace: str, stage: str | None, saved: Cost | None = None) -> None:
        if self._counting.note(what, namespace, stage, saved):
            self._later.do(self.write_counts)

    def write_counts(self, seconds: float | None = None) -> None:
        """Add what was counted here to the counts in the store; in so many seconds, where that is said."""
        access = self._access(self._marks) if self._counting else None
        if access is not None:
            self._counting.write(access, None if seconds is None else Budget(seconds))

    # What it stands on

    def store(self, partition: str = "") -> Store | None:
        """Return the store of a partition; None after `close`. Raises what opening it raises."""
        if self._closed:
            return None
        access = self._accesses.get(partition)
        if access is None:
            store = self._open_store(partition)
            # One store for several partitions is in trouble for all of them.
            opened = next((known for known in [*self._accesses.values()] if known.store is store), None) or Access(store, self._clock)
            access = self._accesses.setdefault(partition, opened)
            if access.store is not store and self._owns:
                # Another thread was quicker.
                store.close()
        return access.store

    def _access(self, partition: str) -> Access | None:
        try:
            return None if self.store(partition) is None else self._accesses[partition]
        except Exception as error:  # noqa: BLE001 - a store that cannot be opened costs no call
            name = type(error).__name__
            warn_once("cache", f"open {name}", f"a store of the cache could not be opened ({name}); calls go on without it")
            return None

    def close(self) -> None:
        """Write down what was counted, and close the stores that were opened here. Calls in flight go on without the cache."""
        for store in self._given_up():
            try:
                store.close()
            except Exception as error:  # noqa: BLE001 - a store that cannot be closed is not used any more all the same
                _not_closed(error)

    async def aclose(self) -> None:
        """The same without blocking the event loop."""
        for store in await asyncio.to_thread(self._given_up):
            try:
                await store.aclose()
            except Exception as error:  # noqa: BLE001 - as above
                _not_closed(error)

    def _given_up(self) -> list[Store]:
        """Write down what was counted, use no store any more, and return those to close."""
        if self._closed:
            return []
        until = time.monotonic() + _GOODBYE
        try:
            self._later.close(_GOODBYE)
            self.write_counts(max(0.0, until - time.monotonic()))
        except Exception as error:  # noqa: BLE001 - counts that cannot be written keep no store open
            name = type(error).__name__
            warn_once("cache", f"counts {name}", f"what the cache was good for could not be written down ({name})")
        finally:
            self._closed = True
            for access in self._accesses.values():
                access.retire()
        return [*{id(access.store): access.store for access in self._accesses.values()}.values()] if self._owns else []

    def forget(self) -> None:
        """Leave to the parent what is the parent's. Only for the child of a fork, in which no other thread runs."""
        self._counting = Counting()
        self._later = Later()


_alive: Final[weakref.WeakSet[ResponseCache]] = weakref.WeakSet()


def _after_fork() -> None:
    for cache in _alive:
        cache.forget()


def _at_exit() -> None:
    """Write down what was counted last: a script may be over before there is enough to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cache in [*_alive]:
            cache.write_counts(_GOODBYE)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _not_closed(error: Exception) -> None:
    name = type(error).__name__
    warn_once("cache", f"close {name}", f"a store of the cache could not be closed ({name})")


def _encoded(entry: Entry) -> bytes | None:
    try:
        return dumps(entry)
    except (TypeError, ValueError, RecursionError) as error:
        name = type(error).__name__
        warn_once("cache", f"dumps {name}", f"an answer could not be stored ({name}); the caller has it")
        return None


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
