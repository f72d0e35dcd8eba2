"""LangChain's standard unit suite over a routed model."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.unit_tests import ChatModelUnitTests

from tests.langchain.standard import SuiteModel, suite_params


@pytest.mark.benchmark(max_time=0.05, min_rounds=1)
class TestRoutedChatModelUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return SuiteModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return suite_params()
