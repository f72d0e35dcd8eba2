"""Is an answer what was asked for? Each class of fault, what a check may give, and that nothing of an answer is ever quoted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
import threading
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.errors import GraphInterrupt

from taskroute.execution.validate import FINE, Expected, Finding, ascore, examine, judged, score
from taskroute.types import Reply

MARKER = "xyzzy-secret"
AGE: dict[str, Any] = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
TOOLS: dict[str, Any] = {"search": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}, "stop": None}
CHECKED = ("refusal", "truncated", "invalid_output", "low_confidence")
NOTHING_EXPECTED = Expected()


def found(reply: Reply, expected: Expected = NOTHING_EXPECTED, kinds: Any = CHECKED) -> tuple[str | None, str]:
    finding = examine(reply, expected, kinds)
    return finding.failure, finding.detail


def saying(text: str, **changes: Any) -> Reply:
    return Reply(answer=text, text=text, **changes)


def calling(*arguments: Any, tool: str = "search") -> Reply:
    return Reply(answer=None, tool_calls=(tool,) * len(arguments), arguments=arguments)


# Each class


@pytest.mark.parametrize(
    ("reply", "failure", "detail"),
    [
        (saying("hi"), None, ""),
        (saying("hi", finish_reason="stop"), None, ""),
        (saying("no", refused=True), "refusal", "the model refused (finish reason None)"),
        (saying("", finish_reason="content_filter"), "refusal", "the model refused (finish reason 'content_filter')"),
        (saying("", finish_reason="SAFETY"), "refusal", "the model refused (finish reason 'SAFETY')"),
        (saying("", empty=True), "refusal", "the answer is empty"),
        (saying("hi", finish_reason="length"), "truncated", "the answer stopped at its limit of tokens (length)"),
        (saying("hi", finish_reason="MAX_TOKENS"), "truncated", "the answer stopped at its limit of tokens (MAX_TOKENS)"),
        (saying("hi", misfit="there is no structured answer"), "invalid_output", "there is no structured answer"),
        (
            saying("", finish_reason="MALFORMED_FUNCTION_CALL"),
            "invalid_output",
            "the model made a call that its provider could not read (MALFORMED_FUNCTION_CALL)",
        ),
    ],
)
def test_tells_what_is_wrong_with_an_answer(reply: Reply, failure: str | None, detail: str) -> None:
    assert found(reply) == (failure, detail)


def test_a_refusal_comes_before_what_follows_from_it() -> None:
    everything = saying("no", refused=True, finish_reason="length", misfit="not JSON")
    seen = [found(everything, Expected(schema=AGE), kinds)[0] for kinds in (CHECKED, CHECKED[1:], CHECKED[2:], CHECKED[3:])]
    assert seen == ["refusal", "truncated", "invalid_output", None]


@pytest.mark.parametrize(
    ("reply", "order"),
    [
        (saying("", refused=True, empty=True, finish_reason="length", misfit="odd"), ["refusal", "truncated", "invalid_output", None]),
        (saying("", empty=True, finish_reason="length", misfit="odd"), ["truncated", "refusal", "invalid_output", None]),
        (saying("", empty=True, finish_reason="UNEXPECTED_TOOL_CALL"), ["invalid_output", "refusal", None]),
        (saying("", empty=True, misfit="odd"), ["refusal", "invalid_output", None]),
        (saying("", empty=True, finish_reason="content_filter", misfit="odd"), ["refusal", "invalid_output", None]),
    ],
)
def test_marks_of_a_refusal_come_first_and_an_empty_answer_is_a_refusal_only_where_nothing_else_says_why(
    reply: Reply, order: list[str | None]
) -> None:
    kinds, seen = {*CHECKED}, list[str | None]()
    while len(seen) < len(order):
        seen.append(found(reply, Expected(schema=AGE) if reply.misfit else NOTHING_EXPECTED, kinds)[0])
        kinds.discard(seen[-1] or "")
    assert seen == order


def test_looks_only_for_what_it_is_asked_for() -> None:
    assert examine(saying("", refused=True, empty=True, finish_reason="length"), Expected(schema=AGE), ()) is FINE


# Against a schema


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"age": 7}', ""),
        ('{"age": "7"}', "the answer does not fit its JSON schema: $.age breaks 'type'"),
        ("{}", "the answer does not fit its JSON schema: $ breaks 'required'"),
        ("[]", "the answer does not fit its JSON schema: $ breaks 'type'"),
        ("seven", "the answer is not JSON"),
        ("", "the answer is not JSON"),
        ("9" * 10_000, "the answer is not JSON"),
        ("[" * 100_000, "the answer is JSON that is nested too deeply to read"),
    ],
    ids=lambda text: text[:20],
)
def test_the_text_must_fit_the_schema(text: str, detail: str) -> None:
    assert found(saying(text), Expected(schema=AGE))[1] == detail


def test_a_value_that_the_host_has_parsed_is_not_parsed_again() -> None:
    assert found(saying("Here: {…}"), Expected(schema=AGE, value={"age": 7})) == (None, "")
    assert found(saying('{"age": 7}'), Expected(schema=AGE, value={"age": None}))[0] == "invalid_output"


def test_an_empty_schema_asks_for_json_of_any_kind() -> None:
    assert found(saying("[1]"), Expected(schema={})) == (None, "")
    assert found(saying("one"), Expected(schema={})) == ("invalid_output", "the answer is not JSON")


def test_a_call_of_a_tool_is_no_answer_yet() -> None:
    assert found(calling({"query": "x"}), Expected(schema=AGE, tools=TOOLS)) == (None, "")


def test_places_are_named_inside_lists_and_by_references() -> None:
    schema = {"$defs": {"row": AGE}, "type": "object", "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}}}
    wrong = {"rows": [{"age": 1}, {"age": None}]}
    assert found(saying(json.dumps(wrong)), Expected(schema=schema))[1].endswith("$.rows[1].age breaks 'type'")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 7},
        {"type": "no such type"},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"properties": []},
        {"pattern": "("},
        {"required": 1},
        {"minimum": "a"},
        {"$schema": 7},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:a JSON schema could not be used")
def test_a_schema_that_is_broken_itself_says_nothing_of_the_answer(schema: dict[str, Any]) -> None:
    for value in ({"age": 1}, "text", 7):
        assert found(saying("", finish_reason="stop"), Expected(schema=schema, value=value)) == (None, "")


@pytest.mark.filterwarnings("ignore:a JSON schema could not be used")
def test_nothing_is_fetched_that_a_schema_refers_to() -> None:
    asked: list[Any] = []

    def serve() -> None:
        with contextlib.suppress(TimeoutError):
            asked.append(server.accept())
            asked[0][0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        thread = threading.Thread(target=serve)
        thread.start()
        schema = {"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"}
        assert found(calling({"query": "x"}), Expected(tools={"search": schema})) == (None, "")
        thread.join()
    assert asked == []


# Tools


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (calling({"query": "x"}), ""),
        (calling({}, tool="stop"), ""),
        (calling({"any": 1}, tool="stop"), ""),
        (calling({"query": "x"}, {"query": 7}), "the arguments of tool 'search' do not fit: $.query breaks 'type'"),
        (calling({}), "the arguments of tool 'search' do not fit: $ breaks 'required'"),
        (calling(None), "the arguments of tool 'search' are not a JSON object"),
        (calling([1]), "the arguments of tool 'search' are not a JSON object"),
        (calling(None, tool="stop"), "the arguments of tool 'stop' are not a JSON object"),
        (calling({}, tool=MARKER), "it calls a tool that was not offered; offered: search, stop"),
    ],
)
def test_tools_must_be_offered_and_their_arguments_fit(reply: Reply, detail: str) -> None:
    assert found(reply, Expected(tools=TOOLS)) == ("invalid_output" if detail else None, detail)


def test_no_tool_was_offered() -> None:
    assert found(calling({}), Expected(tools={}))[1] == "it calls a tool that was not offered; offered: none"


def test_where_there_are_more_tools_than_are_known_any_name_may_be_called_and_the_known_ones_must_fit() -> None:
    expected = Expected(tools=TOOLS, others=True)
    assert found(calling({"anything": 1}, tool="new"), expected) == (None, "")
    assert found(calling({}, tool="search"), expected)[1] == "the arguments of tool 'search' do not fit: $ breaks 'required'"
    assert found(calling(None, tool=MARKER), expected)[1] == "the arguments of a tool are not a JSON object"


def test_where_the_offered_tools_are_not_known_only_the_form_of_the_arguments_is_looked_at() -> None:
    assert found(calling({"anything": 1}, tool="new"), Expected()) == (None, "")
    assert found(calling(None, tool=MARKER), Expected())[1] == "the arguments of a tool are not a JSON object"


# Nothing is quoted

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8)
words = st.sampled_from(
    ["type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "not", "if", "then", "$ref", "$schema", "$defs", "pattern", "format",
     "additionalProperties", "patternProperties", "minimum", "maxLength", "uniqueItems", "prefixItems", "dependentRequired", "multipleOf", "$id"]
)  # fmt: skip
kinds_of_value = st.sampled_from(["object", "array", "string", "integer", "null", "#", "#/properties", "http://127.0.0.1/", "("])
schemas = st.recursive(
    scalars | kinds_of_value,
    lambda inner: st.dictionaries(words | st.text(max_size=3), inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=8,
).filter(lambda schema: isinstance(schema, dict))


@given(values, schemas, values)
def test_no_answer_and_no_schema_breaks_the_examination(value: Any, schema: Any, arguments: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for reply in (saying(json.dumps(value)), calling(arguments)):
            for expected in (Expected(schema=schema, tools={"search": schema}), Expected(schema=schema, value=value), Expected()):
                failure, detail = found(reply, expected)
                assert (failure is None) == (not detail)


marked = st.recursive(
    st.just(MARKER),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2) | st.dictionaries(st.sampled_from([MARKER, "age", MARKER * 2]), inner, min_size=1)
    ),
    max_leaves=5,
)
strict = [
    AGE,
    {"additionalProperties": {"type": "integer"}},
    {"additionalProperties": False},
    {"type": "integer"},
    {"enum": [1]},
    {"items": {"const": 1}},
    {"propertyNames": {"maxLength": 2}},
    {"patternProperties": {".": {"items": {"type": "null"}, "additionalProperties": {"type": "null"}}}},
    {"maxLength": 1, "maxItems": 0, "maxProperties": 0},
]


@given(marked, st.sampled_from(strict))
def test_a_detail_quotes_nothing_of_the_answer(value: Any, schema: dict[str, Any]) -> None:
    replies = [saying(json.dumps(value)), saying(MARKER), calling(value), calling(value, tool=MARKER), calling(None, tool=MARKER)]
    for reply in replies:
        for expected in (Expected(schema=schema, tools={"search": schema}), Expected(schema=schema, value=value), Expected(tools=None)):
            assert MARKER not in found(reply, expected)[1]


# The user's own check


@pytest.mark.parametrize(
    ("given_score", "finding"),
    [
        (0.5, Finding(score=0.5)),
        (1, Finding(score=1.0)),
        (True, Finding(score=1.0)),
        (Decimal("0.75"), Finding(score=0.75)),
        (Fraction(3, 4), Finding(score=0.75)),
        (0.49, Finding("low_confidence", "the check scored the answer 0.49, below 0.5", 0.49)),
        (False, Finding("low_confidence", "the check scored the answer 0, below 0.5", 0.0)),
        (0, Finding("low_confidence", "the check scored the answer 0, below 0.5", 0.0)),
    ],
)
def test_a_score_below_the_least_is_of_low_confidence(given_score: Any, finding: Finding) -> None:
    assert judged(given_score, 0.5) == finding


class Odd:
    def __float__(self) -> float:
        raise RuntimeError(MARKER)

    def __ne__(self, other: object) -> bool:
        raise RuntimeError(MARKER)

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    "junk",
    [
        None,
        "0.9",
        MARKER,
        b"1",
        [],
        {},
        object(),
        math.nan,
        math.inf,
        -math.inf,
        -0.001,
        1.001,
        85,
        10**400,
        Odd(),
        Decimal("NaN"),
        Decimal("sNaN"),
    ],
)
@pytest.mark.filterwarnings("ignore:the check gave a")
def test_what_is_no_score_lets_the_answer_stand(junk: Any) -> None:
    assert judged(junk, 0.5) is FINE
    assert score(lambda answer: junk, "answer", 0.5) is FINE
    assert asyncio.run(ascore(lambda answer: junk, "answer", 0.5)) is FINE


def test_what_is_no_score_is_said_once_by_its_type_alone(recwarn: pytest.WarningsRecorder) -> None:
    kind = type("Verdict", (), {"__str__": lambda self: MARKER, "__repr__": lambda self: MARKER})
    for _ in range(2):
        judged(kind(), 0.5)
    assert [str(warning.message) for warning in recwarn] == ["the check gave a Verdict that is no score from 0 to 1; the answer stood"]


def test_a_check_that_fails_costs_one_warning_that_does_not_quote_the_answer(recwarn: pytest.WarningsRecorder) -> None:
    failure: type[Exception] = type("CheckBrokeError", (Exception,), {})

    def check(answer: Any) -> float:
        raise failure(answer)

    assert score(check, MARKER, 0.5) is FINE
    assert asyncio.run(ascore(check, MARKER, 0.5)) is FINE
    assert [str(warning.message) for warning in recwarn] == ["the check failed with CheckBrokeError; the answer stood"]


async def agrees(answer: Any) -> float:
    await asyncio.sleep(0)
    return 0.25


@pytest.mark.filterwarnings("ignore:the check is async")
def test_an_async_check_is_awaited_where_the_call_is_async_and_stands_aside_where_it_is_not() -> None:
    assert asyncio.run(ascore(agrees, "answer", 0.5)).score == 0.25
    # Nothing says that a coroutine was never awaited either.
    assert score(agrees, "answer", 0.5) is FINE


def test_an_interrupt_in_a_check_passes() -> None:
    def check(answer: Any) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(check, "answer", 0.5)


def test_an_interrupt_of_the_graph_in_a_check_passes_and_is_said_of_nobody() -> None:
    def check(answer: Any) -> float:
        raise GraphInterrupt

    async def acheck(answer: Any) -> float:
        raise GraphInterrupt

    with pytest.raises(GraphInterrupt):
        score(check, "answer", 0.5)
    for either in (check, acheck):
        with pytest.raises(GraphInterrupt):
            asyncio.run(ascore(either, "answer", 0.5))
