"""A price table that is missing or broken costs one warning at most, never the call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
import sys, warnings
from taskroute.registry.models import describe
from taskroute.registry.prices import LibraryPrices, Prices, UserPrice, UserPrices
from taskroute.types import Usage
spec, usage = describe("m", model="openai:gpt-4o"), Usage(input=1000, output=100)
prices = Prices(UserPrices({"mine": UserPrice.of(input=1, output=1)}))
"""

BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "genai_prices":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None
sys.meta_path.insert(0, Blocked())
"""


def run(code: str, *, options: tuple[str, ...] = (), first_on_path: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = [str(first_on_path)] if first_on_path else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")])}
    return subprocess.run([sys.executable, *options, "-c", code], check=True, capture_output=True, text=True, env=environment)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with a price table that fails whenever it is asked."""
    (tmp_path / "genai_prices.py").write_text(
        "__version__ = '0'\nclass Usage:\n    def __init__(self, **counts): pass\n"
        "def calc_price(*given, **options):\n    raise RuntimeError(f'no page for {given[1]}')\n",
        encoding="utf-8",
    )
    return tmp_path


def test_without_the_package_a_price_is_unknown_and_nothing_is_said() -> None:
    done = run(
        BLOCK + ASK + "print(prices.cost(spec, usage), prices.price_known(spec), LibraryPrices().preload());"
        "print(prices.cost(describe('mine'), usage).amount)"
    )
    assert done.stdout.split() == ["None", "False", "False", "0.001100"]
    assert done.stderr == ""


def test_a_broken_table_costs_one_warning_that_names_the_class_and_the_cure(broken: Path) -> None:
    many = (
        "print([prices.cost(describe('m', model=f'openai:gpt-{n}'), usage) for n in range(3)], LibraryPrices().cost('openai', 'x', usage))"
    )
    done = run(ASK + many, first_on_path=broken)
    assert done.stdout.strip() == "[None, None, None] None"
    assert done.stderr.count("RuntimeWarning") == 1
    assert "LibraryPrices failed with RuntimeError;" in done.stderr
    assert "no page" not in done.stderr
    assert "Give `price` for the model" in done.stderr


def test_a_package_that_cannot_be_imported_costs_a_warning_too(tmp_path: Path) -> None:
    (tmp_path / "genai_prices.py").write_text("import a_dependency_that_is_gone\n", encoding="utf-8")
    done = run(ASK + "print(prices.cost(spec, usage), prices.cost(spec, usage))", first_on_path=tmp_path)
    assert done.stdout.split() == ["None", "None"]
    assert done.stderr.count("LibraryPrices failed with ModuleNotFoundError") == 1


def test_a_broken_table_does_not_raise_where_warnings_are_errors(broken: Path) -> None:
    done = run(ASK + "print(LibraryPrices().cost('openai', 'gpt-4o', usage))", options=("-W", "error"), first_on_path=broken)
    assert done.stdout.strip() == "None"


def test_a_price_source_of_the_users_own_that_raises_costs_a_warning() -> None:
    code = """
class Mine:
    def cost(self, provider, model, usage):
        raise KeyError(model)
mine = Prices(library=Mine())
print(mine.cost(spec, usage), mine.price_known(spec))
"""
    done = run(ASK + code)
    assert done.stdout.split() == ["None", "False"]
    assert done.stderr.count("Mine failed with KeyError") == 1


def test_a_broken_table_costs_one_warning_for_rates_and_costs_together(broken: Path) -> None:
    done = run(ASK + "print(prices.rates(spec), LibraryPrices().rates('openai', 'x'), prices.cost(spec, usage))", first_on_path=broken)
    assert done.stdout.split() == ["None", "None", "None"]
    assert done.stderr.count("LibraryPrices failed with RuntimeError") == 1


def test_threads_that_ask_first_all_get_the_price() -> None:
    pytest.importorskip("genai_prices", reason="the price table is an extra: prices")
    code = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
together = Barrier(8)
def ask(n):
    together.wait()
    return prices.cost(spec, usage)
with ThreadPoolExecutor(8) as pool:
    print({str(cost.amount.normalize()) for cost in pool.map(ask, range(8))})
"""
    assert run(ASK + code).stdout.strip() == "{'0.0035'}"


def test_no_price_table_is_loaded_before_a_price_is_asked() -> None:
    code = "print('genai_prices' in sys.modules); prices.cost(describe('mine'), usage); print('genai_prices' in sys.modules)"
    assert run(ASK + code).stdout.split() == ["False", "False"]
