"""A wrong policy is refused with file, line, what is known and the cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskroute import Policy, PolicyError, load_policy
from tests.policies import policy, when

GOOD = """\
models:
  small: openai:gpt-5-mini
  large: {model: anthropic:claude-opus-4-5}
default: [small, large]
"""


def problems(tmp_path: Path, text: str, name: str = "taskroute.yaml") -> list[str]:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    return [problem.replace(f"{path}", name) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "routes:\n  - name: a\n    use: [larg]\n", "taskroute.yaml:7: routes[0].use[0]: no model named 'larg'; did you mean 'large'?"),
        (GOOD.replace("[small, large]", "tiny"), "taskroute.yaml:4: default[0]: no model named 'tiny'; known: large, small"),
        (GOOD + "rotes: []\n", "taskroute.yaml:5: rotes: unknown key 'rotes'; did you mean 'routes'? known: breaker, cache, classifier, default"),
        (GOOD + "retry: {extra: 1, bakoff: 5s}\n", "taskroute.yaml:5: retry.bakoff: unknown key 'bakoff'; did you mean 'backoff'?"),
        (GOOD + "timeout: {attempt: 60}\n", "taskroute.yaml:5: timeout.attempt: 60 is not a duration; write a number with its unit"),
        (GOOD + "timeout: {attempt: 5 parsecs}\n", "'5 parsecs' is not a duration"),
        (GOOD + "timeout: {attempt: 0s}\n", "'0s' is not longer than zero"),
        (GOOD + "retry: often\n", "taskroute.yaml:5: retry: this must be a mapping with some of: extra, backoff, max_wait, not 'often'"),
        (GOOD + "routes: {name: a}\n", "taskroute.yaml:5: routes: this must be a list, not a mapping"),
        (GOOD + "retry: {extra: lots}\n", "taskroute.yaml:5: retry.extra: input should be a valid integer, not 'lots'"),
        (GOOD + "retry: {extra: 99}\n", "retry.extra: input should be less than or equal to 10, not 99"),
        (GOOD + "mode: shadow\n", "taskroute.yaml:5: mode: input should be 'enforce' or 'observe', not 'shadow'"),
        (GOOD + "version: 2\n", "taskroute.yaml:5: version: input should be 1, not 2"),
        (GOOD + "tasks: {billing: {describtion: a}}\n", "tasks.billing.describtion: unknown key 'describtion'; did you mean 'description'?"),
        (GOOD + "routes:\n  - {name: a}\n", "taskroute.yaml:6: routes[0]: nothing says which models answer; write 'use' with models in order, or 'choose' with"),
        (GOOD + "routes:\n  - {name: a, use: small, choose: {among: small, objective: cheapest}}\n", "taskroute.yaml:6: routes[0]: both 'use' and 'choose' are given; keep 'use' for a fixed order"),
        (GOOD + "routes:\n  - name: a\n    choose:\n      among: [small, larg]\n      objective: cheapest\n", "taskroute.yaml:8: routes[0].choose.among[1]: no model named 'larg'; did you mean 'large'?"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [small, small], objective: cheapest}}\n", "routes[0].choose.among[1]: model 'small' stands twice; remove one"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [], objective: cheapest}}\n", "routes[0].choose.among: the list is empty; name at least one"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [small]}}\n", "routes[0].choose: the key 'objective' is missing; add it"),
        (GOOD + "routes:\n  - {name: a, choose: cheapest}\n", "routes[0].choose: this must be a mapping with some of: among, objective, min_quality,"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [small], objective: smartest}}\n", "routes[0].choose.objective: input should be 'cheapest', 'fastest', 'best', 'utility' or 'balanced', not 'smartest'"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [small], objective: fastest, max_error_rate: 20}}\n", "routes[0].choose.max_error_rate: input should be less than or equal to 1, not 20"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [small], objective: cheapest, min_quality: 90}}\n", "routes[0].choose.min_quality: input should be less than or equal to 1, not 90"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [small], objective: cheapest, amung: 1}}\n", "routes[0].choose.amung: unknown key 'amung'; did you mean 'among'?"),
        (GOOD.replace("{model: anthropic:claude-opus-4-5}", "{model: a, latency: 3}"), "models.large.latency: 3 is not a duration; write a number with its unit (ms, s, m, h, d), such as '3s'"),
        (GOOD.replace("{model: anthropic:claude-opus-4-5}", "{model: a, finish_reason: never}"), "models.large.finish_reason: input should be a valid boolean, not 'never'"),
        (GOOD + "classifier: {kind: neural}\n", "classifier.kind: input should be 'keywords', 'builtin', 'examples', 'model' or 'none', not 'neural'"),
        (GOOD + "tasks: {billing: {examples: []}}\n", "tasks.billing.examples: the list is empty"),
        (GOOD + "telemetry: {content: full}\n", "telemetry.content: input should be 'none', 'span', 'event' or 'span_and_event', not 'full'"),
        (GOOD + "telemetry: {spans: all}\n", "telemetry.spans: input should be 'auto', 'full' or 'route_only', not 'all'"),
        (GOOD + "fallback: {on: [bad_request]}\n", "fallback.on[0]: input should be 'rate_limit'"),
        (GOOD + "routes:\n  - {name: a, use: small}\n  - {name: a, use: large}\n", "taskroute.yaml:7: routes[1].name: route 1 is named 'a' too"),
        (GOOD + "routes:\n  - {use: small}\n", "taskroute.yaml:6: routes[0]: the key 'name' is missing; add it"),
        (GOOD + "routes:\n  - {name: a, use: []}\n", "routes[0].use: the list is empty"),
        (GOOD + "routes:\n  - {name: a, use: [small, small]}\n", "routes[0].use[1]: model 'small' stands twice"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {task: coding}}\n", "routes[0].when.task[0]: no task named 'coding'"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {complexity: hard}}\n", "routes[0].when.complexity"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {any: [{tusk: x}]}}\n", "routes[0].when.any[0].tusk: unknown key 'tusk'; did you mean 'task'?"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {tokens: {}}}\n", "routes[0].when.tokens: give 'over', 'under' or both"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {tokens: {over: 9, under: 3}}}\n", "nothing is over 9 and under 3"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {prompt: {regex: '(a)\\1'}}}\n", "is not an RE2 expression"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {sensitive: [emial]}}\n", "no kind of sensitive data named 'emial'; did you mean 'email'?"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {metadata: {plan: {is: pro}}}}\n", "routes[0].when.metadata.plan.is: unknown key 'is'"),
        (GOOD + "routes:\n  - {name: a, use: small, fallback: never}\n", "'never' is not known; write 'none'"),
        (GOOD + "tasks: {code: {keywords: [x]}}\n", "'code' is the name of a built-in group of tasks"),
        (GOOD + "models: {}\n", "taskroute.yaml:5"),
        (GOOD.replace("{model: anthropic:claude-opus-4-5}", "{model: a, price: {input: -1, output: 2}}"), "models.large.price.input: input should be greater"),
        (GOOD.replace("{model: anthropic:claude-opus-4-5}", "{model: a, price: {input: 1}}"), "models.large.price: the key 'output' is missing"),
        (GOOD.replace("{model: anthropic:claude-opus-4-5}", "{model: a, api_key_env: sk-12-34}"), "not the name of an environment variable"),
        (GOOD.replace("{model: anthropic:claude-opus-4-5}", "7"), "taskroute.yaml:3: models.large"),
        (GOOD.replace("openai:gpt-5-mini", "'openai:'"), "taskroute.yaml:2: models.small: 'openai:' is not 'provider:model'"),
        (GOOD.replace("openai:gpt-5-mini", "':x'"), "models.small: ':x' is not 'provider:model'"),
        (GOOD.replace("openai:gpt-5-mini", "'openai: x'"), "models.small: 'openai: x' is not 'provider:model'"),
        (GOOD.replace("openai:gpt-5-mini", "'  '"), "models.small: '  ' is not 'provider:model'"),
        (GOOD.replace("  small:", '  "a\\nb":'), "models.'a\\nb': the name 'a\\nb' holds a line break or another control character"),
        (GOOD.replace("  small:", "  ' ':"), "the name ' ' is blank"),
        (GOOD + 'routes:\n  - {name: "a\\tb", use: small}\n', "routes[0].name: the name 'a\\tb' holds a line break"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {language: EN}}\n", "'EN' is not an ISO 639-1 code; write two lower-case letters; did you mean 'en'?"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {language: [de, en-US]}}\n", "when.language[1]: 'en-US' is not an ISO 639-1 code"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {language: english}}\n", "write two lower-case letters; such as 'en'"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {any: []}}\n", "routes[0].when.any: this is empty, so it never holds"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {all: []}}\n", "routes[0].when.all: this is empty, so it always holds"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {not: {}}}\n", "routes[0].when.not: an empty condition holds for every call"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {metadata: {}}}\n", "routes[0].when.metadata: no key is named"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {metadata: {plan: []}}}\n", "when.metadata.plan: the list is empty; name at least one value"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {metadata: {plan: {not: []}}}}\n", "when.metadata.plan.not: the list is empty"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {metadata: {n: {over: 9, under: 3}}}}\n", "when.metadata.n: nothing is over 9 and under 3"),
        (GOOD + "routes:\n  - {name: a, use: small, fallback: {on: []}}\n", "routes[0].fallback: 'on' is empty; write 'fallback: none'"),
        (GOOD + "routes:\n  - {name: a, use: small, fallback: None}\n", "routes[0].fallback: 'None' is not known; did you mean 'none'?"),
        (GOOD + "fallback: none\n", "fallback: this must be a mapping with 'on', not 'none'; write {on: []}"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {stage: '*'}}\n", "routes[0].when.stage[0]: '*' matches nothing: '*' stands only at the end"),
        (GOOD + "require:\n  - {when: {not: {stage: [judge, tool*]}}, labels: eu}\n", "require[0].when.not.stage[1]: 'tool*' matches nothing"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {stage: 'to*:*'}}\n", "'to*:*' matches nothing"),
        (GOOD + "stages: {nodes: {search: 'tool:*'}}\n", "stages.nodes.search: a node has one stage, and 'tool:*' holds a '*'"),
        (GOOD + "stages: {nodes: [a]}\n", "stages.nodes: this must be a mapping of node names to stages, not a list"),
        (GOOD + "routes:\n  - {name: a, use: small, when: {metadata: plan}}\n", "when.metadata: this must be a mapping of metadata keys to tests, not 'plan'"),
        (GOOD + "sensitive: {patterns: {ticket: 'T*'}}\n", "sensitive.patterns.ticket: 'T*' matches the empty text, and so every call"),
        (GOOD + "sensitive: {patterns: {email: 'T[0-9]+'}}\n", "sensitive.patterns.email: 'email' is a built-in kind"),
        (GOOD + "sensitive: {kinds: email, patterns: {ticket: 'T-'}}\nrequire:\n  - {when: {sensitive: [email, ticket, card]}, labels: eu}\n",
         "taskroute.yaml:7: require[0].when.sensitive[2]: this never holds for 'card', which 'sensitive.kinds' leaves out; add it there, or remove it here. looked for: email, ticket"),
        ("models:\ndefault: a\n", "taskroute.yaml:1: models: this must be a mapping of names to models, not nothing"),
        ("models: [a]\ndefault: a\n", "models: this must be a mapping of names to models, not a list"),
        ("models: {}\ndefault: a\n", "models: name at least one model"),
        ("models: {price: {prise: 1}}\ndefault: price\n", "models.price.prise: unknown key 'prise'; did you mean 'price'?"),
        (GOOD.replace("[small, large]", "[]"), "default: the list is empty; name at least one"),
        ("models: {a: openai:b}\n", "taskroute.yaml:1: the key 'default' is missing; add it"),
        ("default: [a]\n", "the key 'models' is missing"),
        ("", "taskroute.yaml:1: the policy is empty"),
    ],
)  # fmt: skip
def test_says_where_and_what_and_the_cure(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "routes:\n  - {name: a, use: small, fallback: {on: [bad_request]}}\n", "taskroute.yaml:6: routes[0].fallback.on[0]: input should be 'rate_limit'"),
        (GOOD + "routes:\n  - {name: a, use: []}\n", "taskroute.yaml:6: routes[0].use: the list is empty; name at least one"),
        (GOOD + "require:\n  - {when: {}, labels: []}\n", "taskroute.yaml:6: require[0].labels: the list is empty; name at least one"),
        (GOOD + "routes:\n  - {name: a}\n", "taskroute.yaml:6: routes[0]: nothing says which models answer"),
        (GOOD + "routes:\n  - {name: a, choose: {among: [], objective: cheapest}}\n", "taskroute.yaml:6: routes[0].choose.among: the list is empty; name at least one"),
    ],
)  # fmt: skip
def test_says_one_slip_once_and_only_what_helps(tmp_path: Path, text: str, expected: str) -> None:
    [found] = problems(tmp_path, text)
    assert found.startswith(expected)
    assert "leave the key out" not in found


@pytest.mark.parametrize(
    "changes",
    [
        {"fallback": {"on": []}, "routes": [], "require": [], "tasks": {}, "stages": {"nodes": {}}},
        {"routes": when(stage=["tool:*", "tool:sql:*", "my step"], language=["no", "en"], all=[{}])},
        {"sensitive": {"kinds": ["email"], "patterns": {"ticket": "T-[0-9]+"}}, "routes": when(sensitive=["email", "ticket"])},
        {"models": {"small": "${PROVIDER}:${MODEL}", "large": "bedrock:anthropic.claude-sonnet-4-5-v1:0"}},
        {"routes": [{"name": "Fragen & Antworten – 質問", "use": "small", "fallback": "none"}]},
        {"routes": [{"name": "a", "use": "small", "fallback": {"on": ["timeout"]}}]},
        {"routes": [{"name": "a", "choose": {"among": "small", "objective": "cheapest"}, "use": None}]},
        {"routes": [{"name": "a", "choose": {"among": ["large", "small"], "objective": "fastest", "max_error_rate": 0}}]},
    ],
)
def test_takes_what_has_a_meaning(changes: dict[str, Any]) -> None:
    assert load_policy(policy(**changes)).version == 1


def test_tells_every_problem_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD + "mode: x\nretry: {extra: y}\ntimeout: {call: 1}\n")
    assert [problem.split(": ")[1] for problem in found] == ["mode", "retry.extra", "timeout.call"]


def test_names_the_line_in_toml_too(tmp_path: Path) -> None:
    text = 'default = ["small"]\n\n[models]\nsmall = "openai:x"\n\n[[routes]]\nname = "a"\nuse = "larg"\n'
    assert problems(tmp_path, text, "taskroute.toml") == [
        "taskroute.toml:8: routes[0].use[0]: no model named 'larg'; known: small; add it under 'models' or correct the name"
    ]


def test_reads_on_as_a_key_and_no_as_a_language(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(GOOD + "fallback: {on: [timeout]}\nroutes: [{name: nordic, when: {language: no}, use: large}]\n")
    read = load_policy(path)
    assert read.fallback.on == ("timeout",)
    assert read.routes[0].when.language == ("no",)


def test_says_the_same_in_yaml_toml_and_plain_data(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(GOOD)
    (tmp_path / "p.toml").write_text(
        'default = ["small", "large"]\n[models]\nsmall = "openai:gpt-5-mini"\nlarge = {model = "anthropic:claude-opus-4-5"}\n'
    )
    data = {"models": {"large": "anthropic:claude-opus-4-5", "small": "openai:gpt-5-mini"}, "default": ["small", "large"]}
    assert {load_policy(source).fingerprint for source in (tmp_path / "p.yaml", tmp_path / "p.toml", data)} == {
        Policy.model_validate(data).fingerprint
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"default": ["large", "small"]},
        {"mode": "observe"},
        {"routes": when(stage="a")},
        {"retry": {"extra": 2}},
        {"models": {"small": {"model": "test:small"}, "large": {"model": "test:large", "params": {"temperature": 1}}}},
    ],
)
def test_gives_what_differs_another_fingerprint(changes: dict[str, Any]) -> None:
    assert load_policy(policy(**changes)).fingerprint != load_policy(policy()).fingerprint


def test_reads_back_what_it_writes_out() -> None:
    priced = {"small": {"model": "test:small", "price": {"input": 0.15, "output": "1.20"}}, "large": "test:large"}
    read = load_policy(policy(models=priced, timeout="90s", routes=[{"name": "a", "use": "small", "timeout": {"call": "2m"}}]))
    for mode in ("python", "json"):
        written = read.model_dump(mode=mode, by_alias=True, exclude_unset=True)
        assert load_policy(written) == read


def test_refuses_to_change_after_it_was_read() -> None:
    read = load_policy(policy())
    with pytest.raises(Exception, match="frozen"):
        read.mode = "observe"  # type: ignore[misc]
