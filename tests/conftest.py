"""Nothing in the tests reaches for the network, not even a library that is only imported."""

from __future__ import annotations

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LANGSMITH_TRACING"] = "false"
for switch in ("TASKROUTE_PIN", "TASKROUTE_DISABLED"):
    os.environ.pop(switch, None)
