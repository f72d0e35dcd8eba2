"""A policy in front of a `litellm.Router`: calls of a virtual name are routed, every other call is LiteLLM's as before.

The methods of the router are covered, not its selection of deployments: since LiteLLM 1.110 a custom routing strategy that hands on to
the router's own selection calls itself without end, and none ever learns how a call ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final, Self, cast

from taskroute.errors import ConfigurationError
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Run
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.router import Router
from taskroute_litellm.call import call_of
from taskroute_litellm.classifier import LiteLLMAsker
from taskroute_litellm.endpoints import METHODS, Method, bound
from taskroute_litellm.given_out import AsyncRoutedStream, RoutedStream
from taskroute_litellm.group_host import GroupHost, ask_group, is_within_attempt, refuse_bad_metadata, retries_of
from taskroute_litellm.groups import aliases_of, group_behind, groups_of, refuse_missing, refuse_unretried, refuse_virtual
from taskroute_litellm.otel import records_metrics, writes_spans
from taskroute_litellm.own_loop import blocking
from taskroute_litellm.stamp import register, unregister
from taskroute_litellm.surfacing import SURFACED, surfaced
from taskroute_litellm.versions import refuse_unknown

_MARK: Final = "_taskroute_installation"


def install(litellm_router: Any, router: Router, virtual: Sequence[str] = ("auto",)) -> Installation:
    """Route the calls of `litellm_router` whose model is one of `virtual`, or a model of the policy by its own name, which is a pin.

    Covered are completion, text_completion, embedding, responses and anthropic_messages, sync, async and streaming. A model of the policy
    is the model group of the same name. LiteLLM keeps deployments, keys, cooldowns, rate limits and its retries within a group; the
    policy says which group is called, and which ones follow when it fails.

    Returns a handle, which may be used as a context manager. Raises ConfigurationError for a LiteLLM that lacks what this needs, a model
    that is no group, a virtual name that LiteLLM does not know, and a router that has a policy already.
    """
    refuse_unknown(litellm_router)
    if not isinstance(router, Router):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"router= must be a taskroute.Router, not of type {type(router).__name__}; make one of a policy first")
    names = _virtual_names(virtual)
    if installation_of(litellm_router) is not None:
        raise ConfigurationError("this router has a policy installed already; uninstall() it first, or reload() the policy")
    installation = Installation(litellm_router, router, names)
    installation.check()
    installation.cover()
    return installation


def uninstall(litellm_router: Any) -> None:
    """Give a router its own methods back; calls in flight end as they would. Does nothing to a router without a policy."""
    installation = installation_of(litellm_router)
    if installation is not None:
        installation.uninstall()


def installation_of(litellm_router: Any) -> Installation | None:
    """Return what is installed on a router; None when nothing is."""
    # An application may have put something of its own over one or the other.
    marks = (getattr(getattr(litellm_router, name, None), _MARK, None) for name in METHODS)
    return next((found for found in marks if isinstance(found, Installation) and found.is_active), None)


class Installation:
    """A policy that is in front of a router."""

    def __init__(self, litellm_router: Any, router: Router, virtual: tuple[str, ...]) -> None:
        self.litellm_router = litellm_router
        self.router = router
        self.virtual = virtual
        self._own: dict[str, tuple[Any, bool]] = {}
        """The router's own methods, and whether each is kept in the instance."""
        self._doors: dict[str, Any] = {}
        """What was put over them."""
        self._checked: Any = None
        """The policy that was compared with the groups last. Groups may go later: a call then goes to the next one."""

    @property
    def is_active(self) -> bool:
        """Whether it is in front of the router still."""
        return bool(self._own)

    def check(self) -> None:
        """Compare the policy in force with the groups of the router. Raises ConfigurationError."""
        snapshot = self.router.snapshot
        policy = snapshot.policy
        groups, aliases = groups_of(self.litellm_router), aliases_of(self.litellm_router)
        refuse_virtual(self.virtual, policy.models)
        refuse_missing(policy.models, groups, aliases)
        refuse_unretried(self.virtual, groups, aliases, policy.default[0])
        self._checked = snapshot

    def cover(self) -> None:
        """Put routed methods over the router's own."""
        self._own = {name: (getattr(self.litellm_router, name), name in vars(self.litellm_router)) for name in METHODS}
        for name, method in METHODS.items():
            own, _ = self._own[name]
            sends = blocking(self._own["atext_completion"][0]) if name == "text_completion" else own
            door = self._async_door(method, own) if method.is_async else self._door(method, own, sends)
            door.__name__ = door.__qualname__ = name
            door.__doc__ = getattr(own, "__doc__", None)
            setattr(door, _MARK, self)
            self._doors[name] = door
            setattr(self.litellm_router, name, door)
        register()
        self.router.ask_through(LiteLLMAsker(partial(ask_group, self.litellm_router), self.litellm_router))

    def uninstall(self) -> None:
        """Give the router its own methods back."""
        if self.is_active:
            unregister()
            import_module("taskroute_litellm.replay").withdraw()
        while self._own:
            name, (own, was_kept) = self._own.popitem()
            if getattr(self.litellm_router, name) is not self._doors.pop(name):
                # What was put over it since stays, and finds the router's own behind it.
                continue
            if was_kept:
                setattr(self.litellm_router, name, own)
            else:
                delattr(self.litellm_router, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.uninstall()

    # Calls

    def _door(self, method: Method, own: Callable[..., Any], sends: Callable[..., Any]) -> Callable[..., Any]:
        def door(*args: Any, **kwargs: Any) -> Any:
            host = self._host(method, sends, args, kwargs)
            if host is None:
                return own(*args, **kwargs)
            run = self._run(host)
            if host.arguments.get("stream"):
                return RoutedStream.opened(host, drive_stream(run, host))
            try:
                outcome = drive(run, host)
            except SURFACED as error:
                cause = surfaced(error, host.model)
            else:
                return outcome.reply.answer if outcome.reply is not None else None
            raise cause

        return door

    def _async_door(self, method: Method, own: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def door(*args: Any, **kwargs: Any) -> Any:
            host = self._host(method, own, args, kwargs)
            if host is None:
                return await own(*args, **kwargs)
            run = self._run(host, is_async=True)
            if host.arguments.get("stream"):
                return await AsyncRoutedStream.opened(host, adrive_stream(run, host))
            try:
                outcome = await adrive(run, host)
            except SURFACED as error:
                cause = surfaced(error, host.model)
            else:
                return outcome.reply.answer if outcome.reply is not None else None
            raise cause

        return door

    def _host(self, method: Method, own: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> GroupHost | None:
        """Return who carries the call out; None where it is none of ours."""
        arguments = bound(method, args, kwargs) if self.is_active else None
        if arguments is None:
            return None
        model = arguments.get("model")
        if not isinstance(model, str):
            return None
        pin = None if model in self.virtual else self._pinned(model)
        # A silent model gets the text, too.
        if model not in self.virtual and (pin is None or is_within_attempt(arguments, silent=not self.router.snapshot.rules)):
            return None
        refuse_bad_metadata(arguments)
        if self._checked is not self.router.snapshot:
            # After a reload: a model that is no group would fail call by call, in LiteLLM's words.
            self.check()
        return GroupHost(self.router, method.endpoint, arguments, own, litellm_router=self.litellm_router, pin=pin)

    def _pinned(self, name: str) -> str | None:
        """Return the model of the policy that a name stands for, by an alias too; None where it stands for none."""
        models = self.router.snapshot.registry
        if name in models:
            return name
        behind = group_behind(self.litellm_router, name)
        return behind if behind in models else None

    def _run(self, host: GroupHost, *, is_async: bool = False) -> Run:
        retries = retries_of(self.litellm_router, host.arguments)
        call = call_of(host.endpoint, host.arguments, pin=host.pin)
        return self.router.run(
            call._replace(traced=writes_spans(is_async=is_async), measured=records_metrics(is_async=is_async), asking=host.asks()),
            has_original=True,
            held_by=_by_task if is_async else _by_client,
            client_retries=lambda model: retries,
            retries=False,
            is_async=is_async,
        )


def _virtual_names(virtual: Any) -> tuple[str, ...]:
    given = cast("Iterable[object]", virtual) if isinstance(virtual, Iterable) else ()
    names: tuple[Any, ...] = (virtual,) if isinstance(virtual, str) else tuple(given)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ConfigurationError(f"virtual={virtual!r}: give the names of the models that stand for the policy, such as virtual=('auto',)")
    return names


def _by_client(model: str) -> str:
    return "client"


def _by_task(model: str) -> str:
    return "async"
