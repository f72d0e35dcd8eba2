"""The steps of a plan that are no attempt: waiting, classifying, examining, keeping answers, and keeping account of the models."""

from __future__ import annotations

import asyncio
from typing import Final

from taskroute.execution.classifying import classifier_for
from taskroute.execution.keeping import alook_up, asave, forgo, look_up, save
from taskroute.execution.run import Host, Run
from taskroute.execution.validate import FINE, Check, Expected, Finding, ascore, examine, score
from taskroute.steps import (
    Acquire,
    Acquired,
    Cancelled,
    Classified,
    Classify,
    Event,
    Forgo,
    Lookup,
    Release,
    Released,
    Save,
    Step,
    Validate,
    Validated,
    Wait,
    Waited,
)
from taskroute.warn import warn_once


def chore(run: Run, host: Host, step: Step) -> Event:
    """Perform a step and return what came of it. Whatever interrupts it ends the call through the plan, so that observers hear of it."""
    try:
        if run.watches is None:
            event = _performed(run, host, step)
        else:
            with run.watches.active():
                event = _performed(run, host, step)
    except BaseException as error:  # noqa: BLE001 - as said above
        return Cancelled(error, run.clock.now())
    return _known(event, step)


def _performed(run: Run, host: Host, step: Step) -> Event | None:
    """Return what came of a step; None for one that is not ours."""
    clock = run.clock
    if isinstance(step, Lookup):
        return look_up(run, host, step)
    if isinstance(step, Save):
        return save(run, host, step)
    if isinstance(step, Forgo):
        return forgo(run, step)
    if isinstance(step, Acquire):
        return Acquired(clock.now()) if run.guard is None else run.guard.acquire(step.model)
    if isinstance(step, Release):
        return Released(clock.now()) if run.guard is None else run.guard.release(step)
    if isinstance(step, Wait):
        clock.sleep(step.seconds)
        return Waited(clock.now())
    if isinstance(step, Validate):
        return _EMPTY._replace(at=clock.now()) if step.empty else _validated(_examined(run, host, step), clock.now())
    if isinstance(step, Classify) and run.classifier is not None:
        return Classified(classifier_for(run, run.classifier, host).classify(step.need.text, run.tasks), clock.now())
    return None


def _known(event: Event | None, step: Step) -> Event:
    if event is None:
        raise TypeError(f"this driver cannot perform {type(step).__name__}")
    return event


async def achore(run: Run, host: Host, step: Step) -> Event:
    """Perform a step without blocking the event loop; otherwise like `chore`."""
    try:
        with run.active():
            event = await _aperformed(run, host, step)
    except BaseException as error:  # noqa: BLE001 - as above
        return Cancelled(error, run.clock.now())
    return _known(event, step)


async def _aperformed(run: Run, host: Host, step: Step) -> Event | None:
    clock = run.clock
    if isinstance(step, Lookup):
        return await alook_up(run, host, step)
    if isinstance(step, Save):
        return await asave(run, host, step)
    if isinstance(step, Forgo):
        return forgo(run, step)
    if isinstance(step, Acquire):
        return Acquired(clock.now()) if run.guard is None else await run.guard.aacquire(step.model)
    if isinstance(step, Release):
        return Released(clock.now()) if run.guard is None else await run.guard.arelease(step)
    if isinstance(step, Wait):
        await clock.asleep(step.seconds)
        return Waited(clock.now())
    if isinstance(step, Validate):
        if step.empty:
            return _EMPTY._replace(at=clock.now())
        try:
            async with asyncio.timeout(step.timeout):
                return _validated(await _aexamined(run, host, step), clock.now())
        except TimeoutError:
            return Validated(clock.now())
    if isinstance(step, Classify) and run.classifier is not None:
        try:
            async with asyncio.timeout(step.timeout):
                return Classified(await classifier_for(run, run.classifier, host).aclassify(step.need.text, run.tasks), clock.now())
        except TimeoutError:
            return Classified(None, clock.now())
    return None


def _examined(run: Run, host: Host, step: Validate) -> Finding:
    expected, found = _looked_at(host, step)
    check = _check_for(run, step)
    if found.failure is not None or check is None:
        return found
    return score(check, expected.answer, step.min_score)


async def _aexamined(run: Run, host: Host, step: Validate) -> Finding:
    expected, found = _looked_at(host, step)
    check = _check_for(run, step)
    if found.failure is not None or check is None:
        return found
    return await ascore(check, expected.answer, step.min_score)


def _looked_at(host: Host, step: Validate) -> tuple[Expected, Finding]:
    try:
        expected = host.expects(step.attempt, step.reply)
        return expected, examine(step.reply, expected, step.attempt.checks)
    except Exception as error:  # noqa: BLE001 - an answer that cannot be looked at is still the answer
        name = type(error).__name__
        warn_once("validate", name, f"an answer could not be examined ({name}); it stood")
        return Expected(answer=step.reply.answer), FINE


def _check_for(run: Run, step: Validate) -> Check | None:
    if "low_confidence" not in step.attempt.checks:
        return None
    route = step.attempt.decision.route
    return run.checks[route] if route in run.checks else run.checks.get(None)


_EMPTY: Final = Validated(0.0, "server_error", "the stream ended without an answer")


def _validated(found: Finding, at: float) -> Validated:
    return Validated(at, found.failure, found.detail, found.score, found.aside)
