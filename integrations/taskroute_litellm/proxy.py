"""The hook of LiteLLM's proxy: chooses the model group of each request, and follows what LiteLLM then does with it."""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final

from litellm.exceptions import BadRequestError
from litellm.integrations.custom_logger import CustomLogger
from opentelemetry import context as otel_context

from taskroute.errors import ConfigurationError, NoEligibleModelError
from taskroute.reading import as_mapping
from taskroute.router import Router
from taskroute.types import Decision
from taskroute.warn import warn_once
from taskroute_litellm import replay
from taskroute_litellm.cache_use import alone
from taskroute_litellm.call import Endpoint, call_of
from taskroute_litellm.call_log import show_calls
from taskroute_litellm.calls import Calls, bucket_of, mark, unmark
from taskroute_litellm.classifier import is_question
from taskroute_litellm.deciding import start
from taskroute_litellm.message_stream import MessageSource
from taskroute_litellm.observed import ObservedCall, quietly
from taskroute_litellm.otel import records_metrics, writes_spans
from taskroute_litellm.policy_file import PolicyFile
from taskroute_litellm.proxy_answers import headers_of, http_error, refusal
from taskroute_litellm.proxy_groups import REPLAY_ID, ProxyGroups
from taskroute_litellm.proxy_kept import ProxyRequest, say_refused
from taskroute_litellm.proxy_order import is_changed_before
from taskroute_litellm.proxy_replay import GROUP, as_replay, direct, is_for_replay, note_in_log
from taskroute_litellm.proxy_stream import followed
from taskroute_litellm.proxy_ways_past import WaysPast
from taskroute_litellm.replaying import PROVIDER, Replayed
from taskroute_litellm.replies import StreamSource, reply_of
from taskroute_litellm.sdk import set_up_sdk
from taskroute_litellm.stamp import STAMP, routing_decision
from taskroute_litellm.tracing import parent_of

__all__ = ["ProxyHook", "build_hook"]

_ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "completion": "completion",
    "acompletion": "completion",
    "text_completion": "text_completion",
    "atext_completion": "text_completion",
    "embedding": "embedding",
    "embeddings": "embedding",
    "aembedding": "embedding",
    "responses": "responses",
    "aresponses": "responses",
    "anthropic_messages": "messages",
}
"""LiteLLM's names of the calls that are routed. Others keep the model that they name, where the policy has no `require`."""
_ELSEWHERE: Final = ("custom_llm_provider", "deployment_id")
"""What sends a request to another provider than that of its group. LiteLLM takes it from any client, and before what the group says."""
_LIMITED: Final = "client_side_timeout"
"""Where LiteLLM notes that the client set a time limit of its own. It takes the word of no client for it."""
_LEFT: Final = 499
"""How LiteLLM says that the client went away before there was an answer."""

proxy_hook: ProxyHook
"""The process's one hook. It is built when it is first asked for, which is when the proxy loads its callbacks."""


def __getattr__(name: str) -> Any:
    if name != "proxy_hook":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = build_hook(os.environ)
    return found


def build_hook(environ: Mapping[str, str]) -> ProxyHook:
    """Return the hook that the environment asks for. Raises ConfigurationError or PolicyError, and then the proxy does not start."""
    path = environ.get("TASKROUTE_POLICY", "").strip()
    if not path:
        raise ConfigurationError("TASKROUTE_POLICY is not set; set it to the path of the policy that the proxy's calls are routed by")
    virtual = tuple(name for part in environ.get("TASKROUTE_VIRTUAL", "auto").split(",") if (name := part.strip()))
    if not virtual:
        raise ConfigurationError("TASKROUTE_VIRTUAL is empty; name the models that stand for a choice, such as 'auto', or leave it out")
    if environ.get("TASKROUTE_OTEL", "").strip().lower() in ("1", "true", "yes", "on"):
        set_up_sdk(environ)
    show_calls()
    file = PolicyFile(path, environ=environ)
    groups = ProxyGroups(virtual)
    groups.check(file.router.policy)
    file.router.prepare()
    return ProxyHook(file.router, virtual=virtual, file=file, groups=groups)


