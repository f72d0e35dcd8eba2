"""The routed model that LangChain's standard suites are run over."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from taskroute import Router
from taskroute_langchain import RoutedChatModel
from tests.langchain.fake_provider import FakeProvider

POLICY: dict[str, Any] = {
    "models": {"small": {}, "large": {}},
    "default": ["small", "large"],
    "routes": [{"name": "long answers", "when": {"stage": "generate"}, "use": ["large"]}],
}


class SuiteModel(RoutedChatModel):
    """A routed model that the suite can build: it passes sampling parameters, which a routed model takes from its policy."""

    model_config = ConfigDict(extra="ignore")


def suite_params() -> dict[str, Any]:
    """Return what a routed model over two fakes is built from."""
    return {"router": Router(POLICY), "models": {name: FakeProvider(model_name=name) for name in ("small", "large")}}
