"""What a message says of the service that answered and of its cost, in every way to ask: chat, schemas, agents, replays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from pydantic import BaseModel

from taskroute import Checked, Router
from taskroute.testing import ScriptedModel
from taskroute.types import Cost, Decision, Outcome, Reply, Try, Usage
from taskroute_langchain import RoutingMiddleware
from taskroute_langchain.answers import UNKNOWN_ANSWER, answer_from, answer_of
from taskroute_langchain.testing import ScriptedChatModel, chat_models
from tests.langchain.ways import WAYS, Outcomes, Stage, ask

COUNTS: Final = UsageMetadata(input_tokens=5, output_tokens=2, total_tokens=7)
ABOUT: Final[Mapping[str, Any]] = {
    "model_provider": "openai",
    "model_name": "gpt-x",
    "finish_reason": "stop",
    "service_tier": "priority",
    "token_usage": {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.00435825, "is_byok": False},
}
COST: Final = Cost(Decimal("0.00435825"), "provider", "USD")


def message(about: Mapping[str, Any] = ABOUT, counts: UsageMetadata | None = COUNTS, **more: Any) -> AIMessage:
    return AIMessage(more.pop("content", "hey"), response_metadata=dict(about), usage_metadata=counts, **more)


def reply_of(outcomes: Outcomes) -> Reply:
    reply = outcomes.last.reply
    assert reply is not None
    return reply


@pytest.mark.parametrize("way", WAYS)
def test_the_cost_and_the_service_of_a_message_are_read_in_every_way(way: str) -> None:
    stage = Stage({"small": message()})
    record = ask(way, stage.llm).response_metadata["taskroute"]
    reply = reply_of(stage.outcomes)
    assert (reply.service_tier, reply.reported, reply.cost) == ("priority", COST, COST)
    assert (record["cost"], record["cost_source"]) == (0.00435825, "provider")


@pytest.mark.parametrize("way", WAYS)
def test_a_cost_without_counts_is_one_too(way: str) -> None:
    stage = Stage({"small": message(counts=None)})
    ask(way, stage.llm)
    assert (reply_of(stage.outcomes).usage, reply_of(stage.outcomes).cost) == (None, COST)


@pytest.mark.parametrize("way", WAYS)
def test_the_price_of_the_user_comes_first(way: str) -> None:
    stage = Stage({"small": message({**ABOUT, "service_tier": "default"})}, models={"small": {"price": {"input": 1, "output": 2}}})
    ask(way, stage.llm)
    cost = reply_of(stage.outcomes).cost
    assert cost is not None
    assert cost.source == "user"


class City(BaseModel):
    """A city."""

    name: str


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_the_message_behind_an_object_says_them(is_async: bool, raw: bool) -> None:
    call = {"name": "City", "args": {"name": "Paris"}, "id": "1", "type": "tool_call"}
    stage = Stage({"small": message(content="", tool_calls=[call])})
    llm = stage.llm.with_structured_output(City, include_raw=raw)
    answer: Any = asyncio.run(llm.ainvoke("hi")) if is_async else llm.invoke("hi")
    assert (answer["parsed"] if raw else answer) == City(name="Paris")
    assert (reply_of(stage.outcomes).service_tier, reply_of(stage.outcomes).cost) == ("priority", COST)


def test_the_model_of_an_agent_says_them() -> None:
    outcomes, script = Outcomes(), ScriptedModel({"small": message()})
    router = Router({"models": {"small": {}}, "default": "small"}, environ={}, observers=[outcomes])
    own = ScriptedChatModel(script=ScriptedModel({"own": "never asked"}), model_name="own")
    agent: Any = create_agent(own, [], middleware=[RoutingMiddleware(router, models=chat_models(script))])
    agent.invoke({"messages": [("user", "hi")]})
    assert (reply_of(outcomes).service_tier, reply_of(outcomes).cost) == ("priority", COST)


@pytest.mark.parametrize("way", WAYS)
def test_a_stored_answer_reports_nothing(way: str) -> None:
    stage = Stage({"small": message()}, cache={"store": "memory", "ttl": "1h", "scope": []})
    for _ in range(2):
        ask(way, stage.llm)
    first, again = (outcome.reply for outcome in stage.outcomes.all)
    assert first is not None
    assert again is not None
    assert (first.reported, again.reported, again.service_tier) == (COST, None, None)
    assert again.cost is not None
    assert again.cost.amount == 0


# What packages write where


def test_openrouters_own_package_puts_the_cost_beside_everything_else() -> None:
    about = {"model_provider": "openrouter", "cost": 0.002, "cost_details": {"upstream_inference_cost": 0.002}}
    assert answer_of(message(about)).reported == Cost(Decimal("0.002"), "provider")
    # It leaves out whose key it was, which shows in what the provider was paid.
    assert answer_of(message({**about, "cost": 0})).reported is None


def test_a_cost_that_a_package_worked_out_itself_is_none_that_was_reported() -> None:
    assert answer_of(message({"response_cost": 0.5, "cost": 0.5, "model_provider": "litellm"})).reported is None


def test_in_a_stream_the_chunk_with_the_counts_has_the_cost() -> None:
    said = UNKNOWN_ANSWER
    for about in ({"model_provider": "openrouter"}, {"finish_reason": "stop", "service_tier": "flex"}, {"cost": 0.1, "cost_details": {}}):
        said = said.then(answer_from(about, None))
    assert (said.provider, said.service_tier, said.reported) == ("openrouter", "flex", Cost(Decimal("0.1"), "provider"))


@pytest.mark.parametrize(
    ("about", "tier"),
    [
        ({"service_tier": "flex"}, "flex"),
        ({"service_tier": "auto"}, None),
        ({"service_tier": None}, None),
        ({"service_tier": 5}, None),
        ({"usage": {"service_tier": "batch"}}, "batch"),
        ({"serviceTier": {"type": "priority"}}, "priority"),
        ({}, None),
    ],
)
def test_the_service_is_read_wherever_a_provider_names_it(about: Mapping[str, Any], tier: str | None) -> None:
    assert answer_of(message(about)).service_tier == tier


@pytest.mark.parametrize("tier", ["flex", "priority"])
def test_counts_under_the_name_of_a_service_name_it(tier: str) -> None:
    details: Any = {tier: 2, f"{tier}_cache_read": 3, "audio": 1}
    counts = UsageMetadata(input_tokens=5, output_tokens=2, total_tokens=7, input_token_details=details)
    said = answer_of(message({"model_provider": "openai"}, counts))
    assert (said.service_tier, said.usage) == (tier, Usage(5, 2, 3, None, None, input_audio=1))


def test_a_service_that_each_chunk_names_is_named_once_in_their_sum() -> None:
    chunks = [AIMessageChunk(content="hey", response_metadata={"service_tier": "priority"}) for _ in range(2)]
    whole = chunks[0] + chunks[1]
    assert isinstance(whole, AIMessageChunk)
    assert answer_of(whole).service_tier == "priority"


def test_what_a_message_wrote_to_a_cache_of_an_hour_is_summed_with_its_summaries() -> None:
    written = {"cache_creation_input_tokens": 30, "cache_read_input_tokens": 0, "cache_creation": {"ephemeral_1h_input_tokens": 30}}
    summary = {"type": "compaction", "input_tokens": 100, "output_tokens": 10, **written}
    details: Any = {"cache_read": 0, "cache_creation": 0, "ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    counts = UsageMetadata(input_tokens=35, output_tokens=2, total_tokens=37, input_token_details=details)
    about = {"model_provider": "anthropic", "usage": {"iterations": [summary], "service_tier": "standard"}}
    assert answer_of(message(about, counts)).usage == Usage(165, 12, 0, 60, cache_write_1h=50)


@pytest.fixture
def own_cache() -> Iterator[None]:
    before = get_llm_cache()
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(before)


PRICED: Final[Mapping[str, Any]] = {"small": {"price": {"input": 1, "output": 2}}}


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_an_answer_from_langchains_own_cache_is_not_paid_again(way: str) -> None:
    stage = Stage({"small": message({**ABOUT, "token_usage": {}, "service_tier": None})}, models=PRICED)
    answers = [ask(way, stage.llm) for _ in range(2)]
    assert stage.called == ["small"]
    first, again = stage.outcomes.all
    assert [outcome.cost for outcome in (first, again)] == [first.cost, Cost(Decimal(0), "cache")]
    assert (first.cost is not None and first.cost.amount) == Decimal("0.000009")
    assert [answer.response_metadata["taskroute"]["cost"] for answer in answers] == [9e-06, 0.0]
    assert reply_of(stage.outcomes).from_cache


def test_a_stream_that_is_dropped_is_paid_for_where_nobody_knows_how_much_too() -> None:
    stage = Stage({"small": "one two three"})
    chunks: Any = stage.llm.stream("hi")
    next(chunks)
    chunks.close()
    [one] = stage.outcomes.last.tries
    assert (one.paid, one.cost) == (True, None)


def test_a_part_of_unknown_cost_leaves_that_of_the_call_unknown() -> None:
    broken = Try("small", 0, 1.0, "connection", ConnectionError(), came=True)
    fine = Try("large", 0, 1.0, usage=Usage(1, 1), cost=COST)
    decided = Decision(("small", "large"), None, "default")
    assert Outcome(decided, (broken, fine), "answered").cost is None
    assert Outcome(decided, (broken._replace(came=False), fine), "answered").cost == COST


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
@pytest.mark.parametrize(("script", "wanted"), [({"small": ["good"]}, 1), ({"small": ["poor"], "large": ["good"]}, 2)])
def test_the_record_has_what_the_check_of_its_own_answer_cost(way: str, script: Mapping[str, Any], wanted: int) -> None:
    stage = checked({"large": [], **script})
    written = ask(way, stage.llm).response_metadata["taskroute"]
    cost = stage.outcomes.last.cost
    assert cost is not None
    assert len(stage.outcomes.last.aside) == wanted
    assert (written["cost"], written["currency"], written["cost_source"]) == (float(cost.amount), "USD", "user")


def test_the_record_of_a_kept_answer_has_what_was_asked_for_after_it() -> None:
    stage = checked({"small": ["fair"], "large": ["poor", "poor"]}, third=["poor"])
    written = stage.llm.invoke("hi").response_metadata["taskroute"]
    outcome = stage.outcomes.last
    assert (written["model"], outcome.model) == ("small", "small")
    assert outcome.cost is not None
    assert (len(outcome.tries), written["cost"]) == (3, float(outcome.cost.amount))


def checked(script: Mapping[str, Any], third: Any = ()) -> Stage:
    """Return a routed model whose answers a check scores, at a cost."""

    def check(answer: AIMessage) -> Checked:
        return Checked({"good": 1.0, "fair": 0.4, "poor": 0.1}[str(answer.text)], Cost(Decimal("0.01"), "judge"))

    models = {name: {"price": {"input": price, "output": price}} for name, price in (("small", 1), ("large", 5), ("third", 6))}
    counted = {
        name: [message({**ABOUT, "token_usage": {}, "service_tier": None}, content=text) for text in said] for name, said in script.items()
    }
    third_said = [message({**ABOUT, "token_usage": {}, "service_tier": None}, content=text) for text in third]
    policy = {"fallback": {"on": ["low_confidence"], "min_score": 0.5}, "models": models}
    return Stage({**counted, "third": third_said}, check=check, **policy)
