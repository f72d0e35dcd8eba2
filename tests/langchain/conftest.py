"""What the LangChain tests share: no network, no word of LangChain's about its own beta methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    beta = pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(beta, append=False)


@pytest.fixture
def media_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve every download of the standard suite from memory."""

    def get(url: str, **_: Any) -> httpx.Response:
        return httpx.Response(200, content=b"bytes of " + url.encode(), request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "tests without a network")
