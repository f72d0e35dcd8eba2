"""The benchmark of many requests through the proxy, with few: that each is accounted for."""

from __future__ import annotations

from benchmarks import proxy_load


def test_no_request_is_lost_and_none_is_answered_by_a_model_that_the_policy_leaves_out() -> None:
    plain, routed, faulty = proxy_load.measure(quick=True)
    assert plain.answered == routed.answered == {"m-small": 20}
    assert faulty.answered == {"m-small": 18, "m-large": 2}
    assert not any(row.wrong or row.failed or row.lost for row in (plain, routed, faulty))
    text = proxy_load.as_text([plain, routed, faulty])
    assert "NOT AS IT MUST BE" not in text
    assert "added p50" in text
