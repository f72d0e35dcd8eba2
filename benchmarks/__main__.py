"""`python -m benchmarks`: run every benchmark and print the tables."""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from benchmarks import cache_figures, cache_tables, decide, failover, imports, invoke, litellm_routing, load, telemetry
from benchmarks.measure import as_data, as_text

NAMES: Final = ("decide", "litellm", "invoke", "imports", "failover", "load", "cache", "telemetry")
_PACKAGES: Final = (
    "taskroute",
    "langchain-core",
    "langchain",
    "langchain-openai",
    "openai",
    "litellm",
    "langchain-model-router",
    "langchain-community",
    "diskcache",
    "redis",
    "opentelemetry-sdk",
    "openinference-instrumentation-langchain",
    "pydantic",
)


def versions() -> dict[str, str]:
    """Return the versions that were measured."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "from source" if package == "taskroute" else "not installed"
    return found


def run(names: tuple[str, ...], *, quick: bool, markdown: bool = False) -> dict[str, Any]:
    """Run the named benchmarks, print each table as it is ready, and return the results."""
    results: dict[str, Any] = {"versions": versions(), "quick": quick, "tables": []}
    results |= {name: [] for name in ("imports", "failover", "load", "cache", "telemetry")}
    print("  ".join(f"{name} {number}" for name, number in results["versions"].items()))
    for name, module in (("decide", decide), ("litellm", litellm_routing), ("invoke", invoke)):
        for table in module.tables(quick=quick) if name in names else ():
            print(f"\n{as_text(table)}")
            results["tables"].append(as_data(table))
    if "imports" in names:
        rows = imports.imports(quick=quick)
        print(f"\n{imports.as_text(rows)}")
        results["imports"] = imports.as_data(rows)
    if "failover" in names:
        cells = failover.measure(quick=quick)
        print(
            f"\n{failover.as_text(cells)}"
            + (f"\n\n{failover.as_markdown(cells)}\n\n{failover.effort_as_markdown(cells)}" if markdown else "")
        )
        results["failover"] = failover.as_data(cells)
    if "load" in names:
        measured = list(load.tables(quick=quick))
        print("\n" + "\n\n".join(map(load.as_text, measured)) + (f"\n\n{load.as_markdown(measured)}" if markdown else ""))
        results["load"] = [load.as_data(table) for table in measured]
    if "cache" in names:
        for table in cache_tables.compared(quick=quick):
            print(f"\n{as_text(table)}")
            results["tables"].append(as_data(table))
        for figures in cache_tables.counted(quick=quick):
            print(f"\n{cache_figures.as_text(figures)}" + (f"\n\n{cache_figures.as_markdown(figures)}" if markdown else ""))
            results["cache"].append(cache_figures.as_data(figures))
    if "telemetry" in names:
        for added in telemetry.tables(quick=quick):
            print(f"\n{telemetry.as_text(added)}" + (f"\n\n{telemetry.as_markdown(added)}" if markdown else ""))
            results["telemetry"].append(telemetry.as_data(added))
    return results


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what routing costs beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(NAMES)}; all without")
    parser.add_argument("--quick", action="store_true", help="few rounds: says that it works, not how fast")
    parser.add_argument(
        "--markdown",
        action="store_true",
        help="print the tables of failover, load, cache and telemetry as docs/benchmarks.md has them, too",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file too")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        parser.error(f"no benchmark named {unknown[0]!r}; there are {', '.join(NAMES)}")
    results = run(tuple(options.names) or NAMES, quick=options.quick, markdown=options.markdown)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
