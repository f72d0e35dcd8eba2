"""`taskroute litellm config`: what it writes is what LiteLLM reads, and it writes no secret and over no file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from taskroute.decision.snapshot import compile_policy
from taskroute.policy.parse import load_policy
from taskroute_litellm.config import followers

from .running import Cli, in_own_process

POLICY = """\
models:
  small: {model: "openai:gpt-4.1-mini", params: {temperature: 0, metadata: {team: "${TEAM}"}}}
  large: {model: "anthropic:claude-sonnet-4-5", api_key_env: CLAUDE_KEY}
  onprem: {model: "ollama:llama3.3", base_url: "${OLLAMA_URL}", labels: [private]}
default: [small, large]
require:
  - {when: {sensitive: true}, labels: private}
routes:
  - {name: answers, when: {stage: generate}, use: [large, onprem]}
  - {name: own, when: {stage: grade}, use: onprem}
"""


@pytest.fixture
def name(cli: Cli) -> str:
    return cli.write("taskroute.yaml", POLICY)


def written(cli: Cli, *options: str) -> dict[str, Any]:
    ran = cli("litellm", "config", *options)
    assert ran.status == 0, ran.err
    config: dict[str, Any] = yaml.safe_load(ran.out)
    return config


def test_each_model_is_a_group_with_what_litellm_is_given_for_it(cli: Cli, name: str) -> None:
    assert written(cli, "--policy", name)["model_list"] == [
        {
            "model_name": "small",
            "litellm_params": {"model": "openai/gpt-4.1-mini", "temperature": 0, "metadata": {"team": "os.environ/TEAM"}},
        },
        {"model_name": "large", "litellm_params": {"model": "anthropic/claude-sonnet-4-5", "api_key": "os.environ/CLAUDE_KEY"}},
        {"model_name": "onprem", "litellm_params": {"model": "ollama_chat/llama3.3", "api_base": "os.environ/OLLAMA_URL"}},
    ]


def test_the_proxy_is_given_the_hook_and_its_key_by_name(cli: Cli, name: str) -> None:
    config = written(cli)
    assert config["litellm_settings"] == {"callbacks": ["taskroute_litellm.proxy_hook"]}
    assert config["general_settings"] == {"master_key": "os.environ/LITELLM_MASTER_KEY"}


def test_virtual_models_stand_for_the_first_of_default(cli: Cli, name: str) -> None:
    assert written(cli)["router_settings"]["model_group_alias"] == {"auto": "small"}
    assert written(cli, "--virtual", "best, cheap")["router_settings"]["model_group_alias"] == {"best": "small", "cheap": "small"}


def test_fallbacks_follow_the_policys_order_and_never_lose_a_label_that_is_asked_for(cli: Cli, name: str) -> None:
    """After `onprem`, `default` would follow by the route; but it may be the only model that is allowed to see the text."""
    assert written(cli)["router_settings"]["fallbacks"] == [
        {"auto": ["large"]},
        {"small": ["large"]},
        {"large": ["onprem", "small"]},
    ]


def test_each_virtual_model_has_the_fallbacks_of_the_first_of_default(cli: Cli, name: str) -> None:
    """LiteLLM looks under the name that was asked for, so that the virtual models would have none while taskroute is off."""
    assert written(cli, "--virtual", "best,cheap")["router_settings"]["fallbacks"][:2] == [{"best": ["large"]}, {"cheap": ["large"]}]


def test_a_head_comment_says_where_it_is_from_and_what_to_set(cli: Cli, name: str) -> None:
    head = "".join(line for line in cli("litellm", "config").out.splitlines(keepends=True) if line.startswith("#"))
    assert f"from {name}, version {compile_policy(load_policy(Path(name))).version}" in head
    assert "TASKROUTE_POLICY (the path of the policy), LITELLM_MASTER_KEY, TEAM, CLAUDE_KEY, OLLAMA_URL" in head
    assert "usual variables of their providers: openai/gpt-4.1-mini, ollama_chat/llama3.3" in head


def test_no_variable_is_read(cli: Cli, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("TEAM", "CLAUDE_KEY", "OLLAMA_URL", "LITELLM_MASTER_KEY"):
        monkeypatch.setenv(variable, "hush-hush")
    ran = cli("litellm", "config", "--json")
    assert "hush-hush" not in ran.out + cli("litellm", "config").out


def test_json_has_the_same_with_the_variables_to_set(cli: Cli, name: str) -> None:
    told = json.loads(cli("litellm", "config", "--json").out)
    assert told["config"] == written(cli)
    assert told["variables"] == ["LITELLM_MASTER_KEY", "TEAM", "CLAUDE_KEY", "OLLAMA_URL"]
    assert (told["policy"], len(told["policy_version"])) == ("taskroute.yaml", 12)


# Files


def test_a_file_is_written_whole_and_nothing_beside_it(cli: Cli, name: str) -> None:
    ran = cli("litellm", "config", "--output", "config.yaml")
    assert ran.status == 0
    assert ran.out.startswith("config.yaml: written from taskroute.yaml, version ")
    assert (cli.directory / "config.yaml").read_text() == cli("litellm", "config").out
    assert sorted(path.name for path in cli.directory.iterdir()) == ["config.yaml", "taskroute.yaml"]


def test_a_file_that_exists_is_left_alone_unless_forced(cli: Cli, name: str) -> None:
    cli.write("config.yaml", "mine")
    ran = cli("litellm", "config", "--output", "config.yaml")
    assert (ran.status, ran.err.strip()) == (
        2,
        "error: config.yaml: this file exists already; give another name, or --force to write over it",
    )
    assert (cli.directory / "config.yaml").read_text() == "mine"
    assert cli("litellm", "config", "--output", "config.yaml", "--force").status == 0
    assert yaml.safe_load((cli.directory / "config.yaml").read_text())["model_list"]
    assert sorted(path.name for path in cli.directory.iterdir()) == ["config.yaml", "taskroute.yaml"]


def test_forced_writing_follows_a_link(cli: Cli, name: str) -> None:
    cli.write("real.yaml", "mine")
    (cli.directory / "link.yaml").symlink_to("real.yaml")
    assert cli("litellm", "config", "--output", "link.yaml", "--force").status == 0
    assert (cli.directory / "link.yaml").is_symlink()
    assert (cli.directory / "real.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("path", "why"), [("nowhere/config.yaml", "No such file or directory"), (".", "this is a directory"), ("a\0b", "cannot be written")]
)
def test_a_file_that_cannot_be_written_is_a_usage_error(path: str, why: str, cli: Cli, name: str) -> None:
    ran = cli("litellm", "config", "--output", path)
    assert ran.status == 2
    assert why in ran.err


# What cannot be written


@pytest.mark.parametrize(
    ("models", "why"),
    [
        ("small: {}", "the policy does not say what 'small' is"),
        ('small: {model: "openai:a", base_url: "https://${HOST}/v1"}', "models.small.base_url: LiteLLM's configuration can only name"),
        ("auto: openai:a\n  small: openai:b", "the virtual model 'auto' is a model of the policy too"),
    ],
)
def test_a_policy_that_litellm_could_not_be_told_is_refused_with_the_cure(models: str, why: str, cli: Cli) -> None:
    cli.write("taskroute.yaml", f"models:\n  {models}\ndefault: small\n")
    ran = cli("litellm", "config")
    assert (ran.status, ran.out) == (2, "")
    assert why in ran.err


@pytest.mark.parametrize("options", [("--virtual", ","), ("--json", "--output", "a"), ("--force",), ("--policy", "missing.yaml")])
def test_wrong_usage_is_a_usage_error(options: tuple[str, ...], cli: Cli, name: str) -> None:
    assert cli("litellm", "config", *options).status == 2


def test_the_group_alone_says_what_is_missing(cli: Cli) -> None:
    ran = cli("litellm")
    assert ran.status == 2
    assert "COMMAND" in ran.err


# Properties


@given(st.data())
def test_no_model_follows_itself_and_none_loses_a_label(data: st.DataObject) -> None:
    names = ["a", "b", "c", "d"]
    orders = st.lists(st.sampled_from(names), min_size=1, unique=True)
    labels = {name: data.draw(st.lists(st.sampled_from(["x", "y"]), unique=True)) for name in names}
    document = {
        "models": {name: {"model": f"openai:{name}", **({"labels": labels[name]} if labels[name] else {})} for name in names},
        "default": data.draw(orders),
        "require": [{"when": {"tags": "t"}, "labels": ["x"]}],
        "routes": [
            {"name": str(n), "when": {"stage": f"s{n}"}, "use": use} for n, use in enumerate(data.draw(st.lists(orders, max_size=3)))
        ],
    }
    found = followers(compile_policy(load_policy(document)))
    assert set(found) == set(names)
    for name, after in found.items():
        assert name not in after
        assert len(set(after)) == len(after)
        assert "x" not in labels[name] or all("x" in labels[other] for other in after)


# LiteLLM


def test_what_is_written_is_a_router_of_litellms_that_the_policy_can_be_installed_on(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    litellm: Any = pytest.importorskip("litellm")
    from taskroute import Router
    from taskroute_litellm import install

    monkeypatch.setenv("SOME_KEY", "sk-emulated")
    cli.write(
        "taskroute.yaml",
        "models:\n  small: {model: 'openai:gpt-4.1-mini', api_key_env: SOME_KEY, params: {mock_response: hey}}\n"
        "  large: {model: 'anthropic:claude-sonnet-4-5', api_key_env: SOME_KEY, params: {mock_response: ho}}\n"
        "default: [small, large]\nroutes: [{name: answers, when: {stage: generate}, use: large}]\n",
    )
    config = written(cli)
    aliases = config["router_settings"]["model_group_alias"]
    router = litellm.Router(model_list=config["model_list"], model_group_alias=aliases)
    with install(router, Router.from_file("taskroute.yaml", environ={})):
        messages = [{"role": "user", "content": "a"}]
        answer = router.completion(model="auto", messages=messages, metadata={"stage": "generate"})
        assert answer.choices[0].message.content == "ho"
    assert router.completion(model="auto", messages=messages).choices[0].message.content == "hey"


def test_litellm_is_not_imported(cli: Cli, name: str) -> None:
    code = "import sys; from taskroute.cli import main; status = main(['litellm', 'config']); sys.exit(status or 'litellm' in sys.modules)"
    ran = in_own_process(code=code, cwd=cli.directory)
    assert ran.status == 0, ran.err


def test_the_command_is_in_the_help() -> None:
    ran = subprocess.run([sys.executable, "-m", "taskroute.cli", "--help"], capture_output=True, text=True, check=True)
    assert "litellm" in ran.stdout
