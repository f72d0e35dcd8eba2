"""What an agent sends besides messages and tools is looked at by `require` rules too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_model_call
from langchain.agents.structured_output import AutoStrategy, ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage

from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutingMiddleware
from taskroute_langchain.testing import chat_models
from tests.langchain.test_sensitive import MAIL, ROUTER, Harmless, Person


def called(line: Any, *, before: tuple[Any, ...] = (), **options: Any) -> list[str]:
    """Return the models that an agent with these options called."""
    script = ScriptedModel({"open": line, "onprem": line, "own": "never"})
    models = chat_models(script)
    routing = RoutingMiddleware(ROUTER, models={name: models[name] for name in ("open", "onprem")})
    agent: Any = create_agent(models["own"], [], middleware=[*before, routing], **options)
    agent.invoke({"messages": "hi"})
    return script.called


@pytest.mark.parametrize("strategy", [ProviderStrategy, ToolStrategy, AutoStrategy, lambda schema: schema])
@pytest.mark.parametrize(("schema", "model"), [(Person, "onprem"), (Harmless, "open")])
def test_the_schema_of_the_answer(strategy: Callable[[Any], Any], schema: Any, model: str) -> None:
    calls = [] if strategy is ProviderStrategy else [{"name": schema.__name__, "args": {"name": "a"}, "id": "1"}]
    line = AIMessage('{"name":"a"}', tool_calls=calls)
    assert called(line, response_format=strategy(schema)) == [model]


@pytest.mark.parametrize(("stop", "model"), [(MAIL, "onprem"), ("END", "open")])
def test_settings_of_the_model(stop: str, model: str) -> None:
    @wrap_model_call
    def setting(request: Any, handler: Any) -> Any:
        return handler(request.override(model_settings={"stop": [stop]}))

    assert called("x", before=(setting,)) == [model]
