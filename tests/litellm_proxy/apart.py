"""Proxies with a policy and settings of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.emulator import Emulator
from tests.litellm_proxy.running import Proxy, environment, running
from tests.litellm_proxy.sink import Sink

SET_UP = Path(__file__).parent / "set_up"


def group(name: str, model: str | None = None, **params: Any) -> dict[str, Any]:
    """Return an entry of a model list: a group of this name, served by the emulator."""
    given = {"model": f"openai/{model or f'm-{name}'}", "api_base": "os.environ/EMULATOR_V1", "api_key": "none", "max_retries": 0, **params}
    return {"model_name": name, "litellm_params": given}


@contextmanager
def proxy_of(
    folder: Path,
    provider: Emulator,
    sink: Sink,
    *,
    policy: Mapping[str, Any],
    groups: Sequence[Mapping[str, Any]],
    router: Mapping[str, Any] | None = None,
    general: Mapping[str, Any] | None = None,
    litellm: Mapping[str, Any] | None = None,
) -> Iterator[Proxy]:
    """Run a proxy for a policy, with keys as in the other tests. `router`, `general` and `litellm` are settings of LiteLLM's.

    What fails in one test must not be avoided in the next, so that nothing cools down.
    """
    config = {
        "model_list": groups,
        "router_settings": {
            "model_group_alias": {"auto": groups[0]["model_name"]},
            "num_retries": 0,
            "disable_cooldowns": True,
            **(router or {}),
        },
        "litellm_settings": litellm or {"callbacks": ["taskroute_litellm.proxy_hook"]},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY", "custom_auth": "keys.authenticate", **(general or {})},
    }
    # JSON is YAML, too. Callables are looked for beside the file.
    (folder / "config.yaml").write_text(json.dumps(config))
    (folder / "taskroute.yaml").write_text(json.dumps(policy))
    (folder / "keys.py").write_text((SET_UP / "keys.py").read_text())
    environ = environment(
        EMULATED_KEY="none",
        EMULATOR_V1=f"{provider.url}/v1",
        LITELLM_CONFIG=str(folder / "config.yaml"),
        TASKROUTE_POLICY=str(folder / "taskroute.yaml"),
        TASKROUTE_OTEL="1",
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.url,
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    with running(folder / "log", environ) as found:
        yield found


class Client:
    """Sends a proxy what an HTTP client may send it."""

    def __init__(self, proxy: Proxy, *, key: str = "sk-plain") -> None:
        self._http = httpx.Client(base_url=proxy.url, timeout=60, headers={"authorization": f"Bearer {key}"})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.close()

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self._http.post(path, json=dict(body), headers=dict(headers or {}))

    def chat(self, stage: str = "", *, model: str = "auto", text: str = "hi", **more: Any) -> httpx.Response:
        headers = {"x-taskroute-stage": stage} if stage else {}
        return self.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": text}], **more}, headers)


def asked_of(emulator: Emulator) -> list[str]:
    """Return the models that were asked, oldest first, by the names of their groups."""
    return [str(request.body["model"]).removeprefix("m-") for request in emulator.requests]
