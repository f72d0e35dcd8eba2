"""The calls that LiteLLM is carrying out, found by the id that goes with their metadata."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, NamedTuple

from taskroute.types import CacheNote, Decision
from taskroute_litellm.observed import ObservedCall

MARK: Final = "taskroute_call"
"""The key in LiteLLM's own metadata of a request."""
_BUCKETS: Final = ("litellm_metadata", "metadata")
"""Where LiteLLM keeps it. Where both are there, `metadata` is the provider's."""
_MOST: Final = 20_000
"""Calls that are followed at once. What is never told how they end must not fill the memory."""
_ENDED: Final = 1_000
"""Calls that have ended and whose answer may still be on its way to the client."""


def mark(data: MutableMapping[str, Any], call_id: str) -> None:
    """Write the id of a call where LiteLLM keeps its own state of the request, and never into what goes to the provider."""
    name = "litellm_metadata" if isinstance(data.get("litellm_metadata"), dict) else "metadata"
    if not isinstance(data.get(name), dict):
        data[name] = {}
    data[name][MARK] = call_id


def unmark(data: Mapping[str, Any]) -> None:
    """Remove an id that the client wrote itself, so that no request passes for another."""
    for name in _BUCKETS:
        bucket = data.get(name)
        if isinstance(bucket, dict):
            bucket.pop(MARK, None)  # pyright: ignore[reportUnknownMemberType]


def bucket_of(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return LiteLLM's own metadata of a request that bears an id; empty when it bears none."""
    for name in _BUCKETS:
        bucket: Any = data.get(name)
        if isinstance(bucket, Mapping) and MARK in bucket:
            return bucket  # pyright: ignore[reportUnknownVariableType]
    return {}


class Told(NamedTuple):
    """What an answer tells of its call. It is all that is kept of one that is over: its errors hold whole requests."""

    decision: Decision
    model: str | None
    cache: CacheNote | None = None


def _told(call: ObservedCall) -> Told:
    return Told(call.decision, call.model, call.cache)


class Calls:
    """The calls on their way, and those that ended last."""

    def __init__(self, *, most: int = _MOST, ended: int = _ENDED) -> None:
        self._most = most
        self._most_ended = ended
        self._live: OrderedDict[str, ObservedCall] = OrderedDict()
        self._ended: OrderedDict[str, Told] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def add(self, call: ObservedCall) -> None:
        """Follow a call; where there are too many, the oldest is taken for one that was left."""
        self._live[call.decision.id] = call
        while len(self._live) > self._most:
            _, oldest = self._live.popitem(last=False)
            oldest.cancelled(None)

    def of(self, data: Mapping[str, Any]) -> ObservedCall | None:
        """Return the call that a request belongs to, while it is on its way."""
        found = self._live.get(str(bucket_of(data).get(MARK)))
        return None if found is None or found.is_over else found

    def knows(self, data: Mapping[str, Any]) -> bool:
        """Return whether a request belongs to a call that is on its way or has just ended."""
        call_id = str(bucket_of(data).get(MARK))
        return call_id in self._live or call_id in self._ended

    def end(self, call: ObservedCall) -> None:
        """Let go of a call that is over."""
        if call.is_over and self._live.pop(call.decision.id, None) is not None:
            self._ended[call.decision.id] = _told(call)
            while len(self._ended) > self._most_ended:
                self._ended.popitem(last=False)

    def leave(self, call_id: str) -> None:
        """Take a call that is still on its way for one that its client has left."""
        call = self._live.get(call_id)
        if call is not None:
            call.cancelled(None)
            self.end(call)

    def answering(self, data: Mapping[str, Any]) -> Told | None:
        """Return what is told of the call whose answer is about to go out, whether it is over or not."""
        call_id = str(bucket_of(data).get(MARK))
        call = self._live.get(call_id)
        return self._ended.pop(call_id, None) if call is None else _told(call)
