"""Putting a policy in front of a LiteLLM router, and taking it away again."""

from __future__ import annotations

import asyncio
import functools
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

import taskroute_litellm
from taskroute import Router
from taskroute.errors import ConfigurationError
from taskroute_litellm import install, uninstall
from taskroute_litellm.endpoints import METHODS
from taskroute_litellm.groups import groups_of, groups_with_deployment
from tests.emulator import Emulator
from tests.litellm_host.routers import ANSWER, IDS, MESSAGES, ONE, POLICY, Way, call, deployment, routed

litellm: Any = pytest.importorskip("litellm")

WHOLE = Way("completion")
NEW = tuple(map(int, version("litellm").split(".")[:2])) >= (1, 106)


def plain(emulator: Emulator, *names: str, **settings: Any) -> Any:
    """Return a LiteLLM router without a policy."""
    groups = [deployment(emulator, name) for name in names or IDS]
    return litellm.Router(model_list=groups, **{"num_retries": 0, "model_group_alias": {"auto": "small"}, **settings})


def settled(emulator: Emulator, *names: str) -> Any:
    """Return a LiteLLM router that has been asked for its groups: it then keeps something of its own."""
    router = plain(emulator, *names)
    groups_of(router)
    return router


def policy_router(**changes: Any) -> Router:
    return Router({**POLICY, **changes}, environ={})


def test_uninstalling_leaves_the_router_as_it_was(emulator: Emulator) -> None:
    router = settled(emulator)
    before, names = dict(vars(router)), {name: getattr(router, name).__qualname__ for name in METHODS}
    install(router, policy_router())
    during = {name: getattr(router, name).__qualname__ for name in METHODS}
    uninstall(router)
    after = vars(router)
    assert during == {name: name for name in METHODS}
    assert {name: getattr(router, name).__qualname__ for name in METHODS} == names
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] is not before[name]] == []


def test_a_method_that_the_user_has_covered_is_called_and_comes_back(emulator: Emulator) -> None:
    router = plain(emulator)
    seen: list[str] = []
    own = router.completion

    def counting(*args: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["model"])
        return own(*args, **kwargs)

    router.completion = counting
    with install(router, policy_router()):
        router.completion(model="auto", messages=MESSAGES, metadata={"stage": "generate"})
    assert seen == ["large"]
    assert router.completion is counting


def test_outside_of_the_with_block_the_alias_answers(emulator: Emulator) -> None:
    with routed(emulator) as found:
        call(found, WHOLE, metadata={"stage": "generate"})
    call(found, WHOLE, metadata={"stage": "generate"})
    assert found.asked == ["large", "small"]


def test_a_call_in_flight_ends_as_it_would(emulator: Emulator) -> None:
    with routed(emulator) as found:
        stream = found.litellm.completion("auto", MESSAGES, stream=True, metadata={"stage": "generate"})
        first = next(stream)
    rest = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in [first, *rest])
    assert (text, found.asked) == (ANSWER, ["large"])


def test_uninstalling_twice_or_without_a_policy_does_nothing(emulator: Emulator) -> None:
    router = plain(emulator)
    own = router.completion
    uninstall(router)
    installation = install(router, policy_router())
    installation.uninstall()
    installation.uninstall()
    uninstall(router)
    assert router.completion == own


def test_a_second_policy_is_refused_and_the_first_stays(emulator: Emulator) -> None:
    with routed(emulator) as found:
        with pytest.raises(ConfigurationError, match="installed already; uninstall"):
            install(found.litellm, policy_router())
        call(found, WHOLE, metadata={"stage": "generate"})
    assert found.asked == ["large"]


def test_after_uninstalling_another_policy_may_be_installed(emulator: Emulator) -> None:
    router = plain(emulator)
    install(router, policy_router()).uninstall()
    with install(router, policy_router(default="other", models={"other": {}}, routes=[])):
        router.completion(model="auto", messages=MESSAGES)
    assert [request.body["model"] for request in emulator.requests] == [IDS["other"]]


def test_two_routers_have_a_policy_each(emulator: Emulator) -> None:
    with routed(emulator) as first, routed(emulator, policy={"models": {"other": {}}, "default": "other"}) as second:
        call(first, WHOLE)
        call(second, WHOLE)
    assert first.asked == ["small", "other"]


