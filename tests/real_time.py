"""Tests that hold a real limit of time against a real clock."""

from __future__ import annotations

from typing import Final

import pytest

REAL_TIME: Final = pytest.mark.flaky(reruns=2)
"""For a file whose tests have limits of less than a few seconds, within which something must also be in time.

A shared machine stands still for some seconds now and then. Then the limit passes for what is in time, too, and nothing is wrong. So such
a test is tried up to three times; one that fails each time is broken.
"""
