"""Reading a policy: what comes back, where it stands, and what is said when it cannot be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.errors import PolicyError
from taskroute.policy.load import MAX_BYTES, read_file, read_text
from taskroute.policy.places import Document, paths


def yaml(text: str) -> Document:
    return read_text(text, format="yaml")


def toml(text: str) -> Document:
    return read_text(text, format="toml")


def refusal(text: str, format: Literal["yaml", "toml"] = "yaml") -> str:
    with pytest.raises(PolicyError) as caught:
        read_text(text, name="p", format=format)
    for problem in caught.value.problems:
        assert re.match(r"p(:\d+)?: .+; .+", problem), problem
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "on", "off", "Yes", "NO", "On", "y", "n", "1:30", "12:30:45", "2026-11-22", "2026-11-22T10:00:00Z"]
    + ["010", "0o17", "0x1F", "0b11", "1_000", ".inf", "-.inf", ".nan", "NaN", "1e", "=", "60s", "<<", "+", ".", "1.2.3"],
)
def test_an_unquoted_word_that_is_no_plain_number_stays_text(text: str) -> None:
    assert yaml(f"key: {text}").data == {"key": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("+7", 7), ("12", 12)]
    + [("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-2", -0.015)],
)
def test_true_false_null_and_decimal_numbers_are_what_they_look_like(text: str, value: object) -> None:
    found = yaml(f"key: {text}").data["key"]
    assert (found, type(found)) == (value, type(value))


def test_a_quoted_scalar_is_always_text() -> None:
    assert yaml("a: '1'\nb: \"true\"\nc: ''\nd: |\n  12\n").data == {"a": "1", "b": "true", "c": "", "d": "12\n"}


def test_the_key_on_is_not_turned_into_true() -> None:
    assert yaml("fallback: {on: [timeout]}").data == {"fallback": {"on": ["timeout"]}}


def test_every_yaml_value_has_the_line_of_its_key_or_item() -> None:
    document = yaml("models:\n  small:\n    model: a\nroutes:\n  - name: x\n    use: [small,\n      large]\n  -\n    name: y\n")
    assert document.places == {
        (): 1,
        ("models",): 1,
        ("models", "small"): 2,
        ("models", "small", "model"): 3,
        ("routes",): 4,
        ("routes", 0): 5,
        ("routes", 0, "name"): 5,
        ("routes", 0, "use"): 6,
        ("routes", 0, "use", 0): 6,
        ("routes", 0, "use", 1): 7,
        ("routes", 1): 9,
        ("routes", 1, "name"): 9,
    }


def test_a_path_that_is_not_in_the_file_has_the_line_of_what_encloses_it() -> None:
    document = yaml("a: 1\nmodels:\n  small: {}\n")
    assert document.line(("models", "small", "params", 0)) == 3
    assert document.line(("nowhere",)) == 1
    assert Document({}, {}, "none").line(("a",)) is None


def test_a_problem_is_told_with_file_line_and_cure() -> None:
    document = read_text("a: 1\nb: 2\n", name="my.yaml", format="yaml")
    assert document.problem(("b",), "no such key", "remove it") == "my.yaml:2: no such key; remove it"
    assert Document({}, {}, "none").problem((), "broken", "mend it") == "none: broken; mend it"


def test_an_alias_repeats_a_value_and_points_at_where_it_was_written() -> None:
    document = yaml("base: &b\n  retry: 2\nother: *b\nlist:\n  - *b\n")
    assert document.data == {"base": {"retry": 2}, "other": {"retry": 2}, "list": [{"retry": 2}]}
    assert document.places[("other",)] == 3
    assert document.places[("other", "retry")] == 2
    assert document.places[("list", 0)] == 5


def test_own_keys_win_over_merged_ones_and_the_first_merged_over_the_next() -> None:
    document = yaml("a: &a {x: 1, y: 1}\nb: &b {x: 2, z: {deep: 2}}\nc:\n  <<: [*a, *b]\n  z: 3\n")
    assert document.data["c"] == {"x": 1, "y": 1, "z": 3}
    assert document.places[("c", "z")] == 5
    assert ("c", "z", "deep") not in document.places


def test_aliases_that_are_changed_by_their_owner_do_not_change_each_other() -> None:
    data = yaml("a: &a {x: [1]}\nb: *a\n").data
    data["a"]["x"].append(2)
    assert data["b"] == {"x": [1]}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert yaml("'<<': 1").data == {"<<": 1}


def test_aliases_of_aliases_are_counted_in_full() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 30))
    assert "p:6: more than 100000 values" in refusal(f"l0: &l0 [lol]\n{levels}")


def test_aliases_count_toward_the_depth() -> None:
    chain = "\n".join(f"l{n}: &l{n} [*l{n - 1}]" for n in range(1, 80))
    assert "nested deeper than 50" in refusal(f"l0: &l0 [x]\n{chain}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "p:3: the key 'a' stands twice, the first time on line 1; keep one of them"),
        ("a:\n  on: 1\n  on: 2", "p:3: the key 'on' stands twice, the first time on line 2"),
        ("a: &x {b: *x}", "p:1: the alias 'x' stands inside what it names"),
        ("a: *x", "p:1: no anchor named 'x' stands above"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']", "p:2: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not"),
        ("a: !mine 1", "the tag '!mine' is not allowed"),
        ("a: !!str 1", "is not allowed"),
        ("!!map {a: 1}", "is not allowed"),
        ("a: 1\n---\nb: 2", "p:2: a second document begins here"),
        ("a: 1\n2: b", "p:2: the key 2 is not text; put the key in quotes"),
        ("true: b", "p:1: the key true is not text"),
        ("? [x]\n: b", "p:1: a list as key is not text"),
        ("? \n: b", "p:1: the key null is not text"),
        ("a: {<<: 1}", "p:1: '<<' takes a mapping"),
        ("a:\n\tb: 1", "p:2: found character '\\t' that cannot start any token; indent with spaces"),
        ("a: b: c", "p:1: mapping values are not allowed here; check the indentation, and quote"),
        ("a: @x", "quote the value"),
        ("a: 1\nb: [1, 2\n\n", "p:2: expected ',' or ']'"),
        ('a: 1\nb: "x\nc: 1\n', "p:2: found unexpected end of stream while scanning a quoted scalar; close the quotes"),
        ('a: "\\q"', "single quotes, or double the backslash"),
        ("a: {b: ${X}}", "quote a value that holds any of {}[],"),
        ("a: 1\n b: 2", "p:2: "),
        ("a: 1\nb: x\x00", "p:2: the character U+0000 is not allowed"),
        ("- a", "p:1: the policy is a list, not a mapping"),
        ("hello", "p:1: the policy is a scalar, not a mapping"),
        ('a: "\\ud83d"', "p:1: half of an escaped pair"),
        ('a: "\\U00110000"', "p:1: "),
        ("a: 1e999", "p:1: the number 1e999 is too large"),
        ("a: " + "9" * 5000, "p:1: the number is too long"),
        ("a: " + "[" * 100_000, "p:1: nested deeper than 50"),
        ("- " * 100_000, "p:1: nested deeper than 50"),
        ("", "p:1: the policy is empty; write at least 'models' and 'default'"),
        ("# nothing\n", "p:1: the policy is empty"),
        ("{}", "p:1: the policy is empty"),
    ],
)
def test_yaml_that_is_no_policy_is_refused_with_line_and_cure(text: str, said: str) -> None:
    assert said in refusal(text)


def test_all_problems_of_a_file_are_told_at_once() -> None:
    assert [line.split(":")[1] for line in refusal("a: 1\na: 2\n3: x\nb: !t 1\n").splitlines()] == ["4", "2", "3"]


def test_fifty_levels_are_allowed_and_one_more_is_not() -> None:
    assert yaml("a: " + "[" * 49 + "]" * 49).data["a"] is not None
    assert "nested deeper" in refusal("a: " + "[" * 50 + "]" * 50)


def test_every_toml_header_key_and_array_item_has_its_line() -> None:
    document = toml(
        "version = 1\n"  # 1
        "default = [\n"  # 2
        "  'small',  # [not, this]\n"  # 3
        "  'large', ['x',\n"  # 4
        "   'y'],\n"  # 5
        "]\n"  # 6
        "[models.small]\n"  # 7
        'model = "a # b = c"\n'  # 8
        'text = """\n'  # 9
        "[models.fake]\n"  # 10
        'fake = 1 \\""" """"\n'  # 11
        "params.max_tokens = 5\n"  # 12
        "\n"  # 13
        "[[routes]]\n"  # 14
        "name = '''\n"  # 15
        "[[routes]]'''\n"  # 16
        "when = {stage = ['a', 'b'], any = [{x = 1}]}\n"  # 17
        "[routes.retry]\n"  # 18
        "extra = 1\n"  # 19
        "[[routes]]\n"  # 20
        "'quoted key'.\"a\\u0062\" = 1\n"  # 21
        "[[routes.parts]]\n"  # 22
        "[[routes.parts]]\n"  # 23
        "z = 1979\n"  # 24
    )
    assert document.data["routes"][1] == {"quoted key": {"ab": 1}, "parts": [{}, {"z": 1979}]}
    assert document.places == {
        (): 1,
        ("version",): 1,
        ("default",): 2,
        ("default", 0): 3,
        ("default", 1): 4,
        ("default", 2): 4,
        ("default", 2, 0): 4,
        ("default", 2, 1): 5,
        ("models",): 7,
        ("models", "small"): 7,
        ("models", "small", "model"): 8,
        ("models", "small", "text"): 9,
        ("models", "small", "params"): 12,
        ("models", "small", "params", "max_tokens"): 12,
        ("routes",): 14,
        ("routes", 0): 14,
        ("routes", 0, "name"): 15,
        ("routes", 0, "when"): 17,
        ("routes", 0, "retry"): 18,
        ("routes", 0, "retry", "extra"): 19,
        ("routes", 1): 20,
        ("routes", 1, "quoted key"): 21,
        ("routes", 1, "quoted key", "ab"): 21,
        ("routes", 1, "parts"): 22,
        ("routes", 1, "parts", 0): 22,
        ("routes", 1, "parts", 1): 23,
        ("routes", 1, "parts", 1, "z"): 24,
    }
    assert document.line(("routes", 0, "when", "any", 0, "x")) == 17


