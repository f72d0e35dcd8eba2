"""What the tests of the wire share: keys that are none, and LangChain's word about its own beta methods."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _keys(keys: None) -> None: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    beta = pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(beta, append=False)
