"""What decides a price beside the tokens, through the real clients: the class of service, and the cost that a provider reports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import pytest
from langchain_openai import ChatOpenAI

from taskroute import Router
from taskroute.types import Reply, Usage
from taskroute_langchain import RoutedChatModel
from tests.langchain.ways import STREAMS, Outcomes, ask
from tests.wire import made_up, test_reference_langchain, test_reference_litellm
from tests.wire.reference import Case, loopback
from tests.wire.test_reference_langchain import PLAIN

pytestmark = test_reference_litellm.pytestmark

TICKS: Final = {**made_up.COUNTS, "cost_in_usd_ticks": 37756000}
OWN_KEY: Final = {**made_up.COUNTS, "cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0003253}}
PARTS: Final = {**made_up.COUNTS, "cost": {"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}}
CHARGED: Final = {**made_up.COUNTS, "cost": 0.00435825, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}
USAGES: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "OpenRouter's": (CHARGED, "0.00435825"),
    "OpenRouter's, on the caller's own key": (OWN_KEY, "0.0003253"),
    "Perplexity's": (PARTS, "0.006"),
    "xAI's": (TICKS, "0.0037756"),
}
NO_AMOUNTS: Final = [True, "0.1", -1, [0.1], {"total_cost": "0.1"}]
WRITTEN: Final = {
    "input_tokens": 5,
    "cache_read_input_tokens": 0,
    "cache_creation_input_tokens": 30,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "output_tokens": 2,
    "service_tier": "priority",
}
AT_THE_END: Final = {"input_tokens": 5, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 30, "output_tokens": 2}
HEARD: Final = {
    **made_up.COUNTS,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 1},
}


def gateways(cost: str) -> Case:
    """Return an answer of a gateway of LiteLLM's."""
    case = made_up.chat()
    return case._replace(headers={**case.headers, "x-litellm-response-cost": cost})


# LangChain


@pytest.fixture(scope="module")
def langchain() -> Iterator[test_reference_langchain.Reader]:
    with loopback() as here:
        yield test_reference_langchain.Reader(here)


def replies(langchain: test_reference_langchain.Reader, case: Case) -> list[Reply]:
    """Return what is read of an answer in each way to ask for it."""
    return [langchain.read(case, way)[0] for way in (STREAMS if case.streamed else PLAIN)]


@pytest.mark.parametrize("tier", ["default", "flex", "priority", "scale"])
def test_langchain_says_which_service_answered(tier: str, langchain: test_reference_langchain.Reader) -> None:
    for case in (
        made_up.chat(service_tier=tier),
        made_up.chat_stream(made_up.COUNTS, service_tier=tier),
        made_up.whole("openai-responses", made_up.response(service_tier=tier)),
        made_up.response_stream(service_tier=tier),
    ):
        assert {reply.service_tier for reply in replies(langchain, case)} == {tier}


def test_langchain_without_a_word_of_a_service_knows_none(langchain: test_reference_langchain.Reader) -> None:
    for case in (made_up.chat(), made_up.chat_stream(made_up.COUNTS), made_up.chat(service_tier=None), made_up.chat(service_tier="auto")):
        assert {reply.service_tier for reply in replies(langchain, case)} == {None}


@pytest.mark.parametrize("which", USAGES)
def test_langchain_passes_on_the_cost_of_a_whole_answer_and_loses_that_of_a_stream(
    which: str, langchain: test_reference_langchain.Reader
) -> None:
    usage, cost = USAGES[which]
    for reply in replies(langchain, made_up.chat(usage=usage)):
        assert reply.reported is not None
        assert (reply.reported.amount, reply.reported.source, reply.reported.currency) == (Decimal(cost), "provider", "USD")
    assert [reply.reported for reply in replies(langchain, made_up.chat_stream(usage))] == [None] * len(STREAMS)


def test_langchain_loses_the_cost_of_a_response(langchain: test_reference_langchain.Reader) -> None:
    for case in (
        made_up.whole("openai-responses", made_up.response(charged={"cost": 0.5})),
        made_up.response_stream(charged={"cost": 0.5}),
    ):
        assert {reply.reported for reply in replies(langchain, case)} == {None}


@pytest.mark.parametrize("cost", NO_AMOUNTS, ids=repr)
def test_langchain_takes_no_amount_for_a_cost(cost: Any, langchain: test_reference_langchain.Reader) -> None:
    for reply in replies(langchain, made_up.chat(usage={**made_up.COUNTS, "cost": cost})):
        assert (reply.reported, reply.usage) == (None, Usage(5, 2))