def test_windows_line_ends_do_not_move_the_lines() -> None:
    assert toml("a = 1\r\nb = '''\r\n'''\r\nc = 2\r\n").places[("c",)] == 4
    assert yaml("a: 1\r\nb: |\r\n  x\r\nc: 2\r\n").places[("c",)] == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb = 2\na = '''\n'''", "p:3: the key 'a' stands twice, the first time on line 1; keep one of them"),
        ("[a]\nx = 1\n[b]\n[a]", "p:4: the key 'a' stands twice, the first time on line 1"),
        ("[[r]]\nx = 1\n[[r]]\nx = 1\nx = 2", "p:5: the key 'r.1.x' stands twice, the first time on line 4"),
        ("[a]\nb.c = 1\nb = 2", "p:3: "),
        ("a = {b = 1, b = 2}", "p:1: "),
        ("a = 1\nb = yes", "p:2: Invalid value; put text in quotes"),
        ("a = 1\nb = [1,\n", "p:2: "),
        ("a = 1\nb", "p:2: "),
        ('a = """x\ny', "p:2: "),
        ("a = 1\nb = 2026-11-22", "p:2: 2026-11-22 is a date or a time, which no key takes; put it in quotes"),
        ("a = 1\nb = [\n1.0,\nnan]", "p:4: nan is not a number"),
        ("a = 1e999", "p:1: inf is not a number"),
        ("a = '\ud800'", "p:1: half of a pair of characters is missing"),
        ("a = " + "9" * 5000, "p:1: "),
        ("a = " + "[" * 100_000, "p:1: nested deeper than 50"),
        ("b = 1\na = " + "{x=" * 100_000, "p:2: nested deeper than 50"),
        ("a." * 100_000 + "a = 1", "p:1: nested deeper than 50"),
        ("a = {" + "a." * 1000 + "a = 1}", "p:1: nested deeper than 50"),
        ("a = {" + "x" + ".x" * 60 + " = 1}", "p:1: nested deeper than 50"),
        ("", "p:1: the policy is empty"),
        ("# nothing", "p:1: the policy is empty"),
    ],
)
def test_toml_that_is_no_policy_is_refused_with_line_and_cure(text: str, said: str) -> None:
    assert said in refusal(text, "toml")


