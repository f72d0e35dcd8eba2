"""A proxy that cannot route does not start, and says why."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.litellm_proxy.running import EXAMPLE, environment
from tests.ports import free_port


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no such file"),
        ('models: {small: {model: "openai:m"}}\ndefault: [nobody]\n', "no model named 'nobody'"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named(text: str | None, why: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    if text is not None:
        path.write_text(text)

    ended = subprocess.run(
        [str(EXAMPLE / "start.sh"), str(free_port())],
        env=environment(TASKROUTE_POLICY=str(path), OPENAI_API_KEY="none"),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert ended.returncode != 0
    assert f"{path}" in ended.stdout + ended.stderr
    assert why in ended.stdout + ended.stderr
