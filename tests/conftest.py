"""Nothing in the tests reaches for the network, not even a library that is only imported."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from taskroute.types import Asking

# No example is failed for being slow: machines that run tests are shared. In CI the same examples are tried each time.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("shared"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "shared")

# What only a host can make is left out of the calls that hypothesis makes up.
st.register_type_strategy(Asking, st.none())

pytest_plugins = ("pytester", "tests.clients", "tests.recording", "tests.stores.redis_server")

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
# LiteLLM leaves the sessions of its usual client, aiohttp, open at the end; that one is used in the tests of faults of the wire.
os.environ["DISABLE_AIOHTTP_TRANSPORT"] = "True"
os.environ["LANGSMITH_TRACING"] = "false"
for switch in ("TASKROUTE_PIN", "TASKROUTE_DISABLED"):
    os.environ.pop(switch, None)
