"""Nothing here is collected without the servers' environment, a gigabyte of packages: `make test-backends` has it."""

from __future__ import annotations

import os

if os.environ.get("TASKROUTE_BACKENDS"):
    from .given import experiments, mlflow, phoenix, priced, sent, servers  # noqa: F401 - fixtures
else:
    collect_ignore_glob = ["test_*.py"]
