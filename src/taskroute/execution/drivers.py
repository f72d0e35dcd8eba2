"""Performing the plan of a call that is answered at once, sync and async; streams have their own drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from taskroute.execution.chores import achore, chore
from taskroute.execution.run import Host, Run, UnusableAnswerError, settle
from taskroute.execution.threads import within_thread
from taskroute.steps import Attempt, Cancelled, Ended, Event, Failed
from taskroute.types import Outcome, Reply

T = TypeVar("T")


def drive(run: Run, host: Host) -> Outcome:
    """Carry out a plan and return its outcome. Raises the error of a call that failed or was cancelled."""
    step = run.advance(None)
    while not isinstance(step, Outcome):
        step = run.advance(_perform(run, host, step) if isinstance(step, Attempt) else chore(run, host, step))
    return settle(step)


def _perform(run: Run, host: Host, step: Attempt) -> Event:
    try:
        if step.timeout_enforced == "thread" and step.timeout is not None:
            reply = within_thread(lambda: _answer(run, host, step), step.timeout, f"{step.model!r} did not answer within {step.timeout:g}s")
        else:
            reply = _answer(run, host, step)
    except UnusableAnswerError as unusable:
        return Failed(unusable.error, 0, run.clock.now(), unusable.reply)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - an interrupt ends the call through the plan, so that observers hear of it
        return Cancelled(error, run.clock.now())
    return Ended(reply, run.clock.now())


def _answer(run: Run, host: Host, step: Attempt) -> Reply:
    if run.watches is None:
        return host.answer(step)
    with run.watches.active():
        return host.answer(step)


async def adrive(run: Run, host: Host) -> Outcome:
    """Carry out a plan without blocking the event loop; otherwise like `drive`."""
    step = run.advance(None)
    while not isinstance(step, Outcome):
        step = run.advance(await _aperform(run, host, step) if isinstance(step, Attempt) else await achore(run, host, step))
    return settle(step)


async def _aperform(run: Run, host: Host, step: Attempt) -> Event:
    try:
        with run.active():
            reply = await within(host.aanswer(step), step.timeout, f"{step.model!r} did not answer", step.timeout)
    except UnusableAnswerError as unusable:
        return Failed(unusable.error, 0, run.clock.now(), unusable.reply)
    except Exception as error:  # noqa: BLE001 - the plan decides what each means
        return Failed(error, 0, run.clock.now())
    except BaseException as error:  # noqa: BLE001 - cancellation ends the call through the plan, so that observers hear of it
        return Cancelled(error, run.clock.now())
    return Ended(reply, run.clock.now())


async def within(work: Awaitable[T], seconds: float | None, what: str, limit: float | None) -> T:
    """Return what `work` gives within `seconds`; or raise a TimeoutError that says what did not happen, and what its limit was.

    asyncio's own has no message.
    """
    if seconds is None:
        return await work
    running = asyncio.timeout(seconds)
    try:
        async with running:
            return await work
    except TimeoutError:
        if running.expired():
            raise TimeoutError(f"{what} within {limit:g}s") from None
        raise
