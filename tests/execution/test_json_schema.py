"""Schemas that anybody may have written: their expressions take linear time, and what cannot be told says nothing of the answer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.execution.json_schema import misfit

SLOW = "^(a|a)*$"
"""Takes hours in an engine that goes back: its time doubles with each letter."""
TEXT = "a" * 64 + "b"
BEFORE_2019 = "http://json-schema.org/draft-07/schema#"
AFTER_2019 = "https://json-schema.org/draft/2019-09/schema"


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        ({"pattern": SLOW}, TEXT, "$ breaks 'pattern'"),
        ({"pattern": SLOW}, "aaa", ""),
        ({"pattern": SLOW, "$schema": BEFORE_2019}, TEXT, "$ breaks 'pattern'"),
        ({"propertyNames": {"pattern": SLOW}}, {TEXT: 1}, "$ breaks 'pattern'"),
        ({"patternProperties": {SLOW: {"type": "string"}}}, {TEXT: 1}, ""),
        ({"patternProperties": {SLOW: {"type": "string"}}}, {"aa": 1}, "$.* breaks 'type'"),
        ({"patternProperties": {SLOW: {}}, "additionalProperties": False}, {TEXT: 1}, ""),
        ({"patternProperties": {SLOW: {}}, "additionalProperties": False, "$schema": BEFORE_2019}, {TEXT: 1}, ""),
        ({"patternProperties": {SLOW: {}}, "unevaluatedProperties": False}, {TEXT: 1}, ""),
        ({"patternProperties": {SLOW: {}}, "unevaluatedProperties": False, "$schema": AFTER_2019}, {TEXT: 1}, ""),
        ({"allOf": [{"$ref": "#/$defs/x"}], "unevaluatedProperties": False, "$defs": {"x": {"patternProperties": {SLOW: {}}}}}, {TEXT: 1}, ""),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, {"a": 1, "b": 2}, "$ breaks 'unevaluatedProperties'"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2}, "$ breaks 'additionalProperties'"),
        ({"properties": {"a": {"pattern": "^[0-9]+$"}}}, {"a": "x1"}, "$.a breaks 'pattern'"),
        ({"pattern": "[0-9]"}, "x1", ""),
    ],
    ids=str,
)  # fmt: skip
def test_no_expression_of_a_schema_can_make_it_slow(schema: Any, value: Any, found: str) -> None:
    began = time.monotonic()
    assert misfit(schema, value) == found
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("expression", ["(", r"(a)\1", "(?=a)", "(?!a)b", "[", "(?P<a"])
def test_an_expression_that_cannot_be_computed_is_passed_over_and_the_rest_holds(expression: str) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": expression}},
        "patternProperties": {expression: {"type": "null"}},
        "required": ["a"],
    }
    assert misfit(schema, {"a": "a"}) == ""
    assert misfit(schema, {"a": 7}) == "$.a breaks 'type'"
    assert misfit(schema, {}) == "$ breaks 'required'"


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_text_may_be_an_expression_and_any_text_be_matched(expression: str, text: str) -> None:
    for schema in ({"pattern": expression}, {"patternProperties": {expression: {}}, "additionalProperties": False}):
        assert misfit(schema, text) in ("", "$ breaks 'pattern'")
        assert misfit(schema, {text: 1}) == ""


def test_a_schema_that_refers_to_itself_is_read_to_an_end() -> None:
    schema: dict[str, Any] = {"properties": {"age": {"type": "integer"}}, "unevaluatedProperties": False}
    schema["$defs"] = {"again": schema}
    assert misfit(schema, {"age": "7"}) == "$.age breaks 'type'"
