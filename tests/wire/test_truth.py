"""The yardstick itself: what is in the raw bytes of an answer, by the rules that the providers document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import pytest

from taskroute.types import Usage
from tests.wire import made_up
from tests.wire.reference import present
from tests.wire.truth import Said, events, meaning, said


def usage_of(wire: str, body: Mapping[str, Any]) -> Usage:
    return said(wire, json.dumps(body), streamed=False).usage


# Chat completions


def test_a_chat_completion_says_everything() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
    message = {"content": "hey", "tool_calls": [call]}
    usage = {
        **made_up.COUNTS,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 1},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    body = {"model": "gpt-x", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": usage}
    expected = Said("hey", Usage(5, 2, 3, 1, 0), "tool_calls", "gpt-x", (("look", {"at": 1}),))
    assert said("openai-chat", json.dumps(body), streamed=False) == expected


def test_what_a_chat_completion_does_not_say_is_unknown() -> None:
    assert said("openai-chat", '{"choices": []}', streamed=False) == Said("", Usage(), None, None, ())


def test_a_count_that_is_0_is_known() -> None:
    counts = {"prompt_tokens": 5, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}}
    assert usage_of("openai-chat", {"usage": counts}) == Usage(input=5, output=0, cache_read=0)


def test_an_answer_that_is_shorter_than_its_total_has_unknown_tokens() -> None:
    counts = {"prompt_tokens": 66, "completion_tokens": 6, "total_tokens": 100}
    assert usage_of("openai-chat", {"usage": counts}) == Usage(input=66)


def test_what_was_cached_is_input_also_where_a_host_counts_it_beside_the_prompt() -> None:
    counts = {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 100}, "total_tokens": 107}
    assert usage_of("openai-chat", {"usage": counts}) == Usage(105, 2, 100)
    assert usage_of("openai-chat", {"usage": {**counts, "total_tokens": 108}}) == Usage(5, None, 100)


@pytest.mark.parametrize(
    "counts", [{"num_cached_tokens": 3}, {"prompt_cache_hit_tokens": 3}, {"prompt_tokens_details": {"cached_tokens": 3}}]
)
def test_each_word_for_what_came_from_the_cache_is_known(counts: dict[str, Any]) -> None:
    assert usage_of("mistral", {"usage": {**made_up.COUNTS, **counts}}).cache_read == 3


def test_what_mistral_thinks_is_no_text() -> None:
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hey"}]
    assert said("mistral", json.dumps({"choices": [{"message": {"content": content}}]}), streamed=False).text == "hey"


@pytest.mark.parametrize(("given", "expected"), [(None, {}), ("", {}), ("{}", {}), ("[1]", [1]), ("{broken", "{broken")])
def test_arguments_are_parsed_where_they_can_be(given: str | None, expected: Any) -> None:
    function = {"name": "look"} if given is None else {"name": "look", "arguments": given}
    body = {"choices": [{"message": {"tool_calls": [{"function": function}]}}]}
    assert said("openai-chat", json.dumps(body), streamed=False).tool_calls == (("look", expected),)


def test_the_parts_of_a_chat_stream_are_joined() -> None:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"model": "gpt-x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    def part(index: int, name: str | None, text: str) -> dict[str, Any]:
        return chunk({"tool_calls": [{"index": index, "function": {"name": name, "arguments": text}}]})

    case = made_up.stream(
        "openai-chat",
        chunk({"content": "he"}),
        chunk({"content": "y"}),
        part(0, "look", ""),
        part(0, "look", '{"at"'),
        part(1, "go", "{}"),
        part(0, None, ": 1}"),
        chunk({}, "tool_calls"),
        {"choices": [], "usage": made_up.COUNTS},
        "[DONE]",
    )
    assert case.said() == Said("hey", Usage(5, 2), "tool_calls", "gpt-x", (("look", {"at": 1}), ("go", {})))


def test_events_may_have_comments_windows_line_ends_and_separators_of_unicode_in_their_text() -> None:
    body = ': comment\r\n\r\ndata: {"a": "x\u2028y"}\r\n\r\nevent: ping\r\ndata: {"b":\r\ndata: 1}\r\n\r\ndata: [DONE]\r\n\r\n'
    assert [*events(body)] == [{"a": "x\u2028y"}, {"b": 1}]


# Responses


def test_a_response_says_everything_and_what_the_provider_runs_itself_is_no_call() -> None:
    output = [
        {"type": "reasoning", "summary": []},
        {"type": "web_search_call", "id": "w"},
        {"type": "message", "content": [{"type": "output_text", "text": "hey"}, {"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "name": "look", "arguments": '{"at": 1}'},
        {"type": "custom_tool_call", "name": "run", "input": "ls"},
    ]
    usage = {
        "input_tokens": 5,
        "output_tokens": 2,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 1},
    }
    body = {"model": "gpt-x", "status": "completed", "incomplete_details": None, "output": output, "usage": usage}
    calls = (("look", {"at": 1}), ("run", "ls"))
    expected = Said("hey", Usage(5, 2, 0, None, 1), "completed", "gpt-x", calls)
    assert said("openai-responses", json.dumps(body), streamed=False) == expected
    case = made_up.stream(
        "openai-responses", {"type": "response.created", "response": {}}, {"type": "response.completed", "response": body}
    )
    assert case.said() == expected


def test_an_incomplete_response_says_why() -> None:
    body = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}
    assert said("openai-responses", json.dumps(body), streamed=False).finish == "max_output_tokens"


# Anthropic


def test_the_input_of_a_message_is_what_was_new_and_what_was_cached() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 200, "output_tokens": 2}
    assert usage_of("anthropic", {"usage": usage}) == Usage(235, 2, 30, 200)


def test_without_the_count_of_what_was_new_the_input_is_unknown() -> None:
    assert usage_of("anthropic", {"usage": {"cache_read_input_tokens": 30, "output_tokens": 2}}) == Usage(None, 2, 30)


def test_the_summary_of_a_conversation_is_paid_for_and_an_adviser_is_another_model() -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 180, "output_tokens": 35},
        {"type": "message", "input_tokens": 10, "output_tokens": 3},
        {"type": "advisor_message", "input_tokens": 900, "output_tokens": 90},
    ]
    assert usage_of("anthropic", {"usage": {"input_tokens": 10, "output_tokens": 3, "iterations": iterations}}) == Usage(190, 38)


def test_a_sum_of_which_a_part_is_missing_is_unknown() -> None:
    summary = {"type": "compaction", "input_tokens": 180, "output_tokens": 35, "cache_read_input_tokens": 4}
    assert usage_of("anthropic", {"usage": {"output_tokens": 3, "iterations": [summary]}}) == Usage(None, 38)
    assert usage_of("anthropic", {"usage": {"input_tokens": 10, "iterations": [summary]}}) == Usage(194, None)


def test_the_counts_at_both_ends_of_a_message_stream_are_joined() -> None:
    early = {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 30}
    assert made_up.message_stream(early, {"output_tokens": 2}).said().usage == Usage(35, 2, 30)
    late = {"input_tokens": 7, "output_tokens": 2, "cache_read_input_tokens": None}
    assert made_up.message_stream(early, late).said() == Said("hey", Usage(37, 2, 30), "end_turn", "claude-x", ())
    assert made_up.message_stream(early, None).said().usage == Usage(35, None, 30)


def test_a_message_stream_has_the_calls_that_the_caller_must_run() -> None:
    def block(index: int, kind: str, name: str, *parts: str) -> list[dict[str, Any]]:
        start = {"type": "content_block_start", "index": index, "content_block": {"type": kind, "name": name, "input": {}}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
        return [start, *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)]

    first = {"type": "message_start", "message": {"model": "claude-x", "usage": {}}}
    case = made_up.stream(
        "anthropic",
        first,
        *block(0, "server_tool_use", "search", "{}"),
        *block(1, "tool_use", "look", '{"at"', ": 1}"),
        *block(2, "tool_use", "go"),
    )
    assert case.said().tool_calls == (("look", {"at": 1}), ("go", {}))


# Gemini


def test_the_counts_of_gemini_lie_beside_each_other() -> None:
    usage = {
        "promptTokenCount": 15,
        "toolUsePromptTokenCount": 770,
        "thoughtsTokenCount": 742,
        "candidatesTokenCount": 37,
        "cachedContentTokenCount": 8,
        "totalTokenCount": 1564,
    }
    assert usage_of("gemini", {"usageMetadata": usage}) == Usage(785, 779, 8, None, 742)


def test_the_last_chunk_of_gemini_counts_and_its_thoughts_are_no_text() -> None:
    thought = {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}], "usageMetadata": {"promptTokenCount": 5}}
    case = made_up.stream("gemini", thought, made_up.content())
    assert case.said() == Said("hey", Usage(5, 2), "STOP", "gemini-x", ())


def test_gemini_says_why_a_prompt_was_not_let_through() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 5}}
    assert said("gemini", json.dumps(body), streamed=False) == Said("", Usage(input=5), "SAFETY", None, ())


def test_calls_of_gemini_have_arguments_that_are_parsed_already() -> None:
    parts = [{"functionCall": {"name": "look", "args": {"at": 1}}}, {"functionCall": {"name": "go"}}, {"executableCode": {"code": "1"}}]
    body = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    assert said("gemini", json.dumps(body), streamed=False).tool_calls == (("look", {"at": 1}), ("go", {}))


# Meanings


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("completed", "stop"),
        ("end_turn", "stop"),
        ("MAX_TOKENS", "length"),
        ("max_output_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("SAFETY", "content_filter"),
        ("pause_turn", "other"),
        ("MALFORMED_FUNCTION_CALL", "other"),
        ("unheard_of", "other"),
    ],
)
def test_reasons_of_all_providers_come_to_the_same_few(finish: str, expected: str) -> None:
    assert meaning(finish) == expected


# The recordings

NOT_SUPPORTED: Final[Mapping[tuple[str, str], int]] = {
    ("azure", "/realtime/client_secrets"): 2,
    ("cohere", "/v1/tokenize"): 1,
    ("cohere", "/v2/chat"): 13,
    ("cohere", "/v2/embed"): 4,
    ("gemini", "/fileSearchStores"): 1,
    ("gemini", ":batchEmbedContents"): 1,
    ("gemini", ":countTokens"): 1,
    ("gemini", ":uploadToFileSearchStore"): 1,
    ("openai-responses", "/responses/compact"): 2,
    ("openai-responses", "/responses/input_tokens"): 1,
}
"""How many recorded answers of which request the adapters do not read; why not, each says itself."""


def test_what_is_not_supported_is_listed_with_a_reason() -> None:
    left_out = [case for case in present() if case.wire is None]
    assert Counter((case.provider, case.path) for case in left_out) == NOT_SUPPORTED
    assert all(case.unsupported for case in left_out)


def test_every_recording_of_a_supported_answer_says_what_it_used() -> None:
    silent = [case.id for case in present() if case.wire and not case.fails and case.said().usage.input is None]
    assert not silent
