"""The names that taskroute knows without being told: tasks and their groups, stages, complexities, urgencies."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TASK_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "code": ("code_generation", "code_editing", "debugging"),
        "reasoning": ("math", "data_analysis", "multi_step"),
        "writing": ("long_form", "creative"),
        "transform": ("summarization", "translation", "extraction", "classification"),
        "chat": ("question_answering", "conversation"),
    }
)
"""Group name to the tasks in it. A condition may name either."""

TASKS: Final[Mapping[str, str]] = MappingProxyType({task: group for group, tasks in TASK_GROUPS.items() for task in tasks})
"""Built-in task name to its group."""

STAGES: Final[tuple[str, ...]] = (
    "query_rewrite",
    "route_query",
    "retrieve",
    "filter",
    "compress",
    "rerank",
    "grade",
    "generate",
    "cite",
    "judge",
    "summarize",
    "extract",
    "plan",
    "agent",
)
"""Built-in stage names; `tool:<name>` and any other name are allowed too."""

COMPLEXITIES: Final[tuple[str, ...]] = ("low", "medium", "high")
URGENCIES: Final[tuple[str, ...]] = ("interactive", "batch")
NEEDS: Final[tuple[str, ...]] = ("tools", "vision", "json_schema", "audio", "video", "file")
"""Capabilities that a call may need of its model."""

MODALITIES: Final[tuple[str, ...]] = ("text", "image", "audio", "video", "file")

SENSITIVE_KINDS: Final[tuple[str, ...]] = ("email", "phone", "card", "iban", "national_id", "api_key")
"""Kinds of sensitive data with built-in patterns."""