@pytest.mark.parametrize(("suffix", "text"), [(".yaml", "a: é"), (".yml", "a: é"), (".toml", "a = 'é'"), (".YAML", "a: é")])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_is_read_by_its_suffix_with_or_without_a_byte_order_mark(tmp_path: Path, suffix: str, text: str, mark: str) -> None:
    path = tmp_path / f"policy{suffix}"
    path.write_text(mark + text, encoding="utf-8")
    assert read_file(path) == Document({"a": "é"}, {(): 1, ("a",): 1}, str(path))
    assert read_file(str(path)).name == str(path)


def file_refusal(path: str | Path) -> str:
    with pytest.raises(PolicyError) as caught:
        read_file(path)
    return str(caught.value)


def test_another_suffix_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    assert "'.json' is not a suffix of a policy; name the file with one of .yaml, .yml, .toml" in file_refusal(tmp_path / "p.json")
    assert "'' is not a suffix" in file_refusal("policy")


def test_a_missing_file_is_told_with_the_place_that_was_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        file_refusal("p.yaml")
        == f"p.yaml: no such file, looked for {str(tmp_path / 'p.yaml')!r}; create it, or give the path of your policy"
    )


def test_a_directory_a_nul_and_a_file_as_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").mkdir()
    (tmp_path / "f.yaml").write_text("a: 1")
    assert "this is a directory; give the path of the policy file in it" in file_refusal(tmp_path / "d.yaml")
    assert "cannot be read" in file_refusal(tmp_path / "f.yaml" / "p.yaml")
    assert "cannot be read" in file_refusal("a\0.yaml")


