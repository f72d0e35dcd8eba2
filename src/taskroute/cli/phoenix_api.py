"""Phoenix's list of models and their prices, by its GraphQL API."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

from taskroute.cli.policies import CommandError

_PATIENCE_S: Final = 15
_MOST_BYTES: Final = 32 * 1024**2
_LISTED: Final = """query ($after: String) {generativeModels(first: 500, after: $after) {
  pageInfo {hasNextPage endCursor}
  edges {node {id name namePattern provider kind startTime tokenPrices {tokenType kind costPerMillionTokens}}}
}}"""
_CREATED: Final = "mutation ($input: CreateModelMutationInput!) {createModel(input: $input) {model {id}}}"
_UPDATED: Final = "mutation ($input: UpdateModelMutationInput!) {updateModel(input: $input) {model {id}}}"


class Price(NamedTuple):
    """What a million tokens of one kind cost, in US dollars."""

    kind: str
    """`PROMPT` or `COMPLETION`."""
    token_type: str
    cost: float


class Listed(NamedTuple):
    """A model that somebody entered in Phoenix, beside those that it came with."""

    id: str
    name: str
    pattern: str
    provider: str | None
    start: str | None
    prices: frozenset[Price]


class Phoenix:
    """One Phoenix server. Every method raises CommandError when it cannot be reached, or refuses."""

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CommandError(f"--url {_harmless(url)!r} is not an HTTP address; write, for example, http://127.0.0.1:6006")
        if "@" in parts.netloc:
            raise CommandError(f"--url {_harmless(url)!r} has a name or a password before it; put Phoenix's API key into PHOENIX_API_KEY")
        self._url = f"{url.rstrip('/')}/graphql"
        self._shown = _harmless(url)
        self._headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {api_key}"} if api_key else {})

    def models(self) -> list[Listed]:
        """Return the models that were entered, not those that Phoenix came with."""
        try:
            return [_listed(model) for model in self._all() if model["kind"] == "CUSTOM"]
        except (KeyError, TypeError, ValueError):
            raise CommandError(f"{self._shown} lists models in another way than Phoenix 20 does; check --url") from None

    def create(self, name: str, pattern: str, prices: frozenset[Price]) -> None:
        """Enter a model."""
        self._ask(_CREATED, {"input": {"name": name, "namePattern": pattern, "costs": _costs(prices)}})

    def update(self, model: Listed, name: str, pattern: str, prices: frozenset[Price]) -> None:
        """Give a model that was entered other prices; what else it says stays."""
        kept = {"id": model.id, "provider": model.provider, "startTime": model.start}
        self._ask(_UPDATED, {"input": {**kept, "name": name, "namePattern": pattern, "costs": _costs(prices)}})

    def _all(self) -> Iterator[Mapping[str, Any]]:
        after = None
        while True:
            page = self._ask(_LISTED, {"after": after})["generativeModels"]
            yield from (edge["node"] for edge in page["edges"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self._url, body, self._headers)  # noqa: S310 - the scheme was looked at
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=_PATIENCE_S) as response:
                said: Any = json.loads(response.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            hint = "; put its API key into PHOENIX_API_KEY" if error.code in (401, 403) else ""
            raise CommandError(f"Phoenix at {self._shown} answers {error.code}{hint}") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise CommandError(f"Phoenix at {self._shown} cannot be reached ({reason}); check --url") from None
        except ValueError:
            raise CommandError(f"{self._shown} does not answer as Phoenix does; check --url") from None
        data: Any = said.get("data") if isinstance(said, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(data, dict):
            raise CommandError(f"Phoenix at {self._shown} refuses: {_why(said)}")
        return cast(dict[str, Any], data)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the API key to another server."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:  # noqa: PLR0917 - as its base
        return None


def _harmless(url: str) -> str:
    """Return an address without what may be a password in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _listed(model: Mapping[str, Any]) -> Listed:
    prices = frozenset(Price(price["kind"], price["tokenType"], float(price["costPerMillionTokens"])) for price in model["tokenPrices"])
    return Listed(model["id"], model["name"], model["namePattern"], model["provider"], model["startTime"], prices)


def _costs(prices: frozenset[Price]) -> list[dict[str, Any]]:
    return [{"kind": price.kind, "tokenType": price.token_type, "costPerMillionTokens": price.cost} for price in sorted(prices)]


def _why(said: Any) -> str:
    errors: Any = said.get("errors") if isinstance(said, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    messages = [str(error.get("message")) for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []  # pyright: ignore
    return "; ".join(messages) or "it gives no reason"
