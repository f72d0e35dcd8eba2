"""A group of the proxy as classifier."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.litellm_proxy.acting import Acting

LABEL = json.dumps({"scores": [{"task": "question_answering", "score": 0.9}], "complexity": "low"})
RULES: dict[str, Any] = {
    "models": {"judge": {}, "small": {}, "large": {}},
    "default": "small",
    "routes": [{"name": "questions", "when": {"task": "question_answering"}, "use": "large"}],
    "require": [{"when": {"tags": ["x"]}, "labels": ["private"]}],
    "classifier": {"kind": "model", "model": "judge"},
}


class Groups:
    """The proxy's router, with what it is asked for."""

    def __init__(self) -> None:
        self.model_group_alias = {"auto": "small"}
        self.sent: list[Mapping[str, Any]] = []

    def get_model_names(self) -> list[str]:
        return list(RULES["models"])

    def get_model_list(self, model_name: str | None = None) -> list[dict[str, Any]]:
        return []

    async def acompletion(self, **given: Any) -> Any:
        self.sent.append(given)
        message = {"role": "assistant", "content": LABEL}
        return {"object": "chat.completion", "model": "judge", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


async def test_the_hook_asks_a_group_on_the_account_of_the_key() -> None:
    groups = Groups()
    proxy = Acting(RULES, groups=groups)
    request = await proxy.comes(
        messages=[{"role": "user", "content": "What is the capital of France?"}], metadata={"user_api_key": "hashed"}
    )
    assert request["model"] == "large"
    (sent,) = groups.sent
    assert (sent["model"], sent["metadata"]["user_api_key"], sent["fallbacks"]) == ("judge", "hashed", [])


async def test_what_it_asks_is_no_call_that_nobody_decided() -> None:
    groups = Groups()
    proxy = Acting(RULES, groups=groups)
    await proxy.comes(messages=[{"role": "user", "content": "What is the capital of France?"}])
    asked = {"model": "openai/judge", "metadata": groups.sent[0]["metadata"]}
    assert await proxy.hook.async_pre_call_deployment_hook(asked, None) is None
    # A client cannot say so of its own calls.
    theirs = {**asked["metadata"], "taskroute": json.loads(json.dumps(asked["metadata"]["taskroute"]))}
    with pytest.raises(Exception, match="which is not kept on this path"):
        await proxy.hook.async_pre_call_deployment_hook({**asked, "metadata": theirs}, None)


async def test_while_the_proxy_has_no_router_the_task_stays_open() -> None:
    assert (await Acting(RULES).comes())["model"] == "small"
