"""What a running proxy tells beside its spans: metrics, and a line of each call."""

from __future__ import annotations

import time

from tests.emulator import Emulator, Say
from tests.litellm_proxy.apart import Client
from tests.litellm_proxy.running import Proxy
from tests.litellm_proxy.sink import Sink


def test_metrics_go_where_the_spans_go(proxy: Proxy, sink: Sink, emulator: Emulator) -> None:
    emulator.on("m-large", Say("ho", input=1000, output=500))
    with Client(proxy) as client:
        assert client.chat("rerank").status_code == 200

    sink.metric("taskroute.cost")
    sink.metric("gen_ai.client.operation.duration")


def test_the_line_that_the_policy_wants_is_in_the_proxys_log_once(proxy: Proxy, emulator: Emulator) -> None:
    emulator.on("m-large", Say("ho", input=1000, output=500))
    with Client(proxy) as client:
        decision = client.chat("rerank").headers["x-taskroute-decision-id"]

    until = time.monotonic() + 30
    while f"decision_id={decision}" not in proxy.said() and time.monotonic() < until:
        time.sleep(0.05)

    (line,) = [line for line in proxy.said().splitlines() if f"decision_id={decision}" in line]
    assert " - taskroute.calls:INFO: call route=reranking model=large status=answered" in line
