"""What every benchmark shares: options, figures with targets, conditions, output and exit status."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table


class CouldNotRun(Exception):
    """The benchmark's conditions are not met (no sandbox, nothing built …); exit status 2."""


@dataclass(frozen=True)
class Figure:
    """One measured value, with what it should be."""

    value: float
    unit: str = ""
    target: float | None = None
    better: Literal["lower", "higher"] = "lower"
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the target holds; true where there is none."""
        if self.target is None:
            return True
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


@dataclass
class Report:
    """The figures of one run, by key."""

    name: str
    quick: bool
    figures: dict[str, Figure] = field(default_factory=dict)

    def add(self, key: str, figure: Figure) -> None:
        """Record one figure."""
        self.figures[key] = figure


def median_ms(run: Callable[[], object], times: int) -> float:
    """Median wall milliseconds of one call over `times` calls."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


def main(name: str, run: Callable[[Report], None], arguments: Sequence[str] | None = None) -> int:
    """Parse options, run, print the table and its conditions, write the JSON; returns the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=run.__doc__)
    return main_with(parser, lambda report, _: run(report), arguments)


def main_with(
    parser: argparse.ArgumentParser,
    run: Callable[[Report, argparse.Namespace], None],
    arguments: Sequence[str] | None = None,
) -> int:
    """The same for a benchmark with options of its own: they are in the parser, whose `prog` ends with its name."""
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; ends within 45 s with the same keys")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args(arguments)
    name = parser.prog.rpartition(".")[2]
    report = Report(name, options.quick)
    try:
        run(report, options)
    except CouldNotRun as error:
        print(f"benchmarks.{name} could not run: {error}", file=sys.stderr)
        return 2
    _print(report)
    if options.json:
        options.json.write_text(json.dumps(_as_json(report), indent=1) + "\n")
    return 0 if all(figure.met for figure in report.figures.values()) else 1


def conditions() -> dict[str, str]:
    """What the figures depend on."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": str(os.cpu_count()),
        "load": load,
    }


def _print(report: Report) -> None:
    table = Table("figure", "value", "target", "", title=f"{report.name}{' (quick)' if report.quick else ''}")
    for key, figure in report.figures.items():
        sign = "≤" if figure.better == "lower" else "≥"
        target = "" if figure.target is None else f"{sign} {figure.target:g} {figure.unit}"
        state = "" if figure.target is None else ("met" if figure.met else "MISSED")
        table.add_row(key, f"{figure.value:.3g} {figure.unit}", target, f"{state} {figure.note}".strip())
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    console.print("conditions: " + ", ".join(f"{key} {value}" for key, value in conditions().items()))


def _as_json(report: Report) -> dict[str, object]:
    return {
        "name": report.name,
        "conditions": conditions() | {"quick": str(report.quick).lower()},
        "figures": {
            key: {"value": figure.value, "unit": figure.unit, "target": figure.target, "met": figure.met}
            for key, figure in report.figures.items()
        },
    }
