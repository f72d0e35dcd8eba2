"""What a policy asks for and can never happen, or not as it seems: waits over their limit, models that cannot, rules nothing meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taskroute.policy.carrying import Retry, Timeout, over
from taskroute.policy.schema import ModelEntry, Policy, Route
from taskroute.policy.when import When

Path = tuple[str | int, ...]
Finding = tuple[Path, str]


def findings(policy: Policy) -> Iterator[Finding]:
    """Yield each, with its path."""
    yield from _retries_of_models(policy.models)
    yield from _unable(policy)
    yield from _untold(policy)
    yield from _waits(policy.retry, ("retry",))
    if policy.breaker != "none" and policy.retry.extra >= policy.breaker.failures:
        text = f"a call's own retries open its model's circuit after {policy.breaker.failures} tries, so that not all of them are made"
        yield ("retry", "extra"), f"{text}; make 'extra' smaller, or 'breaker.failures' larger"
    yield from _limits(policy.timeout, ("timeout", "attempt"))
    for index, route in enumerate(policy.routes):
        if route.retry is not None:
            yield from _waits(route.retry, ("routes", index, "retry"))
        if route.timeout is not None:
            yield from _limits(over(policy.timeout, route.timeout), ("routes", index, "timeout"))


def conditions(policy: Policy) -> Iterator[tuple[Path, When]]:
    """Yield every condition of rules and routes, and all inside them, each with its path."""
    sections = (("require", [rule.when for rule in policy.require]), ("routes", [route.when for route in policy.routes]))
    for section, whens in sections:
        for index, outer in enumerate(whens):
            for inner, when in outer.nested():
                yield (section, index, "when", *inner), when


def _limits(timeout: Timeout, path: Path) -> Iterator[Finding]:
    attempt, call = timeout.attempt, timeout.call
    if attempt is not None and call is not None and attempt > call:
        text = f"one try may take {attempt:g}s and the whole call {call:g}s, so the first try uses up the call and no other model is asked"
        yield path, f"{text}; make 'attempt' shorter than 'call'"
    whole = min((limit for limit in (attempt, call) if limit is not None), default=None)
    for name in ("first_chunk", "between_chunks"):
        limit: float | None = getattr(timeout, name)
        if whole is not None and limit is not None and limit > whole:
            text = f"{name!r} is {limit:g}s, and a whole try may take {whole:g}s only, so that it never comes to it"
            yield path, f"{text}; make {name!r} shorter, or leave it out"


def _waits(retry: Retry, path: Path) -> Iterator[Finding]:
    if retry.extra and retry.backoff > retry.max_wait:
        # Jitter takes up to half of a wait away.
        often = "never" if retry.backoff / 2 > retry.max_wait else "not always"
        text = f"the first wait, {retry.backoff:g}s, is longer than max_wait, {retry.max_wait:g}s: a model is {often} asked again"
        yield path, f"{text}; make 'backoff' shorter than 'max_wait', or set 'extra' to 0"


def _retries_of_models(models: Mapping[str, ModelEntry]) -> Iterator[Finding]:
    for name, entry in models.items():
        tries = entry.params.get("max_retries")
        if isinstance(tries, int) and not isinstance(tries, bool) and tries > 0:
            text = f"the provider's client retries {tries} times in every try of taskroute: they multiply, and nobody sees them"
            yield ("models", name, "params", "max_retries"), f"{text}; set it to 0, and use 'retry.extra'"


def _untold(policy: Policy) -> Iterator[Finding]:
    """Yield conditions on what only a classifier tells, where there is none."""
    if policy.classifier.kind != "none":
        return
    cure = "set it to 'keywords', or pass a classifier in your code"
    for path, when in conditions(policy):
        if when.complexity is not None:
            yield (*path, "complexity"), f"nothing tells the complexity, because classifier.kind is 'none'; {cure}"
        if when.task is not None and path[0] == "require":
            text = "a call that names no task is not held to this rule, because classifier.kind is 'none'"
            yield (*path, "task"), f"{text}; {cure}"


def _unable(policy: Policy) -> Iterator[Finding]:
    for index, route in enumerate(policy.routes):
        reasons = [_lacks(name, policy.models[name], route) for name in route.models]
        if all(reasons):
            text = (
                f"no model of route {route.name!r} can answer its calls, as the policy describes them: {'; '.join(filter(None, reasons))}"
            )
            yield ("routes", index, *route.models_path), f"{text}. Use others, or correct what 'models' says"


def _lacks(name: str, entry: ModelEntry, route: Route) -> str | None:
    """Return why this model can answer no call of the route, or None when it may."""
    for when in _all_hold(route.when):
        needs = when.needs or ()
        if needs and all(getattr(entry.capabilities, need) is False for need in needs):
            return f"{name!r} cannot do {' or '.join(needs)}"
        over = when.tokens.over if when.tokens else None
        if over is not None and entry.context_window is not None and over >= entry.context_window:
            return f"{name!r} has a context window of {entry.context_window} tokens"
    return None


def _all_hold(when: When) -> Iterator[When]:
    """Yield the conditions that hold for every call for which this one does."""
    yield when
    for inner in when.all or ():
        yield from _all_hold(inner)
