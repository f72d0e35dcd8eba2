"""User expressions, compiled by RE2 so that no text can make them slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compile_linear(pattern: str) -> Callable[[str], bool]:
    """Return a test for `pattern` whose time grows linearly with the text. Raises ValueError with the cure."""
    try:
        import re2 as untyped  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise ValueError(
            f"the expression {pattern!r} needs RE2, which is not installed; pip install 'taskroute[re2]' "
            "(other engines can be made slow by a prompt)"
        ) from None
    re2: Any = untyped
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else error
        raise ValueError(
            f"{pattern!r} is not an RE2 expression: {reason}; RE2 has no back-references and no look-around "
            "(https://github.com/google/re2/wiki/Syntax)"
        ) from None

    def found(text: str) -> bool:
        # RE2 works on UTF-8; a lone surrogate has none, so it is replaced.
        return compiled.search(text if text.isascii() else text.encode("utf-8", "replace").decode()) is not None

    return found