def test_langchain_reads_a_cache_of_an_hour_of_a_whole_message_and_loses_it_in_a_stream(langchain: test_reference_langchain.Reader) -> None:
    known = Usage(35, 2, 0, 30, cache_write_1h=20)
    for reply in replies(langchain, made_up.message(WRITTEN)):
        assert (reply.usage, reply.service_tier) == (known, "priority")
    for reply in replies(langchain, made_up.message_stream(WRITTEN, AT_THE_END)):
        assert (reply.usage, reply.service_tier) == (known._replace(cache_write_1h=None), None)
    for reply in replies(langchain, made_up.message_stream(WRITTEN, WRITTEN)):
        assert reply.usage == known


def test_langchain_counts_audio(langchain: test_reference_langchain.Reader) -> None:
    for case in (made_up.chat(usage=HEARD), made_up.chat_stream(HEARD)):
        for reply in replies(langchain, case):
            assert reply.usage == Usage(5, 2, 0, None, 0, input_audio=3, output_audio=1)


@pytest.mark.parametrize(("sent", "cost"), [("0.00123", Decimal("0.00123")), ("0.0", None), ("None", None)])
@pytest.mark.parametrize("way", PLAIN)
def test_langchain_reads_the_cost_that_a_gateway_puts_into_a_header_where_it_keeps_headers(way: str, sent: str, cost: Any) -> None:
    with loopback() as here:
        client = ChatOpenAI(model="m", api_key="none", base_url=here.url, max_retries=0, include_response_headers=True)  # type: ignore[arg-type]
        outcomes = Outcomes()
        llm = RoutedChatModel(router=Router({"models": {"m": {}}, "default": "m"}, environ={}, observers=[outcomes]), models={"m": client})
        here.now(gateways(sent))
        ask(way, llm)
    reply = outcomes.last.reply
    assert reply is not None
    assert (None if reply.reported is None else reply.reported.amount) == cost


PRICES: Final[Mapping[str, Any]] = {"free": {}, "priced": {"price": {"input": 1, "output": 2}}}


@pytest.mark.parametrize(("price", "cost", "source"), [("free", 0.00435825, "provider"), ("priced", 9e-6, "user")])
@pytest.mark.parametrize("way", PLAIN)
def test_langchain_pays_what_the_provider_says_unless_the_user_has_a_price(way: str, price: str, cost: float, source: str) -> None:
    with loopback() as here:
        client = ChatOpenAI(model="m", api_key="none", base_url=here.url, max_retries=0)  # type: ignore[arg-type]
        policy = {"models": {"m": PRICES[price]}, "default": "m"}
        llm = RoutedChatModel(router=Router(policy, environ={}), models={"m": client})
        here.now(made_up.chat(usage=CHARGED))
        record = ask(way, llm).response_metadata["taskroute"]
    assert (record["cost"], record["cost_source"]) == (pytest.approx(cost), source)


# LiteLLM


@pytest.fixture(scope="module")
def litellm() -> Iterator[test_reference_litellm.Reader]:
    with loopback() as here, asyncio.Runner() as runner:
        yield test_reference_litellm.Reader(here, runner)


