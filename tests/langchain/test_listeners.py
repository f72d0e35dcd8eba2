"""Whether a run would be heard of is told as LangChain's own configuration of callbacks tells it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager, get_usage_metadata_callback
from langchain_core.globals import set_debug
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.tracers.context import collect_runs, register_configure_hook
from langsmith.run_helpers import tracing_context

from taskroute_langchain.listeners import is_heard
from taskroute_langchain.retried import follow_retries


class Deaf(BaseCallbackHandler):
    """Hears of everything but models."""

    ignore_llm = True  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    ignore_chat_model = True  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


class OfTheEnvironment(BaseCallbackHandler):
    """On wherever a variable says so."""


VARIABLE = "TASKROUTE_TEST_LISTENS"
_of_environment: ContextVar[BaseCallbackHandler | None] = ContextVar("of_environment", default=None)
_of_context: ContextVar[BaseCallbackHandler | None] = ContextVar("of_context", default=None)
register_configure_hook(_of_environment, True, OfTheEnvironment, VARIABLE)
register_configure_hook(_of_context, True)
HEARS, DEAF = BaseCallbackHandler(), Deaf()


def model(**options: Any) -> BaseChatModel:
    return FakeListChatModel(responses=["hi"], **options)


def by_langchain(callbacks: Any, chosen: BaseChatModel) -> bool:
    """Return the same as LangChain has it."""
    manager = CallbackManager.configure(callbacks, chosen.callbacks, chosen.verbose)
    return not all(handler.ignore_chat_model and handler.ignore_llm for handler in manager.handlers)


@pytest.fixture(autouse=True)
def _follower() -> None:
    follow_retries()


@pytest.mark.parametrize("own", [None, [], [DEAF], [HEARS], CallbackManager([]), CallbackManager([HEARS])], ids=repr)
@pytest.mark.parametrize("given", [None, [], [DEAF], [DEAF, HEARS], CallbackManager([]), CallbackManager([DEAF]), CallbackManager([HEARS])])
def test_handlers_of_the_call_and_of_the_model(given: Any, own: Any) -> None:
    chosen = model(callbacks=own)
    assert is_heard({"callbacks": given}, chosen) is by_langchain(given, chosen)


def test_nobody_hears_where_nothing_is_set() -> None:
    assert not is_heard({}, model())
    assert not by_langchain(None, model())


def test_who_says_so_aloud_is_heard() -> None:
    assert is_heard({}, model(verbose=True))
    set_debug(True)
    try:
        assert is_heard({}, model())
    finally:
        set_debug(False)


def test_context_managers_hear() -> None:
    for around in (get_usage_metadata_callback, collect_runs, lambda: tracing_context(enabled="local")):
        with around():
            assert is_heard({}, model())
        assert not is_heard({}, model())


@pytest.mark.parametrize("handler", [HEARS, DEAF])
def test_a_handler_that_a_package_registered_hears_where_it_does(handler: BaseCallbackHandler) -> None:
    token = _of_context.set(handler)
    try:
        assert is_heard({}, model()) is by_langchain(None, model()) is (handler is HEARS)
    finally:
        _of_context.reset(token)


@pytest.mark.parametrize("value", ["1", "true", "0", ""])
def test_a_variable_of_a_package_s_own_counts(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, value)
    assert is_heard({}, model()) is by_langchain(None, model()) is (value in ("1", "true"))


@pytest.mark.parametrize("name", ["LANGCHAIN_TRACING", "LANGCHAIN_HANDLER"])
def test_what_langchain_refuses_is_left_to_the_run_to_refuse(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "true")
    assert is_heard({}, model())
    with pytest.raises(RuntimeError):
        by_langchain(None, model())