def test_the_last_to_go_takes_what_was_put_into_litellms_callbacks(emulator: Emulator) -> None:
    before = [list(litellm.input_callback), list(litellm.callbacks)]
    with routed(emulator), routed(emulator) as found:
        during = list(litellm.input_callback)
        asyncio.run(found.litellm.acompletion("auto", MESSAGES))
    assert len(during) == len(before[0]) + 1
    assert [list(litellm.input_callback), list(litellm.callbacks)] == before


def test_methods_keep_their_names_and_what_they_are(emulator: Emulator) -> None:
    own = plain(emulator)
    with routed(emulator) as found:
        for name in ("completion", "acompletion", "embedding", "aembedding", "aresponses", "anthropic_messages"):
            method = getattr(found.litellm, name)
            assert method.__name__ == name
            assert inspect.iscoroutinefunction(method) is inspect.iscoroutinefunction(getattr(own, name)) or name == "anthropic_messages"


# What is refused


def test_a_model_that_is_no_group_is_refused_with_both_sides(emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError) as caught:
        install(plain(emulator, "small", "other"), policy_router())
    text = str(caught.value)
    assert "'large', 'claude', 'vectors', 'fine-vectors'" in text
    assert "models of the policy:   small, large, claude" in text
    assert "groups of the router:   other, small" in text
    assert "aliases of the router:  auto" in text
    assert "model_list" in text


def test_a_model_may_be_an_alias(emulator: Emulator) -> None:
    policy = {"models": {"quick": {}}, "default": "quick"}
    with routed(emulator, policy=policy, model_group_alias={"auto": "small", "quick": "other"}) as found:
        call(found, WHOLE)
    assert found.asked == ["other"]


def test_a_virtual_name_that_litellm_would_not_retry_is_refused_with_the_cure(emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="no model group and no alias 'smart'") as caught:
        install(plain(emulator), policy_router(), virtual=("auto", "smart"))
    assert "model_group_alias={'smart': 'small'}" in str(caught.value)


def test_a_virtual_name_may_be_a_group_of_its_own(emulator: Emulator) -> None:
    with routed(emulator, virtual=("other",)) as found:
        call(found, WHOLE, "other", metadata={"stage": "generate"})
        call(found, WHOLE, "auto", metadata={"stage": "generate"})
    assert found.asked == ["large", "small"]


def test_a_virtual_name_that_is_a_model_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="'large' is a model of the policy too"):
        install(plain(emulator), policy_router(), virtual=("auto", "large"))


def test_one_virtual_name_may_be_a_string(emulator: Emulator) -> None:
    virtual: Any = "auto"
    with routed(emulator, virtual=virtual) as found:
        call(found, WHOLE, metadata={"stage": "generate"})
    assert found.asked == ["large"]


@pytest.mark.parametrize("virtual", [(), [], "", ("auto", ""), (1,), None, 7], ids=repr)
def test_what_are_no_virtual_names_is_refused(emulator: Emulator, virtual: Any) -> None:
    router = plain(emulator)
    with pytest.raises(ConfigurationError, match=r"virtual=.*such as virtual=\('auto',\)"):
        install(router, policy_router(), virtual=virtual)


@pytest.mark.parametrize("what", [None, object(), "router", litellm], ids=["None", "object", "str", "module"])
def test_what_is_no_litellm_router_is_refused(what: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"needs a litellm.Router; this {type(what).__name__} has no "):
        install(what, policy_router())


