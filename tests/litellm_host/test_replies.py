"""From LiteLLM's answers to replies, with stand-ins for LiteLLM's objects. `tests/wire` has the same through LiteLLM itself."""

from __future__ import annotations

import base64
import subprocess
import sys
from types import SimpleNamespace as Made
from typing import Any

import pytest

from taskroute.types import Reply, Usage
from taskroute_litellm.replies import StreamSource, reply_of


def usage(asked: int = 5, answered: int = 2, **more: Any) -> Made:
    return Made(**{"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered, **more})


def completion(counted: Any = None, *, hidden: dict[str, Any] | None = None, finish: str = "stop", **message: Any) -> Made:
    choice = Made(index=0, finish_reason=finish, message=Made(**{"content": "hey", **message}))
    about = {"custom_llm_provider": "openai", **(hidden or {})}
    return Made(id="chatcmpl-1", object="chat.completion", model="gpt-x", choices=[choice], usage=counted or usage(), _hidden_params=about)


def chunk(text: str | None = None, *, hidden: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> Made:
    delta = Made(content=text, tool_calls=more.pop("tool_calls", None), **more.pop("delta", {}))
    choices = more.pop("choices", [Made(index=0, finish_reason=finish, delta=delta)])
    about = {"custom_llm_provider": "openai", "provider_response_model": "gpt-x", **(hidden or {})}
    return Made(id="chatcmpl-1", model="asked-for", choices=choices, _hidden_params=about, **more)


def taken(*chunks: Any, stream: Any = None) -> Reply:
    source = StreamSource(stream)
    for each in chunks:
        source.take(each)
    return source.reply()


DETAILS = Made(cached_tokens=3)


def test_importing_the_package_does_not_import_litellm() -> None:
    code = "import sys, taskroute_litellm.replies; sys.exit('litellm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Whole answers


def test_a_completion_says_everything() -> None:
    counted = usage(prompt_tokens_details=DETAILS, completion_tokens_details=Made(reasoning_tokens=1))
    calls = [Made(id="1", function=Made(name="look", arguments="{}"))]
    answer = completion(counted, finish="tool_calls", tool_calls=calls)
    assert reply_of(answer) == Reply(
        answer=answer,
        usage=Usage(5, 2, 3, None, 1),
        finish_reason="tool_calls",
        model="gpt-x",
        provider="openai",
        id="chatcmpl-1",
        text="hey",
        tool_calls=("look",),
    )


def test_counts_of_0_are_unknown() -> None:
    assert reply_of(completion(usage(0, 0))).usage is None
    assert reply_of(completion(usage(5, 0))).usage == Usage(input=5)


def test_an_answer_from_litellms_own_cache_used_no_tokens_that_are_known() -> None:
    assert reply_of(completion(hidden={"cache_hit": True})).usage is None


@pytest.mark.parametrize("provider", ["ollama", "replicate", "sagemaker"])
def test_a_provider_whose_answers_litellm_counts_itself_has_no_usage(provider: str) -> None:
    assert reply_of(completion(hidden={"custom_llm_provider": provider})).usage is None


def test_the_provider_is_read_from_the_name_of_the_deployment_where_litellm_does_not_say_it() -> None:
    hidden = {"custom_llm_provider": None, "litellm_model_name": "anthropic/claude-x"}
    assert reply_of(completion(hidden=hidden)).provider == "anthropic"
    assert reply_of(completion(hidden={**hidden, "litellm_model_name": "claude-x"})).provider is None


def test_the_models_own_word_for_its_end_comes_before_litellms() -> None:
    answer = completion(finish="length", provider_specific_fields={"stop_reason": "pause_turn"})
    assert reply_of(answer).finish_reason == "pause_turn"
    answer = completion()
    answer.choices[0].provider_specific_fields = {"native_finish_reason": "unheard_of"}
    assert reply_of(answer).finish_reason == "unheard_of"


def test_calls_that_the_provider_runs_are_not_among_those_to_run() -> None:
    calls = [Made(id="srvtoolu_1", function=Made(name="search")), Made(id="toolu_1", function=Made(name="look"))]
    assert reply_of(completion(tool_calls=calls)).tool_calls == ("look",)


@pytest.mark.parametrize(("thinks", "counted", "known"), [(True, 47, None), (False, 47, 47), (False, 0, None)])
def test_thinking_that_litellm_may_have_counted_is_unknown(thinks: bool, counted: int, known: int | None) -> None:
    spent = usage(5, 90, iterations=None, completion_tokens_details=Made(reasoning_tokens=counted))
    answer = completion(spent, hidden={"custom_llm_provider": "anthropic"}, reasoning_content="hm" if thinks else None)
    found = reply_of(answer).usage
    assert found is not None
    assert found.reasoning == known


def test_what_an_adviser_used_is_left_out() -> None:
    each = {"cache_read_input_tokens": 1, "cache_creation_input_tokens": 0}
    iterations = [
        {"type": "message", "input_tokens": 10, "output_tokens": 3, **each},
        {"type": "advisor_message", "input_tokens": 900, "output_tokens": 90, **each},
        {"type": "compaction", "input_tokens": 100, "output_tokens": 30, **each},
    ]
    assert reply_of(completion(usage(1013, 123, iterations=iterations))).usage == Usage(112, 33, 2, 0)


def test_where_an_adviser_helped_a_count_that_a_step_lacks_is_unknown() -> None:
    advised = {"type": "advisor_message", "input_tokens": 900, "output_tokens": 90}
    assert reply_of(completion(usage(900, 90, iterations=[advised]))).usage == Usage()
    steps = [{"type": "message", "output_tokens": 3}, {"type": "compaction", "input_tokens": 10, "output_tokens": 4}, advised]
    assert reply_of(completion(usage(910, 97, iterations=steps))).usage == Usage(None, 7)


@pytest.mark.parametrize(
    ("cached", "total", "expected"),
    [
        ({"cached_tokens": 100}, 107, Usage(105, 2, 100)),
        ({"cached_tokens": 60, "cache_write_tokens": 40}, 107, Usage(105, 2, 60, 40)),
        ({"cached_tokens": 100}, 108, Usage(5, None, 100)),
        ({"cached_tokens": 0}, 107, Usage(5, None, 0)),
        ({"cached_tokens": 3}, 7, Usage(5, 2, 3)),
    ],
)
def test_what_the_total_has_more_is_what_was_cached_or_makes_the_output_unknown(
    cached: dict[str, int], total: int, expected: Usage
) -> None:
    assert reply_of(completion(usage(total_tokens=total, prompt_tokens_details=Made(**cached)))).usage == expected


def test_what_google_put_into_the_prompt_is_input_whether_or_not_it_is_billed() -> None:
    details = Made(cached_tokens=None, tool_use_tokens=100)
    assert reply_of(completion(usage(17, 3, total_tokens=120, prompt_tokens_details=details))).usage == Usage(117, 3)
    assert reply_of(completion(usage(117, 3, prompt_tokens_details=details))).usage == Usage(117, 3)


def test_a_text_completion_has_its_text() -> None:
    answer = Made(object="text_completion", model="x", choices=[Made(text="hey", finish_reason="stop")], usage=usage())
    reply = reply_of(answer)
    assert (reply.text, reply.usage, reply.finish_reason) == ("hey", Usage(5, 2), "stop")


def test_an_embedding_has_input_alone_and_some_are_counted_by_litellm() -> None:
    def embedding(provider: str) -> Made:
        hidden = {"custom_llm_provider": provider}
        return Made(object="list", model="x", data=[], usage=usage(8, 0), _hidden_params=hidden)

    assert reply_of(embedding("openai"))[1:5] == (Usage(input=8), None, "x", "openai")
    assert reply_of(embedding("gemini")).usage is None


def test_a_message_in_anthropics_own_format_is_read_as_it_is() -> None:
    counts = {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 30, "output_tokens_details": {"thinking_tokens": 1}}
    content = [{"type": "text", "text": "hey"}, {"type": "tool_use", "name": "look"}, {"type": "server_tool_use", "name": "search"}]
    message = {"id": "msg_1", "type": "message", "model": "claude-x", "content": content, "stop_reason": "tool_use", "usage": counts}
    expected = Reply(message, Usage(35, 2, 30, None, 1), "tool_use", "claude-x", None, "msg_1", "hey", ("look",))
    assert reply_of(message) == expected


@pytest.mark.parametrize(
    ("counts", "summary", "expected"),
    [
        ({"input_tokens": 10, "output_tokens": 3}, {"input_tokens": 180, "output_tokens": 35}, Usage(190, 38)),
        ({"output_tokens": 3}, {"input_tokens": 180, "output_tokens": 35}, Usage(None, 38)),
        ({"input_tokens": 10, "output_tokens": 3}, {"input_tokens": 180, "cache_read_input_tokens": 4}, Usage(194, None)),
        ({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 180, "output_tokens": 35}, None),
    ],
)
def test_a_message_and_its_summaries_have_a_sum_where_all_parts_are_known(
    counts: dict[str, Any], summary: dict[str, Any], expected: Usage | None
) -> None:
    message = {"type": "message", "content": [], "usage": {**counts, "iterations": [{"type": "compaction", **summary}]}}
    assert reply_of(message).usage == expected


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("chatcmpl-0b3f3f6e-6a2b-4f0e-9d7a-0123456789ab", None),
        ("chatcmpl-0b3f3f6e6a2b4f0e9d7a0123456789ab", "chatcmpl-0b3f3f6e6a2b4f0e9d7a0123456789ab"),
        ("chatcmpl-0b3f3f6e-6a2b-4f0e-9d7a-0123456789ab-1", "chatcmpl-0b3f3f6e-6a2b-4f0e-9d7a-0123456789ab-1"),
        ("msg_1", "msg_1"),
        (7, None),
    ],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_an_id_of_the_form_that_litellm_makes_is_unknown(given: Any, known: str | None, provider: str) -> None:
    answer, piece = completion(hidden={"custom_llm_provider": provider}), chunk("hey", hidden={"custom_llm_provider": provider})
    answer.id = piece.id = given
    assert (reply_of(answer).id, taken(piece).id) == (known, known)


def response(**more: Any) -> Made:
    content = [{"type": "output_text", "text": "hey"}]
    output = [Made(type="message", content=content), {"type": "function_call", "name": "look"}, Made(type="web_search_call")]
    counts = Made(input_tokens=5, output_tokens=2, input_tokens_details=Made(cached_tokens=0), output_tokens_details=None)
    return Made(
        **{"id": "resp_1", "object": "response", "model": "gpt-x", "status": "completed", "output": output, "usage": counts, **more}
    )


def test_a_response_says_everything() -> None:
    answer = response()
    assert reply_of(answer) == Reply(answer, Usage(5, 2, 0), "completed", "gpt-x", None, "resp_1", "hey", ("look",))


def test_an_incomplete_response_says_why() -> None:
    answer = response(status="incomplete", incomplete_details=Made(reason="max_output_tokens"))
    assert reply_of(answer).finish_reason == "max_output_tokens"


def test_the_id_that_litellm_gives_a_response_holds_the_providers() -> None:
    wrapped = base64.b64encode(b"litellm:custom_llm_provider:openai;model_id:None;response_id:resp_68cd").decode()
    assert reply_of(response(id=f"resp_{wrapped}")).id == "resp_68cd"
    assert reply_of(response(id=None)).id is None


@pytest.mark.parametrize("answer", [None, "text", {}, {"choices": []}, Made(), Made(choices=[Made()])])
def test_what_is_no_answer_is_read_without_failing(answer: Any) -> None:
    reply = reply_of(answer)
    assert (reply.answer, reply.usage, reply.finish_reason, reply.text) == (answer, None, None, "")


# Streams


def test_a_stream_of_completions_says_everything() -> None:
    first = [Made(index=0, id="1", function=Made(name="look", arguments=""))]
    rest = [Made(index=0, id=None, function=Made(name=None, arguments="{}"))]
    counted = usage(prompt_tokens_details=DETAILS, completion_tokens_details=Made(reasoning_tokens=1))
    chunks = [
        chunk("he"),
        chunk("y"),
        chunk(tool_calls=first),
        chunk(tool_calls=rest),
        chunk(finish="tool_calls"),
        chunk(usage=counted, choices=[]),
    ]
    expected = Reply(None, Usage(5, 2, 3, None, 1), "tool_calls", "gpt-x", "openai", "chatcmpl-1", "hey", ("look",))
    assert taken(*chunks) == expected


@pytest.mark.parametrize(
    ("given", "useful"),
    [
        (chunk(), False),
        (chunk(""), False),
        (chunk(finish="stop"), False),
        (chunk(choices=[], usage=usage()), False),
        (chunk("hey"), True),
        (chunk(delta={"reasoning_content": "hm"}), True),
        (chunk(tool_calls=[Made(index=0, id="1", function=Made(name="look"))]), True),
        (Made(text="hey", choices=[Made(index=0, text="hey", finish_reason=None)]), True),
        (Made(type="response.created", response=Made()), False),
        (Made(type="response.output_item.added", item=Made(type="message")), False),
        (Made(type="response.output_item.added", item={"type": "function_call"}), True),
        (Made(type=Made(value="response.output_text.delta"), delta="hey"), True),
        (Made(type="response.reasoning_summary_text.delta", delta="hm"), True),
        (Made(type="response.completed", response=response()), False),
    ],
)
def test_a_chunk_is_useful_when_a_caller_could_use_it(given: Any, useful: bool) -> None:
    assert StreamSource().take(given) == useful


@pytest.mark.parametrize(
    ("calls", "names"),
    [
        ([(0, "a", "one"), (0, "b", "two")], ("one", "two")),
        ([(0, "a", "one"), (0, "a", "one"), (0, None, "one")], ("one",)),
        ([(0, "a", "one"), (1, "b", "one")], ("one", "one")),
        ([(None, "a", "one"), (None, "b", "two"), (None, "a", None)], ("one", "two")),
    ],
)
def test_calls_are_told_apart_by_their_index_and_id(calls: list[tuple[int | None, str | None, str | None]], names: tuple[str, ...]) -> None:
    parts = [chunk(tool_calls=[Made(index=index, id=id, function=Made(name=name))]) for index, id, name in calls]
    assert taken(*parts).tool_calls == names


def test_a_usage_that_litellm_counted_itself_is_unknown() -> None:
    assert taken(chunk("hey"), chunk(usage=usage(), choices=[])).usage is None


def test_a_usage_that_the_stream_kept_is_the_providers() -> None:
    stream = Made(chunks=[chunk("hey"), chunk(finish="stop", usage=usage())])
    assert taken(chunk("hey"), chunk(usage=usage(9, 9), choices=[]), stream=stream).usage == Usage(5, 2)
    assert taken(chunk("hey"), chunk(usage=usage(9, 9), choices=[]), stream=Made(chunks=[chunk("hey")])).usage is None


def test_what_the_stream_kept_of_another_deployment_is_not_used() -> None:
    stream = Made(chunks=[chunk(usage=usage(9, 9))], fallback_headers_adopted=True)
    assert taken(chunk(usage=usage(prompt_tokens_details=DETAILS), choices=[]), stream=stream).usage == Usage(5, 2, 3)


def test_a_stream_from_litellms_own_cache_used_no_tokens_and_names_no_model_that_are_known() -> None:
    reply = taken(
        chunk("hey"), chunk(usage=usage(prompt_tokens_details=DETAILS)), stream=Made(custom_llm_provider="cached_response", chunks=[])
    )
    assert (reply.usage, reply.model, reply.text) == (None, None, "hey")


def test_what_was_received_as_finish_reason_comes_before_what_litellm_makes_of_it() -> None:
    assert taken(chunk(finish="stop"), stream=Made(received_finish_reason="unheard_of")).finish_reason == "unheard_of"


@pytest.mark.parametrize(
    ("finish", "known"), [("stop", None), ("content_filter", None), ("length", "length"), ("tool_calls", "tool_calls")]
)
def test_of_googles_streams_only_some_ends_are_known(finish: str, known: str | None) -> None:
    assert taken(chunk(finish=finish, hidden={"custom_llm_provider": "gemini"})).finish_reason == known


def test_a_stream_of_responses_ends_with_the_whole_answer() -> None:
    events = [Made(type="response.created", response=Made()), Made(type="response.completed", response=response())]
    stream = Made(custom_llm_provider="openai")
    assert taken(*events, stream=stream) == Reply(None, Usage(5, 2, 0), "completed", "gpt-x", "openai", "resp_1", "hey", ("look",))
    cached = taken(*events, stream=Made(custom_llm_provider="cached_response"))
    assert (cached.usage, cached.provider) == (None, None)


def test_a_stream_that_gave_nothing_says_nothing() -> None:
    assert taken() == Reply(answer=None)
