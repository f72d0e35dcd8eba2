"""Attempts that are calls of `litellm.completion` and `litellm.embedding`, each for one model of the policy. Imports LiteLLM when used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from taskroute.decision.snapshot import least
from taskroute.errors import ConfigurationError
from taskroute.execution.record import record
from taskroute.execution.run import Source
from taskroute.registry.models import ModelSpec
from taskroute.registry.providers import split_model
from taskroute.router import Router
from taskroute.steps import Attempt, Found
from taskroute.types import Reply
from taskroute_litellm.asked import own_metadata
from taskroute_litellm.call import Endpoint
from taskroute_litellm.genai_output import said_of_stored
from taskroute_litellm.host import LiteLLMHost, apart, leave_record, told, with_entry
from taskroute_litellm.limits import limit_of
from taskroute_litellm.naming import litellm_params
from taskroute_litellm.otel import hang_below
from taskroute_litellm.replaying import replayed
from taskroute_litellm.told import without_ours

if TYPE_CHECKING:
    from taskroute_litellm.stored_response import StoredStream

Given = Mapping[str, str | Mapping[str, Any]]
"""What LiteLLM is to be called with for models of the policy: its name of each, or all of its `litellm_params`."""

_LIMITS: Final = frozenset({"max_tokens", "max_completion_tokens"})
_NO_RETRIES: Final[Mapping[str, int]] = {
    f"{name}ErrorRetries": 0
    for name in ("BadRequest", "Authentication", "Timeout", "RateLimit", "ContentPolicyViolation", "InternalServer")
}


class ModelHost(LiteLLMHost):
    """Performs the attempts of one call through LiteLLM's functions. The caller's parameters win over those of the policy."""

    def __init__(
        self, router: Router, endpoint: Endpoint, arguments: Mapping[str, Any], models: Given, *, log: Any = None, response: Any = None
    ) -> None:
        super().__init__(router, endpoint, arguments)
        self._models = models
        self._log = log
        """What LiteLLM logs of the call of the policy."""
        self._response = response
        """LiteLLM's empty response to that call."""

    def send(self, attempt: Attempt, *, streams: bool = False, is_async: bool = False) -> Any:
        import litellm

        hang_below(self._log)
        given = self._given(attempt, streams=streams, is_async=is_async)
        if litellm.num_retries:
            # In a sync call 0 retries are taken for none given.
            given["retry_policy"] = dict(_NO_RETRIES)
        functions: Any = litellm
        if self.endpoint == "embedding":
            return functions.aembedding(**given) if is_async else functions.embedding(**given)
        return functions.acompletion(**given) if is_async else functions.completion(**given)

    def send_question(self, model: str, arguments: Mapping[str, Any], is_async: bool) -> Any:
        hang_below(self._log)
        return ask_model(self.router.snapshot.registry[model], self._models, arguments, is_async)

    def params(self, spec: ModelSpec) -> Mapping[str, Any]:
        return params_of(spec, self._models)

    # LiteLLM is in a call already, that of the policy: what is stored is its answer, and needs no call of its own.

    def answer(self, attempt: Attempt) -> Reply:
        return super().answer(attempt) if attempt.cached is None else self._stored(attempt, attempt.cached)

    async def aanswer(self, attempt: Attempt) -> Reply:
        return await super().aanswer(attempt) if attempt.cached is None else self._stored(attempt, attempt.cached)

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        return super().open(attempt) if attempt.cached is None else self._stored_stream(attempt, attempt.cached)

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        return super().aopen(attempt) if attempt.cached is None else self._stored_stream(attempt, attempt.cached)

    def _stored(self, attempt: Attempt, found: Found) -> Reply:
        from taskroute_litellm.stored_response import note_free, refuse_forbidden, whole

        stored = replayed(found, attempt.model)
        refuse_forbidden(stored)
        answer = whole(stored, self._response)
        leave_record(answer, record(attempt, None))
        if "text_completion" in str(getattr(self._log, "call_type", "")):
            note_free(stored.model)
        details: Any = getattr(self._log, "model_call_details", None)
        if isinstance(details, dict):
            details["cache_hit"] = True
        reply = stored.reply(answer)
        return reply._replace(said=said_of_stored(stored)) if attempt.told else reply

    def _stored_stream(self, attempt: Attempt, found: Found) -> tuple[StoredStream, StoredStream]:
        from taskroute_litellm.stored_response import StoredStream, refuse_forbidden

        stored = replayed(found, attempt.model)
        refuse_forbidden(stored)
        self.stream = stream = StoredStream(stored, told=attempt.told)
        leave_record(stream, record(attempt, None))
        return stream, stream

    def _given(self, attempt: Attempt, *, streams: bool, is_async: bool) -> dict[str, Any]:
        """Return the caller's arguments for a model, with the decision in LiteLLM's metadata."""
        ours = params_of(self._spec(attempt), self._models)
        if _LIMITS & self.arguments.keys():
            # One limit under two names would have the model refuse the call.
            ours = {name: value for name, value in ours.items() if name not in _LIMITS}
        asked = {name: value for name, value in self.arguments.items() if name not in ("model", "timeout", "metadata", "litellm_metadata")}
        # The call of the policy is the one that LiteLLM logs, with the cost of the answer. Logged too, an attempt would be billed twice.
        given: dict[str, Any] = {"max_retries": 0, **ours, **asked, **apart(attempt, self.arguments), "no-log": True}
        if not given["max_retries"]:
            given["num_retries"] = 0
        given["metadata"] = {**with_entry(own_metadata(self.arguments.get("metadata")), told(attempt))}
        if self.arguments.get("litellm_metadata"):
            given["litellm_metadata"] = own_metadata(self.arguments["litellm_metadata"])
        limit = None if is_async else limit_of(attempt, streams=streams)
        given.pop("timeout", None)
        timeout = _timeout(ours.get("timeout"), self.arguments.get("timeout"), limit)
        if timeout is not None:
            given["timeout"] = timeout
        if streams:
            given["stream"] = True
        if "extra_headers" in given:
            given["extra_headers"] = without_ours(given["extra_headers"])
        return given

    def _spec(self, attempt: Attempt) -> ModelSpec:
        return (attempt.snapshot or self.router.snapshot).registry[attempt.model]


