"""Pages as a browser shows them: Chromium without a window, which reaches nothing but this machine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
_PATIENCE_S: Final = 120
_TRIES: Final = 4


def program() -> str | None:
    """Return the path of Chromium, or None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def shown(url: str, *, has: str, ms: int, picture: Path | None = None, width: int = 1600, height: int = 1100) -> str:
    """Return what a page is made of, as HTML, and take a picture of it, when it has a text after so many milliseconds of its own time.

    A page whose server has only just started may not be drawn by then: it is opened again, a few times.
    """
    taken = () if picture is None else (f"--screenshot={picture}",)
    page = ""
    for _ in range(_TRIES):
        page = _run(f"--window-size={width},{height}", f"--virtual-time-budget={ms}", "--dump-dom", *taken, url)
        if has in page:
            return page
    raise AssertionError(f"{url} does not show {has!r}, but:\n{page[-2000:]}")


def _run(*options: str) -> str:
    found = program()
    if found is None:
        raise RuntimeError("no Chromium on the PATH; Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = [found, *_OPTIONS, f"--user-data-dir={profile}", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        raise RuntimeError(f"Chromium ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
