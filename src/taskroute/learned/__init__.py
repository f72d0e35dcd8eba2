"""What was learned from data, as it is used in a call. It needs NumPy, and is loaded only where a policy asks for it."""

from __future__ import annotations

from importlib.util import find_spec

from taskroute.errors import ConfigurationError

if find_spec("numpy") is None:
    raise ConfigurationError("what was learned from data needs NumPy, which is not installed; run: pip install 'taskroute[learn]'")
