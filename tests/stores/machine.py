"""Random histories of a store, beside a dictionary that forgets."""

from __future__ import annotations

from typing import Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from taskroute.ports import Store
from taskroute.testing import FakeClock

from .ways import Awaited, Plainly, Way

names = st.sampled_from(["a", "ab", "a*", "b", "%"])
values = st.sampled_from([b"", b"x", b"0", b"17", b"-3"])
ttls = st.none() | st.integers(1, 5).map(lambda n: 100.0 * n + 50)
"""Time passes in hundreds of seconds, so that nothing is looked at in the very moment that it expires."""


class Contract(Protocol):
    """Makes stores, and lets their time pass."""

    def make(self, clock: FakeClock) -> Store: ...
    def pass_time(self, clock: FakeClock, seconds: float) -> None: ...


class StoreMachine(RuleBasedStateMachine):
    """A store beside a dictionary: whatever is done to both, they hold the same."""

    contract: Contract

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(0.0)
        made = self.contract.make(self.clock)
        self.ways: dict[bool, Way] = {False: Plainly(made), True: Awaited(made)}
        self.time = 0
        self.model: dict[str, tuple[bytes, float]] = {}

    def ends(self, ttl: float | None) -> float:
        return float("inf") if ttl is None else self.time + ttl

    def present(self, name: str) -> bytes | None:
        return self.model[name][0] if name in self.model else None

    @rule(name=names, value=values, ttl=ttls, awaited=st.booleans())
    def put(self, name: str, value: bytes, ttl: float | None, awaited: bool) -> None:
        self.ways[awaited].put(name, value, ttl)
        self.model[name] = (value, self.ends(ttl))

    @rule(name=names, awaited=st.booleans())
    def delete(self, name: str, awaited: bool) -> None:
        self.ways[awaited].delete(name)
        self.model.pop(name, None)

    @rule(name=names, by=st.integers(-3, 3), ttl=ttls, awaited=st.booleans())
    def increment(self, name: str, by: int, ttl: float | None, awaited: bool) -> None:
        value, end = self.model.get(name, (b"0", self.ends(ttl)))
        if value in (b"", b"x"):
            return
        total = int(value) + by
        assert self.ways[awaited].increment(name, by, ttl) == total
        self.model[name] = (str(total).encode(), end)

    @rule(name=names, expected=st.none() | values, value=values, ttl=ttls, awaited=st.booleans())
    def compare_and_set(self, name: str, expected: bytes | None, value: bytes, ttl: float | None, awaited: bool) -> None:
        fits = self.present(name) == expected
        assert self.ways[awaited].compare_and_set(name, expected, value, ttl) is fits
        if fits:
            self.model[name] = (value, self.ends(ttl))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), value=values, ttl=ttls, awaited=st.booleans())
    def compare_and_set_what_is_there(self, data: st.DataObject, value: bytes, ttl: float | None, awaited: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.model)))
        assert self.ways[awaited].compare_and_set(name, self.present(name), value, ttl) is True
        self.model[name] = (value, self.ends(ttl))

    @rule(name=names, ttl=ttls.filter(bool), awaited=st.booleans())
    def lease(self, name: str, ttl: float, awaited: bool) -> None:
        free = name not in self.model
        assert self.ways[awaited].lease(name, ttl) is free
        if free:
            # What a store keeps for a lease is its own affair.
            self.model[name] = (self.ways[False].get(name) or b"", self.ends(ttl))

    @rule(seconds=st.sampled_from([100, 200, 300, 400]))
    def pass_time(self, seconds: int) -> None:
        self.contract.pass_time(self.clock, seconds)
        self.time += seconds
        self.model = {name: kept for name, kept in self.model.items() if kept[1] > self.time}

    @rule(prefix=st.sampled_from(["", "a", "a*", "%", "c"]), awaited=st.booleans())
    def scan(self, prefix: str, awaited: bool) -> None:
        assert self.ways[awaited].scan(prefix) == sorted(name for name in self.model if name.startswith(prefix))

    @rule(name=names, awaited=st.booleans())
    def get(self, name: str, awaited: bool) -> None:
        assert self.ways[awaited].get(name) == self.present(name)

    @invariant()
    def they_hold_the_same(self) -> None:
        assert {name: self.ways[False].get(name) for name in self.ways[False].scan("")} == {
            name: kept[0] for name, kept in self.model.items()
        }

    def teardown(self) -> None:
        self.ways[True].close()
