"""The hosts that run in the caller's process, each behind the same call, for what they make of failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import litellm as real_litellm

from taskroute import Router
from taskroute_langchain import RoutedChatModel
from taskroute_litellm import install, register, unregister
from tests.emulator import Emulator

litellm: Any = real_litellm
HI: Sequence[Mapping[str, Any]] = ({"role": "user", "content": "hi"},)
SECRET: Sequence[Mapping[str, Any]] = ({"role": "user", "content": "Write to joe.bloggs@example.com, please."},)


class Came(NamedTuple):
    """What came of a call."""

    asked: list[str]
    """The models that were asked, in order, by their names in the policy."""
    text: str
    error: Exception | None


class Case(NamedTuple):
    """A policy over models of the emulator's, and a call."""

    router: Router
    emulator: Emulator
    stage: str | None = None
    model: str | None = None
    """A pin."""
    stream: bool = False
    messages: Sequence[Mapping[str, Any]] = HI
    given: Mapping[str, Any] = {}
    """More arguments of the call."""
    settings: Mapping[str, Any] = {}
    """Those of LiteLLM's router."""
    groups: Sequence[Mapping[str, Any]] | None = None
    """The groups of LiteLLM's router, where there is not one of each model."""


def policy(emulator: Emulator, *names: str, **changes: Any) -> dict[str, Any]:
    """Return a policy over models with these names, tried in this order. Without retries and circuits, unless `changes` say so."""
    models = {name: model(emulator, name) for name in names or ("small", "large")}
    given = {"models": models, "default": list(models), "retry": {"extra": 0}, "breaker": "none", "classifier": {"kind": "none"}, **changes}
    for name, entry in given.pop("more", {}).items():
        models[name].update(entry)
    return given


def model(emulator: Emulator, name: str) -> dict[str, Any]:
    return {"model": f"openai:m-{name}", "base_url": f"{emulator.url}/v1", "api_key_env": "EMULATED_KEY"}


def group(emulator: Emulator, name: str, wanted: str | None = None) -> dict[str, Any]:
    """Return an entry of a model list: a group of this name, served by the emulator."""
    given = {"model": f"openai/{wanted or f'm-{name}'}", "api_base": f"{emulator.url}/v1", "api_key": "none", "max_retries": 0}
    return {"model_name": name, "litellm_params": given}


def _langchain(case: Case) -> str:
    llm: Any = RoutedChatModel(router=case.router)
    config: dict[str, Any] = {"metadata": {"llm_stage": case.stage} if case.stage else {}}
    if case.model:
        config["configurable"] = {"model": case.model}
    if case.stream:
        return "".join(chunk.text for chunk in llm.stream([*case.messages], config, **case.given))
    return str(llm.invoke([*case.messages], config, **case.given).text)


def _installed(case: Case) -> str:
    groups = case.groups or [group(case.emulator, name) for name in case.router.policy.models]
    made: Any = litellm.Router(
        model_list=[*groups], **{"model_group_alias": {"auto": groups[0]["model_name"]}, "num_retries": 0, **case.settings}
    )
    with install(made, case.router):
        return _text(made.completion(**_arguments(case, case.model or "auto")), case)


def _provided(case: Case) -> str:
    register(case.router)
    try:
        return _text(litellm.completion(**_arguments(case, f"taskroute/{case.model or 'auto'}")), case)
    finally:
        unregister()


def _arguments(case: Case, model: str) -> dict[str, Any]:
    metadata = {"stage": case.stage} if case.stage else {}
    streams = {"stream": True} if case.stream else {}
    return {"model": model, "messages": [*case.messages], "metadata": metadata, **streams, **case.given}


def _text(answer: Any, case: Case) -> str:
    if case.stream:
        return "".join(_pieces(answer))
    return str(answer.choices[0].message.content)


def _pieces(chunks: Iterable[Any]) -> Iterator[str]:
    for chunk in chunks:
        if chunk.choices:
            yield chunk.choices[0].delta.content or ""


Host = Callable[[Case], str]
HOSTS: Mapping[str, Host] = {"LangChain": _langchain, "taskroute/auto": _provided, "install()": _installed}


def come(host: str, case: Case) -> Came:
    """Make a call in a host, and return what came of it."""
    before = len(case.emulator.requests)
    text, error = "", None
    try:
        text = HOSTS[host](case)
    except Exception as raised:
        error = raised
    asked = [str(request.body["model"]).removeprefix("m-") for request in case.emulator.requests[before:]]
    return Came(asked, text, error)


@contextmanager
def scripted(emulator: Emulator, **replies: Any) -> Iterator[None]:
    """Queue replies for models by their names in the policy, and forget at the end what was not asked for."""
    emulator.reset()
    for name, reply in replies.items():
        emulator.on(f"m-{name}", *(reply if isinstance(reply, list) else [reply]))
    yield
    emulator.reset()
