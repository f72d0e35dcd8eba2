"""Embeddings under both hosts: the vectors come through, and LiteLLM's usage is read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from taskroute.types import Usage
from tests.recording import bodies
from tests.wire.targets import HOSTS

MODEL = "text-embedding-3-small"
TEXTS = ["the first text", "a second one"]


def cells() -> list[Any]:
    return [pytest.param("openai", host, how, id=f"openai-{host}-{how}") for host in HOSTS for how in ("sync", "async")]


@pytest.mark.vcr
@pytest.mark.parametrize(("provider", "host", "how"), cells())
def test_embeddings_come_through(provider: str, host: str, how: str, vcr: Any, script: Any) -> None:
    vectors, used = (_langchain if host == "langchain" else _litellm)(is_async=how == "async")
    [body] = bodies(vcr)
    sent = json.loads(body)
    assert len(vectors) == len(sent["data"]) == len(TEXTS)
    assert all(len(vector) > 1 for vector in vectors)
    assert used in (None, sent["usage"]["prompt_tokens"])
    assert (used is None) == (host == "langchain"), "LangChain's embeddings say nothing of usage"


def _langchain(*, is_async: bool) -> tuple[list[list[float]], int | None]:
    from langchain_openai import OpenAIEmbeddings

    # Counting tokens would download a table.
    model = OpenAIEmbeddings(model=MODEL, check_embedding_ctx_length=False, max_retries=0)
    return (asyncio.run(model.aembed_documents(TEXTS)) if is_async else model.embed_documents(TEXTS)), None


def _litellm(*, is_async: bool) -> tuple[list[list[float]], int | None]:
    import litellm

    from taskroute_litellm.replies import reply_of

    request: dict[str, Any] = {"model": f"openai/{MODEL}", "input": TEXTS, "max_retries": 0}
    answer: Any = asyncio.run(litellm.aembedding(**request)) if is_async else litellm.embedding(**request)
    reply = reply_of(answer)
    assert reply.provider == "openai"
    assert reply.usage is not None
    assert reply.usage == Usage(input=reply.usage.input)
    return [row["embedding"] for row in answer.data], reply.usage.input
