"""For testing your own routing without a provider: scripted models, a clock you turn, and assertions that read well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskroute.router import Router
from taskroute.types import Call, Decision

_EPOCH: Final = 1_800_000_000.0
"""What the time of day is when a fake clock reads 0; any will do that is not 0 itself."""

Line = Any
"""What a scripted model does with one request: a string or a message to answer with, or an exception to raise."""


class ScriptError(AssertionError):
    """A model was called when its script had no line for it, or a line was never used."""


class ScriptedModel:
    """Plays the models of a policy from a script, and notes what they were asked.

    A model's script is one line, which it repeats for ever, or a list of lines, of which each is used once:
    `ScriptedModel({"small": TimeoutError("30s"), "large": ["hi", "bye"]})`.
    """

    def __init__(self, script: Mapping[str, Line | Sequence[Line]]) -> None:
        self._repeated: dict[str, Line] = {name: line for name, line in script.items() if not isinstance(line, list)}
        self._lines: dict[str, list[Line]] = {name: [*lines] for name, lines in script.items() if isinstance(lines, list)}
        self.names = tuple(script)
        self.requests: list[tuple[str, Any]] = []
        """Model name and input of every request, oldest first."""

    @property
    def called(self) -> list[str]:
        """The names of the models that were called, oldest first."""
        return [name for name, _ in self.requests]

    def next_line(self, name: str, request: Any) -> Line:
        """Note a request and return the line that answers it. Raises ScriptError when the script has none."""
        self.requests.append((name, request))
        if name in self._repeated:
            return self._repeated[name]
        lines = self._lines.get(name)
        if lines is None:
            raise ScriptError(f"no script for model {name!r}; scripted: {', '.join(self.names)}")
        if not lines:
            raise ScriptError(f"unexpected call: the script of {name!r} is used up after {self.called.count(name) - 1} calls")
        return lines.pop(0)

    def assert_used_up(self) -> None:
        """Raise ScriptError when a line of a list was never used."""
        left = {name: len(lines) for name, lines in self._lines.items() if lines}
        if left:
            raise ScriptError(f"lines left unused: {left}")


class FakeClock:
    """A clock that stands still until somebody sleeps on it or turns it."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self.slept: list[float] = []
        """Every sleep, in seconds."""

    def now(self) -> float:
        return self._now

    def time(self) -> float:
        return _EPOCH + self._now

    def advance(self, seconds: float) -> None:
        """Turn the clock forward."""
        self._now += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


def assert_route(
    router: Router, call: Call, *, route: str | None = None, model: str | None = None, candidates: Sequence[str] | None = None
) -> Decision:
    """Decide a call and check what is given; return the decision. The message says why the router chose otherwise."""
    decision = router.decide(call)
    why = f"{decision.reason}; rejected: {dict(decision.rejected)}"
    for what, wanted, got in (("route", route, decision.route), ("model", model, decision.model)):
        if wanted is not None and got != wanted:
            raise AssertionError(f"{what} is {got!r}, not {wanted!r}: {why}")
    if candidates is not None and tuple(candidates) != decision.candidates:
        raise AssertionError(f"candidates are {decision.candidates}, not {tuple(candidates)}: {why}")
    return decision