class ProxyHook(CustomLogger):
    """Routes the calls of a proxy to the groups that the policy allows, and observes them.

    Every hook is written here: LiteLLM looks for them in the class itself, and would pass over one that is inherited.
    """

    def __init__(
        self, router: Router, *, virtual: Sequence[str] = ("auto",), file: PolicyFile | None = None, groups: ProxyGroups | None = None
    ) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.router = router
        self.calls = Calls()
        self._virtual = frozenset(virtual)
        self._groups = groups or ProxyGroups(virtual)
        self._past = WaysPast(self._virtual, self._groups)
        self._file = file
        if file is not None:
            file.refuse = self._groups.check

    # Choosing

    async def async_pre_call_hook(self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any) -> dict[str, Any] | None:
        """Put the chosen group into the request, with the rest of our order as its only fallbacks.

        A decision that fails for a reason of ours leaves the request to LiteLLM, but not where the policy has `require`: a model that
        must not see the text might then answer.
        """
        unmark(data)
        endpoint, model = _ENDPOINTS.get(str(getattr(call_type, "value", call_type))), data.get("model")
        if not isinstance(model, str):
            return None
        if self._file is not None:
            await self._file.look()
        self._past.stored(model)
        snapshot = self.router.snapshot
        enforces = snapshot.policy.mode == "enforce" and not snapshot.disabled
        if endpoint is None:
            if enforces and snapshot.rules:
                self._past.of_another_kind(model, snapshot)
            return None
        pin = None if model in self._virtual else self._groups.resolved(model)
        if pin is not None and not (enforces and pin in snapshot.registry):
            if enforces and "," in model:
                self._past.several(model, snapshot)
            elif enforces and snapshot.rules:
                self._past.deployment(model, snapshot)
            return None
        try:
            if enforces and pin is None:
                self._groups.check(snapshot.policy)
            call = await self._decide(endpoint, pin, data, user_api_key_dict)
        except NoEligibleModelError as error:
            raise refusal(error, self.router.last_decision()) from error
        except ConfigurationError as error:
            # A client need not know what else the proxy has.
            warn_once("groups", str(error), str(error))
            raise http_error(500, "the policy does not fit the groups of this proxy; its log says how") from error
        except Exception as error:  # noqa: BLE001 - a failure of ours is no reason to fail a call
            self._undecided(error, enforced=bool(snapshot.rules) and enforces)
            return None
        self.calls.add(call)
        mark(data, call.decision.id)
        if call.is_enforced:
            _direct(data, call.decision)
        self._serve(data, call)
        return data

    def _serve(self, data: dict[str, Any], call: ObservedCall) -> None:
        """Send a request to what gives out a stored answer, where there is one."""
        if call.kept.replayed is not None:
            direct(data, call.decision.candidates)
        elif call.kept.stores:
            data.update(alone(data))
            if call.kept.late and call.is_enforced:
                # The last resort; LiteLLM takes the id of a deployment for a group.
                data["fallbacks"] = [*data["fallbacks"], REPLAY_ID]
        if call.kept.replayed is not None or call.kept.late:
            replay.provide().find = self._replayed

    def _replayed(self, params: Mapping[str, Any]) -> Replayed | None:
        """Return the stored answer that a call of LiteLLM's is to give out; None of every call that has none."""
        call = self.calls.of(params)
        return None if call is None else call.kept.replayed

    async def _decide(self, endpoint: Endpoint, pin: str | None, data: dict[str, Any], key: Any) -> ObservedCall:
        name = str(data.get("model"))
        headers = as_mapping(data.get("proxy_server_request")).get("headers")
        parent = parent_of(getattr(key, "parent_otel_span", None), headers)
        limited = bool(data.get(_LIMITED))
        request = ProxyRequest(
            endpoint, data, deployments=self._groups.deployments_asked, can_serve=self._groups.can_serve, running=self._groups.running
        )
        call = call_of(endpoint, data, pin=pin)._replace(
            traced=writes_spans(is_async=True), measured=records_metrics(is_async=True), asking=request.asks()
        )
        if parent is None:
            return await start(self.router, call, request, name=name, limited=limited)
        token = otel_context.attach(parent)
        try:
            return await start(self.router, call, request, name=name, limited=limited)
        finally:
            otel_context.detach(token)

    def _undecided(self, error: Exception, *, enforced: bool) -> None:
        name = type(error).__name__
        if enforced:
            raise http_error(500, f"the call could not be decided ({name}), and without a decision 'require' cannot be kept") from error
        warn_once("decision", name, f"a call could not be decided ({name}); it went where the proxy itself sends it")

    # Following

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any] | None:
        """Note that a group is asked. Raises for one that the policy does not allow, wherever LiteLLM got it from."""
        if is_question(kwargs):
            return None
        call = self.calls.of(kwargs)
        if call is None:
            if not self.calls.knows(kwargs):
                self._past.undecided(kwargs, self.router.snapshot)
            return None
        about, caught = bucket_of(kwargs), sys.exception()
        group = str(about.get("model_group"))
        if is_for_replay(kwargs, group):
            return await self._as_replay(kwargs, about, call, caught)
        if about.get("is_silent_experiment") is True:
            # Nobody waits for its answer, but it gets the text, too.
            if call.is_ruled and not call.allows(self._groups.resolved(group)):
                raise BadRequestError(f"taskroute: the policy does not let {group!r} see this call", group, "")
            return None
        if not call.is_enforced:
            group = self._groups.resolved(group)
        elif not call.allows(group):
            # A stream that broke before it said anything goes to the proxy's own fallbacks, whatever the request says. What broke it
            # is the better error.
            raise caught or BadRequestError(f"taskroute: the policy does not let {group!r} answer this call", group, "")
        await quietly(call.began(group, (about.get("attempted_retries"), about.get("attempted_fallbacks")), caught, kwargs))
        return None

    async def _as_replay(
        self, kwargs: dict[str, Any], about: Mapping[str, Any], call: ObservedCall, caught: BaseException | None
    ) -> dict[str, Any]:
        """Return a request as what gives out stored answers takes it. Raises where none is to be served."""
        replayed = call.kept.replayed or await call.goes_without(caught)
        if replayed is None:
            raise caught or BadRequestError("taskroute: there is no stored answer for this call", PROVIDER, PROVIDER)
        if isinstance(about, dict):
            about[GROUP] = call.model
        return as_replay(kwargs, replayed)

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """Write the decision where LiteLLM looks for it, just before a provider is asked. Choosing a deployment clears it."""
        params = as_mapping(as_mapping(kwargs).get("litellm_params"))
        call, about = self.calls.of(params), bucket_of(params)
        if call is not None and call.model is not None and isinstance(about, dict):
            about[STAMP] = routing_decision(call.decision, call.model, call.name)

    async def async_logging_hook(self, kwargs: dict[str, Any], result: Any, call_type: str) -> tuple[dict[str, Any], Any]:
        """Have logs tell a stored answer, which LiteLLM takes for that of a model."""
        note_in_log(kwargs)
        return kwargs, result

    async def async_post_call_failure_deployment_hook(
        self, request_data: Mapping[str, Any], exception: Exception, call_type: Any, fallback_depth: int | None = None
    ) -> None:
        """Note that the group that was asked did not answer."""
        call = self.calls.of(request_data)
        if call is not None:
            if call.kept.replayed is not None:
                say_refused(exception)
            await quietly(call.failed(exception))

    async def async_post_call_success_hook(self, data: dict[str, Any], user_api_key_dict: Any, response: Any) -> Any:
        """Note a whole answer."""
        call = self.calls.of(data)
        if call is not None:
            await quietly(call.answered(call.kept.given(response) or reply_of(response)))
            self.calls.end(call)
        return response

    async def async_post_call_success_deployment_hook(self, request_data: dict[str, Any], response: Any, call_type: Any) -> None:
        """Read a whole answer for what may be stored of it, while nothing has changed it yet: a guardrail writes names into it."""
        call = self.calls.of(request_data)
        if call is not None and call.kept.stores:
            call.kept.read(response, is_raw=not is_changed_before(self, "async_post_call_success_deployment_hook", request_data))

    async def async_post_call_failure_hook(
        self, request_data: dict[str, Any], original_exception: Exception, user_api_key_dict: Any, traceback_str: str | None = None
    ) -> None:
        """Note that a request came to nothing."""
        call = self.calls.of(request_data)
        if call is None:
            return
        if getattr(original_exception, "status_code", None) == _LEFT:
            call.cancelled(original_exception)
        else:
            await quietly(call.gave_up(original_exception))
        self.calls.end(call)

    def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncGenerator[Any]:
        """Return the stream, followed where it is that of a call of ours."""
        call = self.calls.of(request_data)
        if call is None:
            return _as_it_is(response)
        keeps = call.kept.stores and not is_changed_before(self, "async_post_call_streaming_iterator_hook", request_data)
        if not keeps:
            # What others would wait for is not stored.
            call.kept.let_go(failed=True)
        told = call.told
        source = MessageSource(keeps=keeps, told=told) if call.endpoint == "messages" else StreamSource(response, keeps=keeps, told=told)
        stream = followed(response, source, call, self.calls.end, self.router.clock)
        # A client may leave before anything is read of it, and then nothing else says so. What is collected may be so anywhere, which is
        # no place to account for a call. The call itself is not held here: an error that it keeps may hold the stream.
        loop = asyncio.get_running_loop()
        weakref.finalize(stream, _soon, loop, self.calls.leave, call.decision.id).atexit = False
        return stream

    # Answering

    async def async_post_call_response_headers_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any, request_headers: Any = None, litellm_call_info: Any = None
    ) -> dict[str, str] | None:
        """Return the headers that tell what was decided, and who answers."""
        told = self.calls.answering(data)
        return None if told is None else headers_of(*told)


def _direct(data: dict[str, Any], decision: Decision) -> None:
    """Send a request along the order of a decision. Without the other two, LiteLLM would use its own where ours are none."""
    for name in _ELSEWHERE:
        data.pop(name, None)
    body = as_mapping(data.get("extra_body"))
    if "model" in body:
        # It would be sent in the place of the one that is chosen.
        data["extra_body"] = {name: value for name, value in body.items() if name != "model"}
    # There is none where only a stored answer is left, of a model that must not be asked now.
    data["model"], *rest = decision.candidates or (data["model"],)
    data["fallbacks"] = rest
    data["context_window_fallbacks"] = []
    data["content_policy_fallbacks"] = []


def _soon(loop: asyncio.AbstractEventLoop, work: Callable[[str], None], call_id: str) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(work, call_id)


async def _as_it_is(response: Any) -> AsyncGenerator[Any]:
    async for chunk in response:
        yield chunk