def test_a_router_without_one_of_the_methods_is_refused_by_its_name(emulator: Emulator) -> None:
    class Newer:
        """A LiteLLM router that has lost a method."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            if name == "aresponses":
                raise AttributeError(name)
            return getattr(self._inner, name)

    with pytest.raises(ConfigurationError, match="this Newer has no aresponses .*newer than taskroute knows"):
        install(Newer(plain(emulator)), policy_router())


def test_what_is_no_policy_router_is_refused(emulator: Emulator) -> None:
    wrong: Any = POLICY
    with pytest.raises(ConfigurationError, match="taskroute.Router"):
        install(plain(emulator), wrong)


@pytest.mark.parametrize("name", ["fallbacks", "context_window_fallbacks", "content_policy_fallbacks"])
def test_a_router_with_its_own_fallbacks_is_refused_where_litellm_would_use_them_behind_our_back(emulator: Emulator, name: str) -> None:
    router = plain(emulator, **{name: [{"small": ["other"]}]})
    if NEW:
        with install(router, policy_router()):
            assert router.completion(model="auto", messages=MESSAGES).choices[0].message.content == ANSWER
        return
    with pytest.raises(ConfigurationError, match=f"this router has {name}, and before 1.106"):
        install(router, policy_router())


def test_what_is_refused_leaves_the_router_alone(emulator: Emulator) -> None:
    router = settled(emulator, "small")
    before = dict(vars(router))
    with pytest.raises(ConfigurationError):
        install(router, policy_router())
    assert dict(vars(router)) == before


# Imports

LAZY = """
import sys
from taskroute_litellm import install
assert not [name for name in [*sys.modules] if name.split(".")[0] in ("litellm", "fastapi")], sorted(sys.modules)
"""
NO_PROXY = """
import sys, warnings
warnings.simplefilter("ignore")
import litellm
before = {name for name in [*sys.modules] if name.startswith(("litellm.proxy", "fastapi"))}
from taskroute import Router
from taskroute_litellm import install
made = litellm.Router(
    model_list=[{"model_name": "small", "litellm_params": {"model": "openai/gpt-5-mini", "api_key": "k", "mock_response": "hi"}}],
    model_group_alias={"auto": "small"},
)
install(made, Router({"models": {"small": {}}, "default": "small"}))
assert made.completion(model="auto", messages=[{"role": "user", "content": "hi"}])._hidden_params["taskroute"]["model"] == "small"
ours = [name for name in [*sys.modules] if name.startswith("taskroute_litellm.proxy")]
assert not ours, ours
assert "litellm.proxy.proxy_server" not in sys.modules
assert "fastapi" not in sys.modules or "fastapi" in before
"""


@pytest.mark.parametrize("source", [LAZY, NO_PROXY], ids=["nothing before it is used", "no proxy with a routed call"])
def test_what_is_imported(source: str) -> None:
    found = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr


def test_a_deployment_is_found_by_its_id_and_by_what_it_serves(emulator: Emulator) -> None:
    groups = [{**deployment(emulator, name), "model_info": {"id": f"of-{name}"}} for name in IDS]
    router = litellm.Router(model_list=groups, model_group_alias={"auto": "small"})
    for name, entry in zip(IDS, groups, strict=True):
        assert name in groups_with_deployment(router, f"of-{name}")
        assert name in groups_with_deployment(router, entry["litellm_params"]["model"])
    assert "small" not in groups_with_deployment(router, "of-large")
    assert groups_with_deployment(router, "small") == groups_with_deployment(router, "nobody") == ()


def test_no_module_takes_the_place_of_a_public_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(taskroute_litellm.__path__)}
    assert modules.isdisjoint(taskroute_litellm.__all__)


# What an application puts over a router


def wrapped(method: Callable[..., Any], called: list[Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mine(*args: Any, **kwargs: Any) -> Any:
        called.append(kwargs)
        return method(*args, **kwargs)

    return mine


def test_what_was_put_over_a_routed_router_stays_when_the_policy_goes(emulator: Emulator) -> None:
    called: list[Any] = []
    with routed(emulator, policy={**ONE, "default": "large"}) as found:
        mine = found.litellm.completion = wrapped(found.litellm.completion, called)
        call(found, Way("completion"))
        uninstall(found.litellm)
        call(found, Way("completion"))
        call(found, Way("completion", True))
        assert found.litellm.completion is mine
    assert found.asked == ["large", "small", "small"]
    assert len(called) == 2


def test_a_policy_that_something_was_put_over_is_still_found(emulator: Emulator) -> None:
    with routed(emulator) as found:
        found.litellm.completion = lambda **given: None
        with pytest.raises(ConfigurationError, match="installed already"):
            install(found.litellm, Router(POLICY, environ={}))
