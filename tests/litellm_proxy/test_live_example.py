"""The example, started by its own script and driven by the clients of OpenAI and Anthropic."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from tests.emulator import Emulator, Say
from tests.litellm_proxy.running import MASTER_KEY, Proxy

ASKED: Any = [{"role": "user", "content": "What is a fjord?"}]
SMALL, LARGE = "gpt-4.1-mini", "claude-sonnet-4-5"


@pytest.fixture
def client(example: Proxy) -> Any:
    with openai.OpenAI(base_url=f"{example.url}/v1", api_key=MASTER_KEY, max_retries=0) as found:
        yield found


@pytest.fixture
def messages_client(example: Proxy) -> Any:
    with anthropic.Anthropic(base_url=example.url, api_key=MASTER_KEY, max_retries=0) as found:
        yield found


def models(emulator: Emulator) -> list[str]:
    return [request.body["model"] for request in emulator.requests]


def test_a_chat_goes_to_the_model_of_its_stage(client: openai.OpenAI, emulator: Emulator) -> None:
    answer = client.chat.completions.with_raw_response.create(model="auto", messages=ASKED, metadata={"stage": "generate"})

    assert answer.parse().choices[0].message.content
    assert models(emulator) == [LARGE]
    assert answer.headers["x-taskroute-model"] == "large"
    assert answer.headers["x-taskroute-route"] == "answers"
    assert answer.headers["x-taskroute-decision-id"]


def test_a_stage_may_be_said_in_a_header(client: openai.OpenAI, emulator: Emulator) -> None:
    client.chat.completions.create(model="auto", messages=ASKED, extra_headers={"x-taskroute-stage": "generate"})

    assert models(emulator) == [LARGE]


def test_a_stage_may_be_said_in_a_tag(client: openai.OpenAI, emulator: Emulator) -> None:
    client.chat.completions.create(model="auto", messages=ASKED, extra_body={"metadata": {"tags": ["stage:generate"]}})

    assert models(emulator) == [LARGE]


def test_a_chat_without_a_stage_goes_to_the_default(client: openai.OpenAI, emulator: Emulator) -> None:
    answer = client.chat.completions.with_raw_response.create(model="auto", messages=ASKED)

    assert models(emulator) == [SMALL]
    assert answer.headers["x-taskroute-route"] == "default"


def test_a_stream_goes_to_the_model_of_its_stage(client: openai.OpenAI, emulator: Emulator) -> None:
    emulator.on(LARGE, Say("A long inlet."))

    with client.chat.completions.with_streaming_response.create(
        model="auto", messages=ASKED, metadata={"stage": "generate"}, stream=True
    ) as answer:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer.parse() if chunk.choices)

    assert text == "A long inlet."
    assert answer.headers["x-taskroute-model"] == "large"


async def test_a_chat_of_the_async_client_is_routed_alike(example: Proxy, emulator: Emulator) -> None:
    async with openai.AsyncOpenAI(base_url=f"{example.url}/v1", api_key=MASTER_KEY, max_retries=0) as client:
        await client.chat.completions.create(model="auto", messages=ASKED, metadata={"stage": "generate"})

    assert models(emulator) == [LARGE]


def test_an_embedding_is_routed(client: openai.OpenAI, emulator: Emulator) -> None:
    answer = client.embeddings.with_raw_response.create(model="auto", input="fjord", extra_headers={"x-taskroute-stage": "rerank"})

    assert answer.parse().data[0].embedding
    assert models(emulator) == [SMALL]
    assert answer.headers["x-taskroute-route"] == "cheap-stages"


def test_a_response_is_routed(client: openai.OpenAI, emulator: Emulator) -> None:
    answer = client.responses.with_raw_response.create(model="auto", input="What is a fjord?", metadata={"stage": "rerank"})

    assert answer.parse().output_text
    assert models(emulator) == [SMALL]
    assert emulator.requests[0].body.get("metadata") == {"stage": "rerank"}
    assert answer.headers["x-taskroute-model"] == "small"


def test_a_message_is_routed(messages_client: anthropic.Anthropic, emulator: Emulator) -> None:
    answer = messages_client.messages.with_raw_response.create(
        model="auto", messages=ASKED, max_tokens=50, extra_headers={"x-taskroute-stage": "generate"}
    )

    assert answer.parse().content
    assert models(emulator) == [LARGE]
    assert "taskroute" not in str(emulator.requests[0].body)
    assert answer.headers["x-taskroute-model"] == "large"


def test_a_stream_of_messages_is_routed(messages_client: anthropic.Anthropic, emulator: Emulator) -> None:
    emulator.on(LARGE, Say("A long inlet."))

    with messages_client.messages.stream(
        model="auto", messages=ASKED, max_tokens=50, extra_headers={"x-taskroute-stage": "generate"}
    ) as stream:
        assert stream.get_final_text() == "A long inlet."

    assert models(emulator) == [LARGE]


def test_the_proxy_lists_the_virtual_name(client: openai.OpenAI) -> None:
    assert {"auto", "small", "large"} <= {model.id for model in client.models.list()}
