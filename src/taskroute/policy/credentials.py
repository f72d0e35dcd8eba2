"""Does a key stand in a policy? Policies are committed, printed and reloaded; keys belong in the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

Path = tuple[str | int, ...]

CURE: Final = "put it into an environment variable, and name that in 'api_key_env' or write ${VARIABLE} here"

_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_SECRET_NAME: Final = re.compile(
    r".*(?:apikey|accesskey|accesskeyid|secretkey|privatekey|subscriptionkey|secret|accountkey|password|passwd|passphrase|authorization"
    r"|(?:access|api|auth|bearer|session|refresh|security|ad)token)|token|auth|bearer|jwt|cookie"
)
_SECRET_PARAMETER: Final = re.compile(r"key|sig|signature|code")
"""Names that hold a key in an address, beside the others; elsewhere they are common words."""
_LOOKS: Final = re.compile(
    r"^\s*sk-[\w-]{6,}\s*$"
    r"|(?<![\w-])sk-(?=[\w-]*\d)[\w-]{16,}"
    r"|^\s*(?i:bearer)\s+\S+\s*$"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{30,}"
    r"|\b(?:gh[opsur]_|github_pat_|glpat-|gsk_|hf_|xai-|pplx-|nvapi-|r8_|xox[abprs]-)[\w-]{16,}"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_USER: Final = re.compile(r"//([^/?#\s]*)@")
_QUERY: Final = re.compile(r"[?&;]([^?=&;#\s]+)=([^&;#\s]+)")


def looks_like_key(value: object) -> bool:
    """Return whether a text has the form of a key, apart from what it takes from the environment."""
    return isinstance(value, str) and _LOOKS.search(_literal(value)) is not None


def names_key(name: str) -> bool:
    """Return whether this is what people call a key, such as `api_key` or `password`."""
    return _is_secret(name)


def in_value(value: Any, path: Path, *, secret: bool = False) -> Iterator[tuple[Path, str]]:
    """Yield each key in a value and all inside it, by its path. `secret` says that the value's name is that of a key."""
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[object, Any]", value).items():
            yield from in_value(inner, (*path, str(name)), secret=_is_secret(str(name)))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from in_value(inner, (*path, index), secret=secret)
    elif secret and _is_literal(value):
        yield path, f"a key must not stand in a policy; {CURE}"
    elif looks_like_key(value):
        yield path, f"this looks like a key, which must not stand in a policy; {CURE}"
    elif isinstance(value, str) and _address_tells(value):
        yield path, f"this address holds a key or a password, which must not stand in a policy; {CURE}"


def _literal(text: str) -> str:
    return _VARIABLE.sub("", text)


def _is_literal(value: object) -> bool:
    """Return whether this is a key itself: switches, nothing and what names a variable are not."""
    if isinstance(value, str):
        return bool(value.strip()) and _VARIABLE.search(value) is None
    return value is not None and not isinstance(value, bool)


def _is_secret(name: str, *, in_address: bool = False) -> bool:
    letters = re.sub(r"[^a-z0-9]", "", name.casefold())
    return _SECRET_NAME.fullmatch(letters) is not None or (in_address and _SECRET_PARAMETER.fullmatch(letters) is not None)


def _address_tells(text: str) -> bool:
    if "//" not in text:
        return False
    if any(_literal(user.partition(":")[2]) for user in _USER.findall(text)):
        return True
    return any(_is_literal(value) and _is_secret(name, in_address=True) for name, value in _QUERY.findall(text))
