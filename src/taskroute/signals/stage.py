"""The stage of a call: which step of a pipeline it is. The first source that tells wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from taskroute.taxonomy import STAGES
from taskroute.types import UNKNOWN, Call, Signal

_SOURCES: Final[Mapping[str, str]] = {"summarization": "summarize"}
"""LangChain's `lc_source` of its own internal calls, where our name differs."""

_RETRIEVERS: Final[Mapping[str, str]] = {
    "multiquery": "query_rewrite",
    "rephrasequery": "query_rewrite",
    "contextualcompression": "compress",
}

_ANCESTORS: Final[Mapping[str, str]] = {
    "chat_retriever_chain": "query_rewrite",
    "retrieve_documents": "query_rewrite",
    "ConversationalRetrievalChain": "query_rewrite",
    "stuff_documents_chain": "generate",
    "StuffDocumentsChain": "generate",
    "MapReduceDocumentsChain": "generate",
    "RefineDocumentsChain": "generate",
    "MapRerankDocumentsChain": "rerank",
    "CriteriaEvalChain": "judge",
}

_RANKING: Final = "<ranking>"
"""In the run names of LangChain's listwise reranker, which a compression retriever may hold."""


def find_stage(call: Call, *, nodes: Mapping[str, str], ancestors: bool) -> Signal[str]:
    """Return the stage, and which source told it: `explicit`, `metadata`, `tag`, `header`, `lc_source`, `retriever`,
    `ancestor` or `node`.
    """
    told = Signal(call.stage, call.told_by, 1.0) if call.stage else None
    if told is not None and call.told_by == "explicit":
        return told
    stage = call.metadata.get("llm_stage")
    if isinstance(stage, str) and stage:
        return Signal(stage, "metadata", 1.0)
    tagged = tag_value(call.tags, "stage:")
    if tagged:
        return Signal(tagged, "tag", 1.0)
    return told or _detected(call, nodes, ancestors)


def tag_value(tags: tuple[str, ...], prefix: str) -> str | None:
    """Return what follows `prefix` in the last tag that has it: hosts put inner tags behind outer ones."""
    for tag in reversed(tags):
        if tag.startswith(prefix) and len(tag) > len(prefix):
            return tag[len(prefix) :]
    return None


def _detected(call: Call, nodes: Mapping[str, str], ancestors: bool) -> Signal[str]:
    metadata = call.metadata
    source = metadata.get("lc_source")
    if isinstance(source, str) and source:
        return Signal(_SOURCES.get(source, source), "lc_source", 1.0)
    retriever = metadata.get("ls_retriever_name")
    if isinstance(retriever, str) and retriever:
        if ancestors and any(_RANKING in name for name in call.ancestors):
            return Signal("rerank", "ancestor", 1.0)
        return Signal(_RETRIEVERS.get(retriever, "retrieve"), "retriever", 1.0)
    if ancestors:
        found = _from_ancestors(call.ancestors)
        if found:
            return Signal(found, "ancestor", 1.0)
    return _from_node(metadata, nodes)


def _from_ancestors(names: tuple[str, ...]) -> str | None:
    for name in names:
        stage = name if name.startswith("tool:") else _ANCESTORS.get(name)
        if stage:
            return stage
    return None


def _from_node(metadata: Mapping[str, object], nodes: Mapping[str, str]) -> Signal[str]:
    node = metadata.get("langgraph_node")
    if not isinstance(node, str):
        return UNKNOWN
    if node in nodes:
        return Signal(nodes[node], "node", 1.0)
    if metadata.get("ls_integration") == "langchain_create_agent" and node == "model":
        return Signal("agent", "node", 1.0)
    return Signal(node, "node", 1.0) if node in STAGES else UNKNOWN
