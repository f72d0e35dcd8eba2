"""Routing for LangChain's agents: the policy chooses the model of each turn."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple, NotRequired, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatResult
from langchain_core.runnables import ensure_config

try:
    from langchain.agents.middleware.types import (
        AgentMiddleware,
        AgentState,
        ExtendedModelResponse,
        ModelRequest,
        ModelResponse,
        PrivateStateAttr,
    )
    from langchain.agents.structured_output import ProviderStrategy
    from langgraph.types import Command
except ImportError as error:
    raise ImportError(f"RoutingMiddleware needs langchain 1.2.12 or newer; pip install 'taskroute[langchain]' ({error})") from error

from taskroute.decision.eligible import required_labels
from taskroute.errors import NoEligibleModelError
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Run
from taskroute.router import Router
from taskroute.signals.collect import CallReader, ClassifierNeeded
from taskroute.signals.stage import find_stage
from taskroute.types import Call, Outcome
from taskroute_langchain.agent_asks import AgentAsking
from taskroute_langchain.agent_host import AgentHost, settings_text
from taskroute_langchain.binding import LateTools
from taskroute_langchain.chat_model import RoutedChatModel
from taskroute_langchain.turns import TURN, entry_for, kept_in, turn_of

_RECENT: Final = 1024


class RoutingState(AgentState[Any]):
    """The agent's state, with what was decided for the turn; neither input nor output of the agent."""

    taskroute_turn: NotRequired[Annotated[dict[str, Any], PrivateStateAttr]]


class _AgentsOwn(BaseChatModel):
    """Stands for the agent's own model until a call brings it."""

    @property
    def _llm_type(self) -> str:
        return "taskroute-agent"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError("the agent's own model comes with each call")


class _Started(NamedTuple):
    """A call on its way, with what is needed when it ends."""

    run: Run
    host: AgentHost
    turn: str | None


class RoutingMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Lets the policy choose the model of a `create_agent` agent, once for each turn of the user.

    Inside a turn, tool loops included, the model stays; when it fails, the next candidate takes over for the rest of the turn. A model
    that another middleware puts in the place of the agent's own is used as it is, if the policy's `require` rules allow it.

    Put it before middleware that prepares requests for one provider, and after middleware that adds text: what is added after it has
    looked is not seen by `require` rules, and an answer to it is neither kept nor served from the cache. Tries, fallbacks and time limits
    are the policy's; LangChain's `ModelRetryMiddleware` listed before it repeats the whole call, listed after it repeats one model and
    needs `on_failure="error"`, without which a failure looks like an answer. Models of a `ModelFallbackMiddleware` listed after it are
    not checked against the policy. Use one instance for each agent.
    """

    state_schema = RoutingState

    def __init__(self, router: Router, *, models: Mapping[str, BaseChatModel] | None = None) -> None:
        super().__init__()
        self.tools = []
        self.router = router
        self._models = dict(models or {})
        self._llm = RoutedChatModel(router=router, models=self._models, original=_AgentsOwn())
        self._own: BaseChatModel | None = None
        self._states: deque[int] = deque(maxlen=_RECENT)
        self._warned = False
        self._tools: tuple[Sequence[Any], LateTools] = ((), LateTools((), {}))

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
        """Return the answer of the chosen model."""
        started = self._start(request, handler, is_async=False)
        return handler(request) if started is None else _answer(request, started, drive(started.run, started.host))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
        """Return the answer of the chosen model."""
        started = self._start(request, handler, is_async=True)
        return await handler(request) if started is None else _answer(request, started, await adrive(started.run, started.host))

    def _start(self, request: ModelRequest[Any], handler: Any, *, is_async: bool) -> _Started | None:
        """Return the call on its way; None when the request's own model is to answer without us."""
        snapshot = self.router.snapshot
        enforced = snapshot.policy.mode == "enforce" and not snapshot.disabled
        swapped = self._is_swapped(request) and enforced and snapshot.pin is None
        if isinstance(request.model, RoutedChatModel) and (swapped or not enforced):
            return None
        llm = self._llm.model_copy(update={"original": request.model})
        config = ensure_config()
        state = cast("Mapping[str, Any]", request.state)
        turn = turn_of(request.state["messages"])
        call = self._call(llm, request, config)
        if not swapped:
            call = call._replace(kept=kept_in(state, turn))
        else:
            name = next((name for name, model in self._models.items() if model is request.model), None)
            if name is None:
                self._check_foreign(call, request.model)
                return None
            call = call._replace(pin=name)
        return _Started(llm.begin(call, config, is_async=is_async), AgentHost(llm, request, config, handler), turn)

    def _call(self, llm: RoutedChatModel, request: ModelRequest[Any], config: Any) -> Call:
        messages = request.messages if request.system_message is None else [request.system_message, *request.messages]
        wanted = request.response_format
        arguments = {"tools": self._late_tools(request.tools), "max_tokens": request.model_settings.get("max_tokens")}
        call, _ = llm.call_for(messages, config, arguments, output_schema=isinstance(wanted, ProviderStrategy))
        asking = AgentAsking(llm, self.router.snapshot, request, call.metadata)
        call = call._replace(parameters=(*call.parameters, *settings_text(request)), asking=asking)
        if wanted is not None and not isinstance(wanted, ProviderStrategy):
            # LangChain asks for such an answer with a tool, unless the model has a way of its own, and those have tools too.
            call = call._replace(tools=(*call.tools, "response_format"))
        sources = self.router.snapshot.sources
        if find_stage(call, nodes=sources.nodes, ancestors=sources.ancestors).value is None:
            call = call._replace(stage="agent")
        return call

    def _late_tools(self, tools: Sequence[Any]) -> LateTools:
        """Return the tools as routing sees them; describing them costs more than deciding, and an agent's rarely change."""
        known, late = self._tools
        if len(known) != len(tools) or any(a is not b for a, b in zip(known, tools, strict=True)):
            late = LateTools(tools, {})
            self._tools = tuple(tools), late
        return late

    def _is_swapped(self, request: ModelRequest[Any]) -> bool:
        """Return whether another middleware chose this request's model: the agent's own is the first that is seen."""
        if self._own is None:
            self._own = request.model
        if request.model is self._own:
            self._states.append(id(request.state))
            return False
        # After a failure, a fallback comes back with the same state; otherwise it may as well be another agent.
        if id(request.state) not in self._states and not self._warned:
            self._warned = True
            warnings.warn(
                "a model that is not the agent's own was put in by another middleware, and is used as it is; "
                "if this RoutingMiddleware is shared by agents with different models, give each agent its own",
                UserWarning,
                stacklevel=2,
            )
        return True

    def _check_foreign(self, call: Call, model: BaseChatModel) -> None:
        """Raise NoEligibleModelError when this call demands labels: a model that the policy does not know has none."""
        snapshot = self.router.snapshot
        try:
            labels = required_labels(snapshot, CallReader(call, snapshot.sources))
        except ClassifierNeeded:
            labels = frozenset[str]().union(*(rule.labels for rule in snapshot.rules))
        if labels:
            kind = type(model).__name__
            raise NoEligibleModelError(
                f"another middleware put in a {kind} that is none of the policy's models; add it to the policy and to models={{...}}",
                rejected={kind: f"lacks the required label {', '.join(sorted(labels))}"},
            )


def _answer(request: ModelRequest[Any], started: _Started, outcome: Outcome) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
    response = cast("ModelResponse[Any]", outcome.reply.answer if outcome.reply is not None else None)
    entry = entry_for(cast("Mapping[str, Any]", request.state), started.turn, outcome)
    if entry is None:
        return response
    return ExtendedModelResponse(model_response=response, command=Command(update={TURN: entry}))
