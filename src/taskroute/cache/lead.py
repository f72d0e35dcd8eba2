"""What a call holds that has looked for an answer in vain: the right to store one, and the calls that wait for it."""

from __future__ import annotations

import functools
import time
from typing import Final

from taskroute.cache import names
from taskroute.cache.access import Access, Op
from taskroute.cache.later import Later
from taskroute.cache.single_flight import End, Flight, Flights
from taskroute.steps import Found
from taskroute.stored import Entry, Terms

SHORT: Final = 3.0
"""Seconds that other processes wait for the reader of a stream."""
_BEAT: Final = 1.0
"""Seconds after which they are told that the stream goes on."""


class CallLead:
    """Held by one call. Without a flight or a lease nobody waits for it."""

    def __init__(self, key: str, terms: Terms, access: Access, flights: Flights, later: Later, *, marks: Access) -> None:
        self.key = key
        self.terms = terms
        self.access = access
        """To the answers."""
        self.marks = marks
        """To leases and sightings."""
        self.flight: Flight | None = None
        self.lease_until = float("-inf")
        """Until when, by the monotonic clock, no other process asks the model."""
        self.is_admitted = terms.admit_after <= 1
        self.stale: Found | None = None
        self._flights = flights
        self._later = later
        self._beat = float("-inf")

    def __del__(self) -> None:
        # An interrupt may have hit between two steps of the call, so that nobody else could say that it is over.
        self.let_go("cancelled")

    @property
    def has_lease(self) -> bool:
        """Whether other processes wait for this one. What is over may be another's by now, and is not to be touched."""
        return time.monotonic() < self.lease_until

    def away(self) -> None:
        """Say that the caller has the latest chunk of a stream."""
        if self.flight is not None:
            self.flight.away()
        if self.has_lease and time.monotonic() - self._beat > _BEAT:
            # What holds while the model is waited for is too long for a reader.
            self._beat = time.monotonic()
            self._later.do(self._shorten)

    def back(self) -> None:
        """Say that the next chunk is asked for."""
        if self.flight is not None:
            self.flight.back()

    def let_go(self, how: End, entry: Entry | None = None) -> None:
        """Let go of whoever waits. Does not block; the second time it does nothing."""
        flight, self.flight = self.flight, None
        if flight is not None:
            self._flights.end(self.key, flight, how, entry)
        if self.has_lease:
            self.lease_until = float("-inf")
            drop = Op("delete", (self.lease_name(),))
            self._later.do(functools.partial(self.marks.perform, drop))

    def _shorten(self) -> None:
        if self.has_lease:
            self.marks.perform(Op("put", (self.lease_name(), b"1", SHORT)))

    def lease_name(self) -> str:
        """Return the name of the lease in the store."""
        return names.lease(self.terms.namespace, self.key)
