"""A classifier of the user's that breaks, behind a routed model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Router, hybrid
from taskroute.testing import FakeClock, ScriptedModel
from taskroute.types import Classification
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from tests.langchain.ways import WAYS, ask
from tests.policies import policy, when
from tests.real_time import REAL_TIME
from tests.router.test_classifiers_that_break import NONSENSE, SECRET, TASKS, Odd
from tests.router.test_embed import QUESTION, Documents, aembed, embed
from tests.router.test_embed import TASKS as LEARNED

pytestmark = REAL_TIME


def scripted(router: Router) -> RoutedChatModel:
    return RoutedChatModel(router=router, models=chat_models(ScriptedModel({"small": "S", "large": "L"})))


@pytest.mark.parametrize("gives", NONSENSE.values(), ids=NONSENSE)
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream"])
@pytest.mark.filterwarnings("ignore:the classifier")
def test_the_call_goes_on(way: str, gives: Any) -> None:
    router = Router(policy(tasks=TASKS, routes=when(task="billing")), classifier=Odd(gives, local=False), environ={})
    assert ask(way, scripted(router), SECRET).text == "S"


@pytest.mark.parametrize("way", ["ainvoke", "astream"])
def test_one_that_hangs_has_the_policys_time_and_is_then_left_alone(way: str) -> None:
    asked: list[str] = []

    async def hangs_here(text: str) -> str:
        asked.append(text)
        await asyncio.sleep(30)
        return "math"

    data = policy(routes=when(task="math"), classifier={"timeout": "10ms"}, breaker={"failures": 2, "cooldown": "60s"})
    llm = scripted(Router(data, classifier=hangs_here, environ={}, clock=FakeClock()))
    with pytest.warns(RuntimeWarning, match="'hangs_here' failed with TimeoutError and abstains"):
        assert [ask(way, llm, "1+1").text for _ in range(4)] == ["S"] * 4
    assert len(asked) == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("given", [embed, Documents()], ids=["function", "embeddings"])
def test_what_embeds_tells_the_task_in_every_way_to_call(way: str, given: Any) -> None:
    router = Router(policy(tasks=LEARNED, routes=when(task="billing"), classifier={"kind": "examples"}), embed=given, environ={})
    assert ask(way, scripted(router), QUESTION).text == "L"


def test_an_async_function_that_embeds_is_asked_by_async_calls_and_a_sync_one_says_what_to_do() -> None:
    router = Router(policy(tasks=LEARNED, routes=when(task="billing"), classifier={"kind": "examples"}), embed=aembed, environ={})
    assert ask("ainvoke", scripted(router), QUESTION).text == "L"
    with pytest.warns(RuntimeWarning, match="a sync call cannot wait for it: use an async call"):
        assert ask("invoke", scripted(router), QUESTION).text == "S"


async def later(text: str) -> str:
    return "billing"


@pytest.mark.parametrize("given", [{"classifier": later}, {"classifier": hybrid(later, lambda text: None)}, {"embed": aembed}])
@pytest.mark.filterwarnings("ignore:.*a sync call cannot wait for it")
def test_sync_calls_that_cannot_wait_for_it_do_not_put_it_to_rest_for_async_ones(given: dict[str, Any]) -> None:
    data = policy(tasks=LEARNED, routes=when(task="billing"), classifier={"kind": "examples"}, breaker={"failures": 2, "cooldown": "60s"})
    llm = scripted(Router(data, environ={}, clock=FakeClock(), **given))
    assert [ask("invoke", llm, f"{QUESTION} {number}").text for number in range(5)] == ["S"] * 5
    assert ask("ainvoke", llm, QUESTION).text == "L"


@pytest.mark.parametrize("gives", [ValueError(SECRET), Classification({SECRET * 3: 1.0}), SECRET], ids=["raises", "names", "gives"])
@pytest.mark.filterwarnings("ignore:the classifier")
def test_no_span_holds_a_word_of_the_prompt(gives: Any) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    data = policy(tasks=TASKS, routes=when(task="billing"))
    router = Router(data, classifier=Odd(gives, local=False), environ={}, tracer_provider=provider)
    from taskroute.testing import ScriptedModel
    from taskroute_langchain import RoutedChatModel
    from taskroute_langchain.testing import chat_models

    llm = RoutedChatModel(router=router, models=chat_models(ScriptedModel({"small": "S", "large": "L"})))
    assert llm.invoke(SECRET).text == "S"
    assert asyncio.run(llm.ainvoke(SECRET)).text == "S"
    written = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "chat " in written
    assert SECRET not in written
