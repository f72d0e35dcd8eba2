"""One model's circuit: may it be called, by how its tries went? Pure: the time comes in, and a new value goes out.

`now` is the time of day in seconds since the epoch, since many processes may share a circuit. Their clocks may differ, and be set back:
a moment that this clock has yet to see counts as the present one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from taskroute.policy.carrying import Breaker

SLOTS: Final = 10
"""Parts of a window that are counted apart."""
_MOST: Final = 1_000_000_000
"""What a slot counts up to."""
_LONGEST_WAIT: Final = 3600.0
"""A provider that asks for a longer wait is tried sooner: it may have meant one account or one day's quota."""
_SHORTEST_PROBE: Final = 1.0
_HUGE: Final = 1e30
"""No moment, wait or slot is as far away as this."""


class Circuit(NamedTuple):
    """How a model's tries went of late, and whether it may be called for that."""

    state: Literal["closed", "open", "half_open"] = "closed"
    slots: tuple[tuple[int, int, int], ...] = ()
    """Slot number, tries answered, tries failed; ten slots make a window."""
    opened_at: float = 0.0
    cooldown: float = 0.0
    """Seconds that this opening lasts: the policy's, or what the provider asked for."""
    cause: str = ""
    """What opened it last, as one sentence; kept when it closes. It quotes nothing that a provider wrote."""
    probe_until: float = 0.0
    """While half open: when the probe in flight counts as lost; 0 when there is none."""
    kind: str = ""
    """The class of the failure that opened it last."""


CLOSED: Final = Circuit()


class Admission(NamedTuple):
    """Whether a call may go to the model. `circuit` must be kept when it is not the one that was given, also after a refusal."""

    circuit: Circuit
    refused: str | None
    """Why not, as one sentence; None when it may."""
    probe: bool
    """Whether this is the one call that shows if the model is well again; how it ends must be told."""


def failed(
    circuit: Circuit,
    settings: Breaker,
    now: float,
    *,
    probe: bool,
    kind: str,
    error_type: str = "",
    answered: Mapping[int, int] | None = None,
    wait: float | None = None,
) -> Circuit:
    """Return the circuit after a failed try. `answered` has the tries by slot that went well since this process last told of any."""
    counted = circuit._replace(slots=_counted(circuit.slots, settings, now, answered or {}))
    last = f"{kind} ({error_type[:80]})" if error_type else kind
    if circuit.state != "closed":
        if not probe:
            return counted
        return _opened(counted, settings, now, f"the try after the cooldown failed with {last}", kind=kind, wait=wait)
    failures = sum(slot[2] for slot in counted.slots)
    total = failures + sum(slot[1] for slot in counted.slots)
    if failures < settings.failures or failures / total < settings.rate:
        return counted
    tries = "try" if total == 1 else "tries"
    cause = f"{failures} of {total} {tries} failed within {settings.window:g}s, the last with {last}"
    return _opened(counted, settings, now, cause, kind=kind, wait=wait)


def slot(settings: Breaker, now: float) -> int:
    """Return the number of the slot that this moment is in."""
    return math.floor(now / (settings.window / SLOTS))


def answered(circuit: Circuit, settings: Breaker, now: float, *, probe: bool) -> Circuit:
    """Return the circuit after a try that went well: closed after a probe, and otherwise the same one.

    A probe closes it however late it answers, even when it counted as lost: a slow model would never be called again otherwise.
    """
    return Circuit(cause=circuit.cause) if probe and circuit.state != "closed" else circuit


def void(circuit: Circuit, settings: Breaker, now: float, *, probe: bool) -> Circuit:
    """Return the circuit after a try that said nothing of the model, such as a cancelled one: the next call may be the probe.

    Tell this of a probe only while `probe_until` is still what it was when it was admitted; otherwise another one is in flight.
    """
    return circuit._replace(probe_until=0.0) if probe and circuit.state == "half_open" else circuit


def admit(circuit: Circuit, settings: Breaker, now: float) -> Admission:
    """Return whether a call may go to the model now, and whether it is the probe."""
    if circuit.state == "closed":
        return Admission(circuit, None, False)
    circuit = _as_seen(circuit, settings, now)
    left = _left(circuit, now)
    if left > 0:
        return Admission(circuit, _refusal(circuit, math.ceil(left)), False)
    return Admission(circuit._replace(state="half_open", probe_until=now + _probe_lasts(settings)), None, True)