def test_bytes_that_are_not_utf8_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"a: 1\nb: \xe9\n")
    assert file_refusal(path) == f"{path}:2: byte 0xe9 is not UTF-8; save the file as UTF-8"


def test_an_empty_file_and_one_too_large_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"")
    assert "the policy is empty" in file_refusal(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "larger than 1000000 bytes" in file_refusal(path)
    assert "larger than 1000000 bytes" in refusal(" " * (MAX_BYTES + 1))


JSON_KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | JSON_KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JSON_KEYS, inner, max_size=4),
    max_leaves=20,
)
YAML_PIECES = st.lists(
    st.sampled_from(
        list("-:?*&!|>'\"%@`{}[],#\n\t ~\\") + ["a", "1", "<<", "---", "...", "&a ", "*a", "\n  ", "- ", ": ", '"\\U', "!!", "%YAML "]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)
TOML_PIECES = st.lists(
    st.sampled_from(list("=.[]{},'\"#\n\t \\") + ["a", "b", "1", "[[", "]]", '"""', "'''", "\r\n", " = ", "nan", "1979-05-27", "'\"'"])
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(YAML_PIECES)
def test_any_yaml_text_is_read_or_refused_with_a_policy_error(text: str) -> None:
    read_or_refused(text, "yaml")


@given(TOML_PIECES)
def test_any_toml_text_is_read_or_refused_with_a_policy_error(text: str) -> None:
    read_or_refused(text, "toml")


def read_or_refused(text: str, format: Literal["yaml", "toml"]) -> None:
    try:
        document = read_text(text, name="p", format=format)
    except PolicyError as error:
        assert error.problems
        assert all(re.match(r"(?s)p(:\d+)?: .+; .+", problem) for problem in error.problems)
        lines = [int(found[1]) for problem in error.problems if (found := re.match(r"p:(\d+)", problem))]
        assert all(1 <= line <= len(text.splitlines()) + 1 for line in lines)
    else:
        assert json.loads(json.dumps(document.data)) == document.data


@given(st.dictionaries(JSON_KEYS, JSON, min_size=1, max_size=4), st.sampled_from([None, 1]))
def test_json_comes_back_equal_and_every_value_has_a_place(data: dict[str, Any], indent: int | None) -> None:
    document = yaml(json.dumps(data, indent=indent))
    assert document.data == data
    assert {path for path, _ in paths(data)} == set(document.places)


@given(st.dictionaries(JSON_KEYS, JSON.filter(lambda value: "null" not in json.dumps(value)), min_size=1, max_size=4), st.integers(0, 3))
def test_the_same_data_in_toml_comes_back_equal_and_each_key_has_its_line(data: dict[str, Any], blank: int) -> None:
    lines = [f"{'#' * blank}\n{json.dumps(key, ensure_ascii=False)} = {as_toml(value)}\n" for key, value in data.items()]
    document = toml("".join(lines))
    assert document.data == data
    assert [document.places[(key,)] for key in data] == [2 + sum(line.count("\n") for line in lines[:at]) for at in range(len(lines))]


def as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(as_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
