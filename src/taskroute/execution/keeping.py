"""The steps of a plan that are about the cache: which answer may be served, and which may be stored."""

from __future__ import annotations

from typing import Final, cast

from taskroute.cache.entry import digest
from taskroute.cache.key import cache_key, temperature_of
from taskroute.execution.finish import is_whole
from taskroute.execution.run import Asks, Host, Run
from taskroute.execution.validate import Expected, examine
from taskroute.steps import Forgo, Found, Lookup, Missed, Save, Saved
from taskroute.stored import Entry, Terms
from taskroute.types import Call, Reply
from taskroute.warn import warn_once

_NEVER: Final = frozenset({"refusal", "truncated", "invalid_output"})
"""What is wrong with answers that are not stored, whatever the policy says of them."""


def look_up(run: Run, host: Host, step: Lookup) -> Found | Missed:
    """Look for a stored answer."""
    key = _key(run, host, step)
    if isinstance(key, Missed) or run.cache is None:
        return key if isinstance(key, Missed) else Missed(run.clock.now())
    return run.cache.look_up(key, step.terms)


async def alook_up(run: Run, host: Host, step: Lookup) -> Found | Missed:
    """The same without blocking the event loop."""
    key = _key(run, host, step)
    if isinstance(key, Missed) or run.cache is None:
        return key if isinstance(key, Missed) else Missed(run.clock.now())
    return await run.cache.alook_up(key, step.terms)


def save(run: Run, host: Host, step: Save) -> Saved:
    """Store an answer that is as it should be."""
    if run.cache is not None:
        run.cache.save(step.lead, _entry(run, host, step))
    return Saved(run.clock.now())


async def asave(run: Run, host: Host, step: Save) -> Saved:
    """The same without blocking the event loop."""
    if run.cache is not None:
        await run.cache.asave(step.lead, _entry(run, host, step))
    return Saved(run.clock.now())


def forgo(run: Run, step: Forgo) -> Saved:
    """Let go of the calls that wait for an answer that will not come."""
    if run.cache is not None:
        run.cache.forgo(step.lead, failed=step.failed)
    return Saved(run.clock.now())


def _key(run: Run, host: Host, step: Lookup) -> str | Missed:
    """Return the key of a call; or why it has none."""
    # A Protocol's own `isinstance` takes as long as to make the key.
    tells: Asks | None = cast("Asks", host) if hasattr(host, "asked") else None
    if tells is None:
        return Missed(run.clock.now(), why="its host does not tell what is asked")
    try:
        asked = tells.asked(step.model, step.snapshot)
        if asked is None:
            return Missed(run.clock.now(), why="the request holds what no key can be made of")
        temperature = temperature_of(asked)
        if temperature is not None and temperature > step.terms.max_temperature:
            why = f"the temperature {temperature:g} is above {step.terms.max_temperature:g}, 'max_temperature' of the cache"
            return Missed(run.clock.now(), why=why)
        return cache_key(asked, step.terms)
    except Exception as error:  # noqa: BLE001 - whatever a request holds, it goes to the model
        name = type(error).__name__
        warn_once("cache", f"key {name}", f"a request could not be read for the cache ({name}); it went to the model")
        return Missed(run.clock.now(), why=f"the request could not be read ({name})")


def _entry(run: Run, host: Host, step: Save) -> Entry | None:
    """Return what is to be stored; None where the answer is not for others."""
    try:
        expected = host.expects(step.attempt, step.reply)
        if unfit(step.reply, expected, step.terms):
            return None
    except Exception as error:  # noqa: BLE001 - an answer that cannot be looked at is still the answer
        name = type(error).__name__
        warn_once("cache", f"answer {name}", f"an answer could not be read for the cache ({name}); the caller has it")
        return None
    return entry_for(step.reply, model=step.attempt.model, terms=step.terms, call=run.call, now=run.clock.time())


def unfit(reply: Reply, expected: Expected, terms: Terms) -> str:
    """Return why an answer is not stored; '' when it may be."""
    kept = reply.kept
    if kept is None:
        return "it cannot be kept as it is"
    if (reply.tool_calls or kept.calls) and not terms.tool_calls:
        return "it calls tools"
    if not kept.text and not kept.calls and kept.native is None:
        return "it is empty"
    if not is_whole(reply):
        return f"it ended for a reason that is not known ({reply.finish_reason})"
    found = examine(reply, expected, _NEVER)
    return found.detail if found.failure is not None else ""


def entry_for(reply: Reply, *, model: str, terms: Terms, call: Call, now: float) -> Entry | None:
    """Return the entry of an answer. `now` is in seconds since the epoch."""
    if reply.kept is None:
        return None
    return Entry(
        answer=reply.kept,
        model=model,
        made=now,
        until=now + terms.ttl,
        stage=terms.stage,
        task=terms.task,
        tenant=digest("tenant", call.tenant),
        user=digest("user", call.user),
        usage=reply.usage,
        cost=reply.cost,
    )
