"""What further conventions add to a span: each block whole, or not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.policy.telling import Convention
from taskroute.telemetry import attributes as names
from taskroute.telemetry.compat import added
from taskroute.types import NOTHING, Cost, CostParts

ALL: tuple[Convention, ...] = get_args(Convention)
COST = Cost(
    Decimal("0.0042"),
    "user",
    parts=CostParts(
        input=Decimal("0.003"),
        output=Decimal("0.0011"),
        cache_read=Decimal("0.0005"),
        cache_write=Decimal("0.001"),
        reasoning=Decimal("0.0003"),
        request=Decimal("0.0001"),
    ),
)
ANSWERED: dict[str, Any] = {
    names.OPERATION_NAME: "chat",
    names.PROVIDER_NAME: "anthropic",
    names.REQUEST_MODEL: "claude-haiku-4-5",
    names.REQUEST_TEMPERATURE: 0.5,
    names.REQUEST_STOP_SEQUENCES: ("END",),
    names.RESPONSE_MODEL: "claude-haiku-4-5-20251001",
    names.CONVERSATION_ID: "c-1",
    names.USAGE_INPUT_TOKENS: 1000,
    names.USAGE_OUTPUT_TOKENS: 200,
    names.USAGE_CACHE_READ_INPUT_TOKENS: 600,
    names.USAGE_CACHE_WRITE_INPUT_TOKENS: 100,
    names.USAGE_REASONING_OUTPUT_TOKENS: 50,
}
CONVERSATION: dict[str, Any] = {
    names.SYSTEM_INSTRUCTIONS: [{"type": "text", "content": "Be kind."}],
    names.INPUT_MESSAGES: [
        {"role": "user", "parts": [{"type": "text", "content": "Weather in Rome?"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Rome"}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "t1", "response": "sunny"}]},
    ],
    names.OUTPUT_MESSAGES: [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny."}], "finish_reason": "stop"}],
    names.TOOL_DEFINITIONS: [{"type": "function", "name": "weather", "parameters": {"type": "object"}}],
}


def on_span(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(each, ensure_ascii=False, separators=(",", ":")) for name, each in said.items()}


def inference(
    convention: Convention, attributes: Mapping[str, Any] = ANSWERED, cost: Cost | None = COST, said: Mapping[str, Any] = NOTHING
) -> dict[str, Any]:
    return dict(added([convention], span="inference", attributes={**attributes, **on_span(said)}, cost=cost, said=said))


def test_the_proposed_convention_has_amount_currency_and_source() -> None:
    assert inference("otel-443") == {
        "gen_ai.usage.cost.amount": 0.0042,
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "local",
    }
    assert inference("otel-443", cost=Cost(Decimal(1), "provider", "EUR"))["gen_ai.usage.cost.source"] == "provider"


def test_mlflow_gets_both_sides_and_the_total() -> None:
    assert json.loads(inference("mlflow")["mlflow.llm.cost"]) == {"input_cost": 0.003, "output_cost": 0.0011, "total_cost": 0.0042}
    assert json.loads(inference("mlflow", cost=Cost(Decimal("0.5"), "provider"))["mlflow.llm.cost"]) == {"total_cost": 0.5}


def test_conventions_of_one_number_have_dollars_alone() -> None:
    assert inference("logfire") == {"operation.cost": 0.0042}
    assert inference("openlit") == {"gen_ai.usage.cost": 0.0042, "gen_ai.usage.total_tokens": 1200}
    euros = COST._replace(currency="EUR")
    assert inference("logfire", cost=euros) == {}
    assert inference("openlit", cost=euros) == {"gen_ai.usage.total_tokens": 1200}
    assert inference("mlflow", cost=euros) == {}
    assert "langfuse.observation.cost_details" not in inference("langfuse", cost=euros)
    assert not [name for name in inference("openinference", cost=euros) if "cost" in name]


def test_langfuse_counts_each_token_and_each_cent_once() -> None:
    found = inference("langfuse")
    usage = json.loads(found["langfuse.observation.usage_details"])
    assert usage == {
        "input_cache_read": 600,
        "input_cache_creation": 100,
        "input": 300,
        "output_reasoning": 50,
        "output": 150,
        "total": 1200,
    }
    costs = json.loads(found["langfuse.observation.cost_details"])
    assert costs.pop("total") == 0.0042
    assert sum(Decimal(str(amount)) for amount in costs.values()) == Decimal("0.0042")
    assert found["langfuse.observation.type"] == "generation"
    assert found["langfuse.observation.model.name"] == "claude-haiku-4-5-20251001"
    assert json.loads(found["langfuse.observation.model.parameters"]) == {"temperature": 0.5, "stop_sequences": ["END"]}
    assert found["langfuse.session.id"] == "c-1"


def test_langfuse_is_told_that_no_tokens_are_known() -> None:
    """Without usage details it would take every number below `gen_ai.usage.` for tokens."""
    found = inference("langfuse", {names.OPERATION_NAME: "chat"}, None)
    assert found == {"langfuse.observation.type": "generation", "langfuse.observation.usage_details": "{}"}


def test_openinference_says_all_that_is_known() -> None:
    assert inference("openinference") == {
        "openinference.span.kind": "LLM",
        "session.id": "c-1",
        "llm.model_name": "claude-haiku-4-5-20251001",
        "llm.system": "anthropic",
        "llm.provider": "anthropic",
        "llm.invocation_parameters": '{"temperature":0.5,"stop_sequences":["END"]}',
        "llm.token_count.prompt": 1000,
        "llm.token_count.completion": 200,
        "llm.token_count.total": 1200,
        "llm.token_count.prompt_details.cache_read": 600,
        "llm.token_count.prompt_details.cache_write": 100,
        "llm.token_count.completion_details.reasoning": 50,
        "llm.cost.total": 0.0042,
        "llm.cost.prompt": 0.003,
        "llm.cost.completion": 0.0011,
        "llm.cost.prompt_details.input": 0.0015,
        "llm.cost.prompt_details.cache_read": 0.0005,
        "llm.cost.prompt_details.cache_write": 0.001,
        "llm.cost.completion_details.output": 0.0008,
        "llm.cost.completion_details.reasoning": 0.0003,
    }


def test_openinference_has_system_and_seller_of_a_cloud() -> None:
    found = inference("openinference", {**ANSWERED, names.PROVIDER_NAME: "azure.ai.openai"})
    assert (found["llm.system"], found["llm.provider"]) == ("openai", "azure")


def test_openinference_flattens_messages_where_they_are_written() -> None:
    found = inference("openinference", said=CONVERSATION)
    assert found["llm.input_messages.0.message.role"] == "system"
    assert found["llm.input_messages.0.message.content"] == "Be kind."
    assert found["llm.input_messages.1.message.content"] == "Weather in Rome?"
    call = "llm.input_messages.2.message.tool_calls.0.tool_call"
    assert (found[f"{call}.id"], found[f"{call}.function.name"], found[f"{call}.function.arguments"]) == (
        "t1",
        "weather",
        '{"city":"Rome"}',
    )
    assert found["llm.input_messages.3.message.tool_call_id"] == "t1"
    assert found["llm.input_messages.3.message.content"] == "sunny"
    assert found["llm.output_messages.0.message.content"] == "Sunny."
    assert json.loads(found["llm.tools.0.tool.json_schema"]) == {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object"}},
    }
    assert found["input.mime_type"] == found["output.mime_type"] == "application/json"


def test_openinference_shows_media_by_their_address_alone() -> None:
    parts = [
        {"type": "text", "content": "What is this?"},
        {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
        {"type": "blob", "modality": "audio", "content": "AAAA"},
        {"type": "reasoning", "content": "hm"},
    ]
    found = inference("openinference", said={names.INPUT_MESSAGES: [{"role": "user", "parts": parts}]})
    at = "llm.input_messages.0.message.contents"
    assert found[f"{at}.0.message_content.text"] == "What is this?"
    assert found[f"{at}.1.message_content.image.image.url"] == "https://example.com/a.png"
    assert (found[f"{at}.2.message_content.type"], found[f"{at}.3.message_content.text"]) == ("audio", "hm")
    assert not [name for name in found if name.startswith(f"{at}.2.") and not name.endswith(".type")]


def test_openinference_knows_embeddings() -> None:
    asked = [{"role": "user", "parts": [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}]}]
    attributes = {
        names.OPERATION_NAME: "embeddings",
        names.REQUEST_MODEL: "text-embedding-3-small",
        names.EMBEDDINGS_DIMENSION_COUNT: 256,
        names.USAGE_INPUT_TOKENS: 2,
    }
    assert inference("openinference", attributes, None, {names.INPUT_MESSAGES: asked}) == {
        "openinference.span.kind": "EMBEDDING",
        "embedding.model_name": "text-embedding-3-small",
        "embedding.invocation_parameters": '{"dimensions":256}',
        "embedding.embeddings.0.embedding.text": "a",
        "embedding.embeddings.1.embedding.text": "b",
        "input.value": '["a","b"]',
        "input.mime_type": "application/json",
        "llm.token_count.prompt": 2,
        "llm.token_count.total": 2,
    }


def spoken(kind: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "parts": [{"type": kind, "content": "a", "name": "f", "id": "1", "arguments": {}, **more}]}


parts = st.sampled_from(["text", "tool_call", "tool_call_response", "image"])


@given(
    operation=st.sampled_from(["chat", "embeddings"]),
    asked=st.lists(parts, max_size=150),
    answered=st.lists(parts, max_size=5),
    tools=st.integers(0, 150),
    others=st.integers(0, 128),
)
def test_a_span_never_has_more_attributes_than_an_sdk_keeps(
    operation: str, asked: list[str], answered: list[str], tools: int, others: int
) -> None:
    """It would drop those that came first, of the model and the tokens."""
    messages = {
        names.INPUT_MESSAGES: [spoken(kind) for kind in asked],
        names.OUTPUT_MESSAGES: [spoken(kind) for kind in answered],
        names.TOOL_DEFINITIONS: [{"type": "function", "name": f"f{number}"} for number in range(tools)],
    }
    said = {name: each for name, each in messages.items() if each}
    silent = {**ANSWERED, names.OPERATION_NAME: operation, **{f"x{number}": 1 for number in range(others)}}
    attributes = {**silent, **on_span(said)}
    without = added(ALL, span="inference", attributes={**silent, **{f"y{number}": 1 for number in range(len(said))}}, cost=COST)
    found = added(ALL, span="inference", attributes=attributes, cost=COST, said=said)
    assert without.keys() <= found.keys()
    whole = {
        "input.value",
        "input.mime_type",
        "output.value",
        "output.mime_type",
        *("langfuse.observation.input", "langfuse.observation.output"),
    }
    assert len({*attributes, *found}) <= max(128, len({*attributes, *without, *whole}))


def test_of_a_long_conversation_the_instructions_and_the_latest_messages_have_attributes_of_their_own() -> None:
    turns = [{"role": "user", "parts": [{"type": "text", "content": f"turn {number}"}]} for number in range(100)]
    found = inference("openinference", said={**CONVERSATION, names.INPUT_MESSAGES: turns})
    contents = [value for name, value in found.items() if name.startswith("llm.input_messages.") and name.endswith(".content")]
    places = [name for name in found if name.startswith("llm.input_messages.") and name.endswith(".content")]
    assert (contents[0], contents[-1]) == ("Be kind.", "turn 99")
    assert places == [f"llm.input_messages.{place}.message.content" for place in range(len(places))]
    assert 30 < len(places) < 100
    assert found["llm.output_messages.0.message.content"] == "Sunny."
    assert "llm.tools.0.tool.json_schema" in found
    assert len(json.loads(found["input.value"])) == 101


@pytest.mark.parametrize(
    ("convention", "asked", "answered"),
    [
        ("openinference", "input.value", "output.value"),
        ("langfuse", "langfuse.observation.input", "langfuse.observation.output"),
    ],
)
@pytest.mark.parametrize("silent", [(), (names.SYSTEM_INSTRUCTIONS,), (names.INPUT_MESSAGES,), tuple(CONVERSATION)])
def test_instructions_and_messages_are_one_list(convention: Convention, asked: str, answered: str, silent: tuple[str, ...]) -> None:
    said = {name: each for name, each in CONVERSATION.items() if name not in silent}
    found = inference(convention, said=said)
    instructions = [{"role": "system", "parts": said[names.SYSTEM_INSTRUCTIONS]}] if names.SYSTEM_INSTRUCTIONS in said else []
    whole = [*instructions, *said.get(names.INPUT_MESSAGES, [])]
    assert (json.loads(found[asked]) if asked in found else []) == whole
    assert (json.loads(found[answered]) if answered in found else []) == said.get(names.OUTPUT_MESSAGES, [])


def test_the_span_of_a_call_is_a_chain_with_its_question_and_answer() -> None:
    attributes = {names.CONVERSATION_ID: "c-1", names.COST_TOTAL: 0.0042}
    found = added(ALL, span="route", attributes=attributes, said=CONVERSATION)
    assert found == {
        "openinference.span.kind": "CHAIN",
        "session.id": "c-1",
        "input.value": "Weather in Rome?",
        "input.mime_type": "text/plain",
        "output.value": "Sunny.",
        "output.mime_type": "text/plain",
        "langfuse.observation.type": "chain",
        "langfuse.session.id": "c-1",
        "langfuse.observation.input": "Weather in Rome?",
        "langfuse.observation.output": "Sunny.",
    }


@pytest.mark.parametrize("span", ["route", "inference"])
def test_tokens_and_costs_stand_on_the_inference_alone(span: Any) -> None:
    found = added(ALL, span=span, attributes=ANSWERED, cost=COST)
    counted = [name for name in found if any(word in name for word in ("token", "usage", "cost"))]
    assert bool(counted) == (span == "inference")


counts = st.none() | st.integers(0, 10_000)


@given(read=counts, write=counts, thought=counts, asked=counts, answered=counts)
def test_the_kinds_of_tokens_add_up_whatever_is_known(
    read: int | None, write: int | None, thought: int | None, asked: int | None, answered: int | None
) -> None:
    known = {
        names.USAGE_INPUT_TOKENS: asked,
        names.USAGE_OUTPUT_TOKENS: answered,
        names.USAGE_CACHE_READ_INPUT_TOKENS: read,
        names.USAGE_CACHE_WRITE_INPUT_TOKENS: write,
        names.USAGE_REASONING_OUTPUT_TOKENS: thought,
    }
    attributes = {name: count for name, count in known.items() if count is not None}
    usage = json.loads(inference("langfuse", attributes, None)["langfuse.observation.usage_details"])
    total = usage.pop("total", None)
    assert sum(usage.values()) == (asked or 0) + (answered or 0)
    assert total == (None if asked is None or answered is None else asked + answered)
    assert all(count >= 0 for count in usage.values())


def test_content_is_in_no_block_unless_it_is_written() -> None:
    found = added(ALL, span="inference", attributes=ANSWERED, cost=COST)
    assert not [
        name
        for name in found
        if "input.value" in name
        or "messages" in name
        or (name.endswith((".input", ".output")) and "cost" not in name and "details" not in name)
    ]
