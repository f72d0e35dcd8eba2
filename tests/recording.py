"""Recording and replaying: a pytest plugin on top of pytest-recording.

Cassettes stand in `cassettes/<test module>/<test>.yaml`. Replayed, which is the default, the network is blocked. `--record-from`
says where a recording comes from: `emulator` (on the loopback address) or `providers` (the real ones; needs keys).
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest
from pytest_recording.plugin import get_default_cassette_name

from tests.cassette_files import Serializer, faults, recorded_sums
from tests.emulator import MARK, Emulator, Proxy
from tests.emulator.script import Reply

ROOT: Final = Path(__file__).parent.parent
CASSETTES: Final = ROOT / "cassettes"

KEYS: Final = {
    "openai": "OPENAI_API_KEY",
    "openai-responses": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GOOGLE_API_KEY",
    "mistral": "MISTRAL_API_KEY",
}
NO_KEY: Final = "no-key-is-needed"

_REQUEST_HEADERS: Final = re.compile(r"content-type|anthropic-version", re.IGNORECASE)
_RESPONSE_HEADERS: Final = re.compile(
    r"content-type|server|retry-after(-ms)?|(x-)?request-id|(x|anthropic)-ratelimit-.+|openai-(version|processing-ms)|mistral-correlation-id",
    re.IGNORECASE,
)
"""Only these are kept. Whatever is not known to be harmless, and to be of use, never reaches a cassette."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("recording")
    group.addoption("--record-from", choices=("emulator", "providers"), help="Where recordings come from.")
    group.addoption("--cassettes", type=Path, default=CASSETTES, help="The folder of the cassettes.")


def pytest_configure(config: pytest.Config) -> None:
    recording = config.getoption("--record-mode") not in (None, "none")
    if recording != (config.getoption("--record-from") is not None):
        raise pytest.UsageError("--record-mode and --record-from go together: use `make record`, or `make record-live` with keys")


def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    vcr.register_serializer("yaml", Serializer)
    vcr.register_matcher("resource", same_resource)


def same_resource(one: Any, other: Any) -> None:
    """Raise AssertionError where two requests are for different things. Releases of Google's client ask for other versions of its API."""
    found, recorded = (re.sub(r"^/v1(alpha|beta)?/models/", "/models/", request.path) for request in (one, other))
    assert found == recorded, f"{found} != {recorded}"


def kept_request(request: Any) -> Any:
    """Return a request as a cassette keeps it: without keys, and without what differs between versions of a client."""
    # Some clients write the method in small letters.
    request.method = request.method.upper()
    request.headers = {name.lower(): value for name, value in request.headers.items() if _REQUEST_HEADERS.fullmatch(name)}
    parts = urlsplit(request.uri)
    query = "&".join(pair for pair in parts.query.split("&") if pair and not pair.startswith("key="))
    request.uri = urlunsplit(parts._replace(query=query))
    return request


def kept_response(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response as a cassette keeps it."""
    headers = {name.lower(): value for name, value in response["headers"].items() if _RESPONSE_HEADERS.fullmatch(name)}
    return {**response, "headers": dict(sorted(headers.items()))}


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    return {
        "before_record_request": kept_request,
        "before_record_response": kept_response,
        "decode_compressed_response": True,
        "match_on": ["method", "scheme", "host", "resource", "body"],
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(Path(str(request.config.getoption("--cassettes")), request.path.stem))


class Silent:
    """Takes the place of the emulator where it is not asked: in a replay, and while real providers are recorded."""

    def then(self, *replies: Reply) -> Silent:
        return self

    def on(self, model: str, *replies: Reply) -> Silent:
        return self


@pytest.fixture(scope="session")
def recorded_from(request: pytest.FixtureRequest) -> Iterator[Emulator | None]:
    """The emulator while it is being recorded, with clients of the official addresses sent to it; otherwise None."""
    with ExitStack() as stack:
        if request.config.getoption("--record-from") != "emulator":
            yield None
            return
        emulator = stack.enter_context(Emulator().running())
        stack.enter_context(Proxy(emulator).running())
        yield emulator


@pytest.fixture
def script(recorded_from: Emulator | None) -> Iterator[Emulator | Silent]:
    """Where a test says what the emulator shall answer. In a replay nobody listens."""
    if recorded_from is None:
        yield Silent()
        return
    recorded_from.reset()
    yield recorded_from
    assert recorded_from.left == 0, "the test scripted replies that it never asked for"


@pytest.fixture
def keys(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every client a key that is none, unless real providers are recorded."""
    if request.config.getoption("--record-from") != "providers":
        for name in KEYS.values():
            monkeypatch.setenv(name, NO_KEY)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a cassette that is missing, damaged or another test's, before it can fail in a way that is hard to read."""
    # Others' suites mark tests that play nothing here.
    if item.get_closest_marker("vcr") is None or "script" not in getattr(item, "fixturenames", ()):
        return
    provider = getattr(item, "callspec", None) and item.callspec.params.get("provider")  # type: ignore[attr-defined]
    if item.config.getoption("--record-from") is not None:
        key = KEYS.get(str(provider), "")
        if item.config.getoption("--record-from") == "providers" and not os.environ.get(key):
            pytest.skip(f"not recorded: {key or 'the key of its provider'} is not set")
        return
    folder = Path(str(item.config.getoption("--cassettes")))
    name = get_default_cassette_name(getattr(item, "cls", None), item.name)
    found = faults(folder / item.path.stem / f"{name}.yaml", provider=provider, known=recorded_sums(folder))
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that has passed, but left a recorded reply unplayed or recorded what is not the emulator's."""
    result = yield
    cassette = getattr(item, "funcargs", {}).get("vcr")
    if cassette is not None:
        found = unplayed(cassette) if item.config.getoption("--record-from") is None else []
        if item.config.getoption("--record-from") == "emulator":
            found = strangers(cassette)
        if found:
            pytest.fail("\n".join(found), pytrace=False)
    return result


def unplayed(cassette: Any) -> list[str]:
    """Return a line for each recorded reply that the test did not ask for."""
    return [
        f"recorded reply {number} was left unplayed: {request.method} {request.uri}; record the test again with `make record`"
        for number, (request, _) in enumerate(cassette.data, start=1)
        if not cassette.play_counts[number - 1]
    ]


def strangers(cassette: Any) -> list[str]:
    """Return a line for each recorded reply that did not come from the emulator."""
    return [
        f"the reply to {request.method} {request.uri} is not the emulator's: the client went around the proxy"
        for request, response in cassette.data
        if response["headers"].get("server") not in ([MARK], MARK)
    ]


def is_emulated(cassette: Any) -> bool:
    """Return whether every recorded reply came from the emulator."""
    return not strangers(cassette)


def bodies(cassette: Any) -> list[str]:
    """Return the body of each recorded reply, oldest first."""
    return [_text(response["body"]["string"]) for _, response in cassette.data]


def _text(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else str(body)
