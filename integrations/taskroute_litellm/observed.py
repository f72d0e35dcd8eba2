"""A call that LiteLLM carries out itself, put together from what its callbacks tell: for the same observers, the same account of models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, cast

from taskroute.decision.snapshot import Snapshot
from taskroute.execution.failures import classify
from taskroute.execution.run import Guard, Run
from taskroute.execution.verdict import verdict
from taskroute.steps import Attempt, Cancelled, Ended, Event, Failed, Opened, Release
from taskroute.types import NOTHING, UNPAID, CacheNote, Cost, Decision, Outcome, Reply, Try
from taskroute.warn import warn_once
from taskroute_litellm.asks import Asks
from taskroute_litellm.call import Endpoint
from taskroute_litellm.genai_output import said_of
from taskroute_litellm.proxy_kept import KeptCall
from taskroute_litellm.replaying import Replayed

Turn = tuple[object, object]
"""How often LiteLLM has tried again and fallen back, as it counts: another try of the same group has another turn."""


async def quietly(work: Awaitable[None]) -> None:
    """Do what only follows a call: whatever becomes of it, the call goes on."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - as said above
        name = type(error).__name__
        warn_once("observed", name, f"a call of the proxy could not be followed ({name}); it went on")


class ObservedCall:
    """One call on its way through LiteLLM. What comes after its end is ignored, since LiteLLM tells some things twice."""

    __slots__ = (
        "_before",
        "_first",
        "_granted",
        "_guard",
        "_limited",
        "_number",
        "_open",
        "_opened",
        "_price",
        "_reason",
        "_run",
        "_settled",
        "_snapshot",
        "_tries",
        "_turn",
        "_whence",
        "endpoint",
        "is_over",
        "kept",
        "model",
        "name",
    )

    def __init__(
        self,
        run: Run,
        first: Attempt,
        kept: KeptCall,
        granted: dict[str, float],
        *,
        price: Callable[..., Cost | None],
        endpoint: Endpoint,
        name: str,
        limited: bool,
    ) -> None:
        self.endpoint: Final = endpoint
        self.name: Final = name
        """The model that the client asked for."""
        self._limited: Final = limited
        self._run = run
        # LiteLLM holds its own time limits, and nothing of ours examines what it answers.
        self._first = first._replace(timeout=None, first_chunk=None, between_chunks=None, checks=frozenset(), hold=0.0)
        self._snapshot = snapshot = cast("Snapshot", first.snapshot)
        self.kept: Final = kept
        """What the cache has for it."""
        self._granted = granted
        """What each model was let through for, and has not given back: 0, or until when it is the probe of its circuit."""
        self._guard: Guard | None = run.guard if self.is_enforced and snapshot.pin is None and not snapshot.disabled else None
        self._price = price
        self._open: Attempt | None = None
        self._turn: Turn | None = None
        self._whence = 0.0
        self._opened: float | None = None
        """Seconds until the open stream had something to give out."""
        self._settled = False
        """Whether it has been told of the open attempt that its model answers."""
        self._number = 0
        self._tries: list[Try] = []
        self._before: str | None = None
        self._reason: str | None = None
        self.model: str | None = None if first.cached is None else first.model
        """The group that was asked last, or whose stored answer is served."""
        self.is_over = False

    @property
    def decision(self) -> Decision:
        """The decision that the call was begun with."""
        return self._first.decision

    @property
    def told(self) -> bool:
        """Whether observers want to hear what was said."""
        return self._first.told

    @property
    def cache(self) -> CacheNote | None:
        """What the cache had for it; None where there is none."""
        return self.kept.note(self._snapshot, self.decision)

    @property
    def is_enforced(self) -> bool:
        """Whether the decision is carried out; else the call goes where it would go without it."""
        return self.decision.mode == "enforce" or self.decision.pinned

    @property
    def is_ruled(self) -> bool:
        """Whether the policy has a `require` that is carried out."""
        return self.is_enforced and bool(self._snapshot.rules)

    def allows(self, group: str) -> bool:
        """Return whether a group may see the call. While only observing, nothing of ours stands in the way of one."""
        return not self.is_enforced or group in self.decision.candidates

    # What LiteLLM tells

    async def began(self, group: str, turn: Turn, gave_up: BaseException | None, sent: Mapping[str, Any] = NOTHING) -> None:
        """Note that a group is asked. `gave_up` is why the one before was given up, where nothing else told that.

        `sent` is what LiteLLM sends to the deployment that it has taken.
        LiteLLM answers some endpoints through others, and then says the same twice.
        """
        if self.is_over or (self._open is not None and self.model == group and self._turn == turn):
            return
        self.kept.asks(group)
        if self._open is not None:
            await self.failed(gave_up or ConnectionError(f"LiteLLM went on from {self._open.model!r} without a word on why"))
        last = self._tries[-1] if self._tries else None
        again = last is not None and last.model == group
        if not again:
            self._number += 1
            if last is not None:
                self._before, self._reason = last.model, last.failure
        if self._guards(group) and group not in self._granted:
            acquired = await self._guard_of().aacquire(group)
            if acquired.refused is None:
                self._granted[group] = acquired.probe
        self.model, self._turn, self._opened, self._settled, self._whence = group, turn, None, False, self._now()
        self._open = self._first._replace(
            model=group,
            number=self._number,
            retry=last.retry + 1 if last is not None and again else 0,
            tries=len(self._tries) + 1,
            fallback_from=self._before,
            fallback_reason=self._reason,
        )
        asking = self._run.call.asking
        if isinstance(asking, Asks) and sent:
            asking.chose(group, sent)
        if self._run.watches is not None:
            self._run.watches.step(self._open, self._whence)

    async def goes_without(self, gave_up: BaseException | None) -> Replayed | None:
        """Note that no group answers, and return the stored answer whose time is over that is served instead; None where there is none."""
        if self._open is not None:
            await quietly(self.failed(gave_up or ConnectionError(f"LiteLLM went on from {self._open.model!r} without a word on why")))
        served = self.kept.serve_late([one.failure for one in self._tries])
        if served is not None:
            self.model = served
        return self.kept.replayed

    async def failed(self, error: BaseException, *, delivered: int = 0, part: Reply | None = None) -> None:
        """Note that the group which was asked did not answer, or broke off after so many chunks, which `part` came to."""
        attempt = self._close()
        if attempt is None:
            return
        priced = self._priced_part(attempt, part)
        event = Failed(error, delivered, self._now(), priced)
        failure = classify(error)
        self._event(event)
        # Else one client could have every circuit opened for all.
        said = "void" if self._limited and failure.kind == "timeout" else verdict(attempt, event, failure, None)
        self._note(attempt, failure.kind, error, priced)
        if said == "failed" or not (self._settled or (said == "void" and attempt.model not in self._granted)):
            await self._release(attempt.model, said, failure=failure.kind, error=error, wait=failure.retry_after)

    async def gave(self, seconds: float) -> None:
        """Note that the stream has something to give out, for which it took so many seconds."""
        if self._open is None or self._opened is not None:
            return
        self._opened = seconds
        self._event(Opened(None, self._now(), seconds))
        if self._granted.get(self._open.model):
            # Its reader may stop any time, and what a probe found must not be lost with it.
            self._settled = True
            await self._release(self._open.model, "answered", first_chunk=seconds)

    async def answered(self, reply: Reply, *, waited: float | None = None) -> None:
        """Note the answer, and end the call. `waited` is the seconds of a stream that were spent waiting for the model."""
        attempt, now = self._close(), self._now()
        try:
            if attempt is not None:
                reply = self._with_said(reply)._replace(cost=self._cost(attempt, reply))
                await self.kept.keep(attempt, reply)
                self._event(Ended(reply, now, waited, first_chunk=self._opened))
                self._note(attempt, None, None, reply)
                # What LiteLLM's own cache has says nothing of the model.
                if not (self._settled or reply.from_cache):
                    seconds = now - self._whence if waited is None else waited
                    await self._release(attempt.model, "answered", seconds=seconds, first_chunk=self._opened)
            elif self.kept.replayed is not None:
                reply = self._with_said(reply)
                self._event(Ended(reply, now, waited, first_chunk=self._opened))
            await self._give_back()
        finally:
            self._finish("answered", reply=reply)

    async def gave_up(self, error: BaseException, *, delivered: int = 0, part: Reply | None = None) -> None:
        """Note that LiteLLM has no answer, and end the call."""
        try:
            await self.failed(error, delivered=delivered, part=part)
            await self._give_back()
        finally:
            self._finish("failed", error=error)

    def cancelled(self, error: BaseException | None, part: Reply | None = None) -> None:
        """Note that the caller went away, and end the call. It may be told when nothing can be awaited any more.

        `part` is what had come of a stream by then.
        """
        attempt = self._close()
        if attempt is not None:
            priced = self._priced_part(attempt, part)
            self._event(Cancelled(error, self._now(), priced))
            self._note(attempt, "control", error, priced)
        self._finish("cancelled", error=error)

    # Keeping account

    def _now(self) -> float:
        return self._run.clock.now()

    def _event(self, event: Event) -> None:
        if self._run.watches is not None:
            self._run.watches.event(event, event.at)

    def _close(self) -> Attempt | None:
        attempt, self._open = self._open, None
        return attempt

    def _note(self, attempt: Attempt, failure: str | None, error: BaseException | None, reply: Reply | None = None) -> None:
        usage, cost = (None, None) if reply is None else (reply.usage, reply.cost)
        seconds, came = self._now() - self._whence, reply is not None
        self._tries.append(Try(attempt.model, attempt.retry, seconds, failure, error, usage, cost, came=came))

    def _priced_part(self, attempt: Attempt, part: Reply | None) -> Reply | None:
        """Return what came of a stream with an estimate of its cost; None of one that had nothing to give out."""
        if part is None or self._opened is None or self._run.partly is None:
            return None
        try:
            return self._run.partly.priced(attempt, part)
        except Exception:  # noqa: BLE001 - an estimate is not worth a warning, and the part was paid for all the same
            return Reply(answer=None)

    def _cost(self, attempt: Attempt, reply: Reply) -> Cost | None:
        if reply.from_cache:
            return UNPAID
        if reply.usage is None and reply.reported is None:
            return None
        usage = reply.usage
        if self.endpoint == "embedding" and usage is not None:
            # There is nothing that it could say.
            usage = usage._replace(output=0)
        return self._price(
            attempt.model,
            usage,
            provider=reply.provider,
            answered_by=reply.model,
            snapshot=self._snapshot,
            service_tier=reply.service_tier,
            reported=reply.reported,
        )

    def _with_said(self, reply: Reply) -> Reply:
        """Return the reply with what gives the answer to observers, where they want it. A stream has that of its own."""
        if not self.told or reply.said is not None or reply.answer is None:
            return reply
        return reply._replace(said=said_of(reply.answer))

    def _guards(self, model: str) -> bool:
        return self._guard is not None and model in self._snapshot.registry

    def _guard_of(self) -> Guard:
        return cast("Guard", self._guard)

    async def _release(
        self,
        model: str,
        said: Literal["answered", "failed", "void"],
        *,
        seconds: float | None = None,
        failure: str | None = None,
        error: BaseException | None = None,
        wait: float | None = None,
        first_chunk: float | None = None,
    ) -> None:
        if self._guards(model):
            probe = self._granted.pop(model, 0.0)
            released = await self._guard_of().arelease(Release(model, said, seconds, probe, failure, error, wait, first_chunk))
            if said == "failed":
                self._event(released)

    async def _give_back(self) -> None:
        """Give back what was granted to models that were never asked."""
        for model in tuple(self._granted):
            await self._release(model, "void")

    def _finish(
        self, status: Literal["answered", "failed", "cancelled"], *, reply: Reply | None = None, error: BaseException | None = None
    ) -> None:
        if self.is_over:
            return
        self.is_over = True
        self.kept.let_go(failed=status != "cancelled")
        for model, probe in self._granted.items():
            if probe and self._guards(model):
                self._guard_of().release(Release(model, "void", None, probe))
        served = self.model if self.kept.replayed is not None else None
        aside = self._first.aside
        outcome = Outcome(self.decision, tuple(self._tries), status, reply, error, answered_by=served, cache=self.cache, aside=aside)
        if served is not None:
            self.kept.served_stale(self.decision)
        if self._run.watches is not None:
            self._run.watches.finished(self._run.weighed(outcome), self._now())