def retry_after(circuit: Circuit, settings: Breaker, now: float) -> float | None:
    """Return the seconds until a call would be let through; 0 when one would be now, None when the circuit is closed."""
    return None if circuit.state == "closed" else _left(_as_seen(circuit, settings, now), now)


def shows(circuit: Circuit, settings: Breaker, now: float) -> Literal["closed", "open", "half_open"]:
    """Return the state as people see it: a circuit that would let a probe through is half open, though none has come yet."""
    return "half_open" if circuit.state == "open" and retry_after(circuit, settings, now) == 0 else circuit.state


def dumps(circuit: Circuit) -> bytes:
    """Return the circuit as bytes for a store."""
    return json.dumps(circuit._asdict(), separators=(",", ":")).encode()


def loads(data: bytes | None) -> Circuit:
    """Return the circuit from a store. What is missing or makes no sense is a closed one: rather call a model once too often."""
    if data is None:
        return CLOSED
    try:
        read: Any = json.loads(data)
        circuit = Circuit(**{name: read[name] for name in Circuit._fields})
        circuit = circuit._replace(slots=tuple((number, well, ill) for number, well, ill in circuit.slots))
    except (ValueError, TypeError, LookupError, RecursionError):
        return CLOSED
    return circuit if _makes_sense(circuit) else CLOSED


def _counted(
    slots: tuple[tuple[int, int, int], ...], settings: Breaker, now: float, well: Mapping[int, int]
) -> tuple[tuple[int, int, int], ...]:
    """Return the slots with those tries, and one more failure in the present one; without those that are out of the window."""
    present = slot(settings, now)
    # A machine whose clock is ahead counts into slots that are yet to come.
    kept = {number: (a, f) for number, a, f in slots if abs(number - present) < SLOTS}
    for number, count in well.items():
        if abs(number - present) < SLOTS:
            a, f = kept.get(number, (0, 0))
            kept[number] = (min(a + max(count, 0), _MOST), f)
    a, f = kept.get(present, (0, 0))
    kept[present] = (a, min(f + 1, _MOST))
    return tuple((number, *kept[number]) for number in sorted(kept))


def _opened(circuit: Circuit, settings: Breaker, now: float, cause: str, *, kind: str, wait: float | None) -> Circuit:
    # The provider knows best. Written so that a wait that is not a number is none.
    cooldown = min(wait, _LONGEST_WAIT) if wait is not None and wait > 0 else settings.cooldown
    return circuit._replace(state="open", opened_at=now, cooldown=cooldown, cause=cause, probe_until=0.0, kind=kind)


def _probe_lasts(settings: Breaker) -> float:
    return max(settings.cooldown, _SHORTEST_PROBE)


def _as_seen(circuit: Circuit, settings: Breaker, now: float) -> Circuit:
    """Return the circuit with no moment further ahead than it could be by this clock, and no longer cooldown than this policy allows."""
    opened_at = min(circuit.opened_at, now)
    cooldown = min(circuit.cooldown, max(settings.cooldown, _LONGEST_WAIT))
    probe_until = min(circuit.probe_until, now + _probe_lasts(settings))
    if (opened_at, cooldown, probe_until) == (circuit.opened_at, circuit.cooldown, circuit.probe_until):
        return circuit
    return circuit._replace(opened_at=opened_at, cooldown=cooldown, probe_until=probe_until)


def _left(circuit: Circuit, now: float) -> float:
    return max(0.0, (circuit.opened_at + circuit.cooldown if circuit.state == "open" else circuit.probe_until) - now)


def _refusal(circuit: Circuit, seconds: int) -> str:
    if circuit.state == "open":
        return f"circuit open: {circuit.cause}; next try in {seconds}s"
    return f"circuit half open: a try is under way; the next one in {seconds}s unless that is answered"


def _makes_sense(circuit: Circuit) -> bool:
    times = (circuit.opened_at, circuit.cooldown, circuit.probe_until)
    return (
        circuit.state in ("closed", "open", "half_open")
        and type(circuit.cause) is type(circuit.kind) is str
        # Also False for what is not a number, or has no end.
        and all(type(time) in (int, float) and abs(time) < _HUGE for time in times)
        and circuit.cooldown >= 0
        and all(type(count) is int for slot in circuit.slots for count in slot)
        and all(abs(number) < _HUGE and 0 <= well <= _MOST and 0 <= ill <= _MOST for number, well, ill in circuit.slots)
    )
