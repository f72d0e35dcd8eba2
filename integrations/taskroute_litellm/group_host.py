"""Attempts that are calls of a LiteLLM router's own methods, each for one model group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from taskroute.errors import ConfigurationError
from taskroute.execution.plan import ORIGINAL
from taskroute.reading import as_mapping
from taskroute.registry.models import ModelSpec
from taskroute.router import Router
from taskroute.steps import Attempt
from taskroute.warn import warn_once
from taskroute_litellm.asked_deployments import deployments_asked
from taskroute_litellm.asking import Params
from taskroute_litellm.attempt_id import KEY, AttemptId
from taskroute_litellm.call import Endpoint
from taskroute_litellm.classifier import question_metadata
from taskroute_litellm.endpoints import metadata_key
from taskroute_litellm.groups import deployments_of, goes_on_within, group_behind
from taskroute_litellm.host import LiteLLMHost, apart, told, with_entry
from taskroute_litellm.limits import limit_of, limits_of
from taskroute_litellm.otel import parent
from taskroute_litellm.stamp import STAMP, routing_decision
from taskroute_litellm.told import SENT_HEADERS, without_ours

NO_FALLBACKS: Final[Mapping[str, Any]] = {"fallbacks": [], "context_window_fallbacks": [], "content_policy_fallbacks": []}
"""LiteLLM's own fallbacks know neither the policy nor what it rules out."""

ALONE: Final[Mapping[str, Any]] = {**NO_FALLBACKS, "disable_fallbacks": True}
"""What makes a call of a group end with that group. With empty lists alone LiteLLM logs an error for each attempt that failed, and adds
to the provider's words that no fallbacks are configured; the switch alone does not hold for a stream that breaks."""

METADATA: Final = ("metadata", "litellm_metadata")


class GroupHost(LiteLLMHost):
    """Performs the attempts of one call through one method of a router."""

    def __init__(
        self,
        router: Router,
        endpoint: Endpoint,
        arguments: Mapping[str, Any],
        method: Callable[..., Any],
        *,
        litellm_router: Any,
        pin: str | None = None,
    ) -> None:
        super().__init__(router, endpoint, arguments)
        self.pin = pin
        self._litellm_router = litellm_router
        self._method = method

    def send(self, attempt: Attempt, *, streams: bool = False, is_async: bool = False) -> Any:
        if attempt.model == ORIGINAL:
            above, key = parent(), metadata_key(self.endpoint)
            return self._method(**({**self.arguments, key: {**above, **as_mapping(self.arguments.get(key))}} if above else self.arguments))
        return self._method(**self._given(attempt, streams=streams, is_async=is_async))

    def send_question(self, model: str, arguments: Mapping[str, Any], is_async: bool) -> Any:
        return ask_group(self._litellm_router, model, arguments, is_async)

    def params(self, spec: ModelSpec) -> Params:
        return deployments_of(self._litellm_router, spec.name)

    def params_asked(self, spec: ModelSpec) -> Params:
        return deployments_asked(self._litellm_router, spec.name, self.arguments)

    def _params_named(self, model: str) -> Params | None:
        if model != ORIGINAL:
            return super()._params_named(model)
        return deployments_asked(self._litellm_router, group_behind(self._litellm_router, self.model), self.arguments)

    def logged(self, attempt: Attempt) -> dict[str, Any]:
        key = metadata_key(self.endpoint)
        metadata = {**parent(), **with_entry(self.arguments.get(key), told(attempt))}
        # Logs and dashboards tell by it what a call was sent to.
        return {key: {**metadata, "model_group": attempt.model}}

    def _given(self, attempt: Attempt, *, streams: bool, is_async: bool) -> dict[str, Any]:
        """Return the caller's arguments for a group, with the decision in LiteLLM's metadata."""
        if any(self.arguments.get(name) for name in NO_FALLBACKS):
            warn_once(
                "litellm", "fallbacks", "fallbacks= of a routed call is not used: the policy says which models follow, and in which order"
            )
        key = metadata_key(self.endpoint)
        entry = {**told(attempt), STAMP: routing_decision(attempt.decision, attempt.model, self.model)}
        metadata = {**parent(), **with_entry(self.arguments.get(key), entry)}
        # LiteLLM writes into the other one, too.
        others = {name: {**as_mapping(self.arguments[name])} for name in METADATA if name != key and self.arguments.get(name) is not None}
        deployments = deployments_of(self._litellm_router, attempt.model)
        # LiteLLM's code for fallbacks also goes on from a stream of responses that breaks in the middle, and joins two answers.
        joins = streams and self.endpoint == "responses"
        ends = NO_FALLBACKS if not joins and goes_on_within(self._litellm_router, deployments) else ALONE
        given = {**self.arguments, "model": attempt.model, **ends, **others, **apart(attempt, self.arguments), key: metadata}
        for name in SENT_HEADERS:
            if name in given:
                given[name] = without_ours(given[name])
        limit = None if is_async else limit_of(attempt, streams=streams)
        if limit is not None:
            given.update(limits_of(limit, self.arguments, deployments, self._litellm_router, streams=streams))
        return given


def ask_group(litellm_router: Any, model: str, arguments: Mapping[str, Any], is_async: bool) -> Any:
    """Put a classifier's question to a group of a router, which routes it no further."""
    method = litellm_router.acompletion if is_async else litellm_router.completion
    return method(**{**arguments, "model": model, **ALONE, "metadata": {**parent(), **question_metadata(model)}})


def retries_of(litellm_router: Any, arguments: Mapping[str, Any]) -> int | None:
    """Return how often LiteLLM tries again within a group, as far as it says; its retry policy may make it fewer."""
    asked = arguments.get("num_retries")
    if asked is None:
        asked = getattr(litellm_router, "num_retries", None)
    return asked if isinstance(asked, int) else None


def is_within_attempt(arguments: Mapping[str, Any], *, silent: bool) -> bool:
    """Return whether LiteLLM itself makes a call as a part of an attempt of ours: that of a priority, or a `silent` one.

    What was told of the attempt goes along with it.
    """
    for name in METADATA:
        metadata = as_mapping(arguments.get(name))
        entry = as_mapping(metadata.get(KEY))
        if isinstance(entry.get("decision_id"), AttemptId):
            return entry.get("model") == arguments.get("model") or (silent and metadata.get("is_silent_experiment") is True)
    return False


def refuse_bad_metadata(arguments: Mapping[str, Any]) -> None:
    """Raise ConfigurationError for metadata that is none: LiteLLM would fail on it later, and not say why."""
    for name in METADATA:
        given = arguments.get(name)
        if given is not None and not isinstance(given, Mapping):
            raise ConfigurationError(
                f"{name}= must be a mapping, not of type {type(given).__name__}; "
                f"such as {name}={{'stage': 'generate', 'tags': ['task:code']}}"
            )