HOSTS: Final[Mapping[str, str]] = {"OpenRouter's": "openrouter/m", "Perplexity's": "perplexity/m", "xAI's": "xai/m"}


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
@pytest.mark.parametrize("which", USAGES)
def test_litellm_passes_on_the_cost_of_an_answer_and_of_a_stream(which: str, way: str, litellm: test_reference_litellm.Reader) -> None:
    usage, cost = USAGES[which]
    models = {"openai/gpt-4o-mini", HOSTS.get(which.partition(",")[0], "openai/m")}
    for case in (made_up.chat(usage=usage), made_up.chat_stream(usage)):
        for model in models:
            reply = litellm.ask(case, way, model=model).reply
            assert reply.reported is not None, model
            assert (reply.reported.amount, reply.reported.source) == (Decimal(cost), "provider"), model
            assert (reply.usage or Usage())[:2] == (5, 2)


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
def test_what_litellm_worked_out_itself_is_no_cost_that_was_reported(way: str, litellm: test_reference_litellm.Reader) -> None:
    for case in (made_up.chat(), made_up.chat_stream(made_up.COUNTS), made_up.response_stream()):
        # LiteLLM has a price for this model, and writes what it makes of it into the usage of a stream.
        model = "openai/gpt-4.1-nano" if case.wire == "openai-responses" else "openai/gpt-4o-mini"
        read = litellm.ask(case, way, model=model)
        assert (read.reply.reported, read.apart.reported) == (None, None)


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
@pytest.mark.parametrize("cost", NO_AMOUNTS[:1] + NO_AMOUNTS[2:3], ids=repr)
def test_litellm_takes_no_amount_for_a_cost(cost: Any, way: str, litellm: test_reference_litellm.Reader) -> None:
    for case in (made_up.chat(usage={**made_up.COUNTS, "cost": cost}), made_up.chat_stream({**made_up.COUNTS, "cost": cost})):
        assert litellm.ask(case, way).reply.reported is None


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
@pytest.mark.parametrize(("sent", "cost"), [("0.00123", Decimal("0.00123")), ("0.0", None), ("None", None)])
def test_litellm_reads_the_cost_that_a_gateway_puts_into_a_header(
    sent: str, cost: Decimal | None, way: str, litellm: test_reference_litellm.Reader
) -> None:
    reply = litellm.ask(gateways(sent), way).reply
    assert (None if reply.reported is None else reply.reported.amount) == cost


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
@pytest.mark.parametrize("tier", ["default", "flex", "priority"])
def test_litellm_says_which_service_answered(tier: str, way: str, litellm: test_reference_litellm.Reader) -> None:
    for case in (
        made_up.chat(service_tier=tier),
        made_up.chat_stream(made_up.COUNTS, service_tier=tier),
        made_up.whole("openai-responses", made_up.response(service_tier=tier)),
        made_up.response_stream(service_tier=tier),
    ):
        read = litellm.ask(case, way)
        assert (read.reply.service_tier, read.apart.service_tier) == (tier, tier)


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
@pytest.mark.parametrize(
    ("traffic", "tier"), [("ON_DEMAND", "standard"), ("ON_DEMAND_PRIORITY", "priority"), ("ON_DEMAND_FLEX", "flex"), ("NEW", "new")]
)
def test_litellm_says_which_traffic_of_googles_answered(traffic: str, tier: str, way: str, litellm: test_reference_litellm.Reader) -> None:
    body = made_up.content(usage={**made_up.GOOGLE_COUNTS, "trafficType": traffic})
    for case in (made_up.whole("gemini", body), made_up.stream("gemini", body)):
        assert litellm.ask(case, way).reply.service_tier == tier


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
def test_litellm_says_which_service_of_googles_answered_where_a_header_does(way: str, litellm: test_reference_litellm.Reader) -> None:
    for case in (made_up.whole("gemini", made_up.content()), made_up.stream("gemini", made_up.content())):
        sent = case._replace(headers={**case.headers, "x-gemini-service-tier": "priority"})
        assert litellm.ask(sent, way).reply.service_tier == "priority"


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
def test_litellm_reads_a_cache_of_an_hour_of_either_shape_of_stream(way: str, litellm: test_reference_litellm.Reader) -> None:
    for case in (
        made_up.message(WRITTEN),
        made_up.message_stream(WRITTEN, AT_THE_END),
        made_up.message_stream(WRITTEN, {"output_tokens": 2}),
    ):
        read = litellm.ask(case, way)
        assert (read.reply.usage, read.reply.service_tier) == (Usage(35, 2, 0, 30, cache_write_1h=20), "priority")
        assert read.apart.usage == read.reply.usage


@pytest.mark.parametrize("way", test_reference_litellm.WAYS)
def test_litellm_counts_audio(way: str, litellm: test_reference_litellm.Reader) -> None:
    parts = [{"modality": "AUDIO", "tokenCount": 3}, {"modality": "TEXT", "tokenCount": 2}]
    heard = made_up.content(usage={**made_up.GOOGLE_COUNTS, "promptTokensDetails": parts})
    for case in (made_up.chat(usage=HEARD), made_up.chat_stream(HEARD), made_up.whole("gemini", heard), made_up.stream("gemini", heard)):
        usage = litellm.ask(case, way).reply.usage
        assert usage is not None
        assert (usage.input_audio, usage.output_audio) == (3, case.said().usage.output_audio)


# The yardstick


def test_the_yardstick_knows_a_tier_and_a_cost_to_the_last_digit() -> None:
    for usage, cost in USAGES.values():
        for case in (made_up.chat(usage=usage, service_tier="flex"), made_up.chat_stream(usage, service_tier="flex")):
            assert (case.said().tier, case.said().cost) == ("flex", Decimal(cost))
    assert made_up.message_stream(WRITTEN, {"output_tokens": 2}).said().tier == "priority"
    assert made_up.response_stream(charged={"cost": 0.1}).said().cost == Decimal("0.1")
    assert made_up.chat(service_tier="auto").said().tier is None