def ask_model(spec: ModelSpec, models: Given, arguments: Mapping[str, Any], is_async: bool) -> Any:
    """Put a classifier's question to a model. LiteLLM logs it: it is a call of its own, with a cost of its own."""
    import litellm

    given = {"max_retries": 0, "num_retries": 0, **params_of(spec, models), **arguments}
    functions: Any = litellm
    return functions.acompletion(**given) if is_async else functions.completion(**given)


def params_of(spec: ModelSpec, models: Given) -> dict[str, Any]:
    """Return what LiteLLM is given for a model, by what was said where the policy is used, else by the policy."""
    said = models.get(spec.name)
    if said is None:
        return litellm_params(spec)
    named: Mapping[str, Any] = {"model": said} if isinstance(said, str) else said
    model = named.get("model")
    if not isinstance(model, str):
        raise ConfigurationError(f"models[{spec.name!r}] does not name a model; write, for example, {{'model': 'openai/gpt-5-mini'}}")
    # Of the policy's entry, address and key belong to the model that is named there.
    provider, model_id = split_model(model)
    own = litellm_params(spec._replace(model=model, provider=provider, model_id=model_id, base_url=None, api_key_env=None))
    return {**own, **named, "model": own["model"]}


def retries_of(spec: ModelSpec | None, models: Given) -> int:
    """Return how often LiteLLM's client tries a model again by itself: never, unless the policy says so."""
    said = None if spec is None else models.get(spec.name)
    own: Any = None if spec is None else spec.params.get("max_retries")
    if isinstance(said, Mapping):
        own = said.get("max_retries", own)
    return own if isinstance(own, int) else 0


def _timeout(*known: Any) -> Any:
    """Return the shortest of the limits; a limit that is no number of seconds only where there is no other."""
    seconds = [limit for limit in known if isinstance(limit, int | float)]
    if seconds:
        return least(*seconds) if len(seconds) > 1 else seconds[0]
    return next((limit for limit in known if limit is not None), None)
