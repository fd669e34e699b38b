"""How long the style review of a 200-line notebook takes, against the four command-line tools one after another.

`python -m benchmarks.lint [--quick] [--json FILE]`

Every run is given text that no run before it has had, in a file of its own, so that no tool answers from memory. The
tools run with the review's own choice of rules. «Cold»: mypy finds no cache; «warm»: it finds its cache of the stubs,
as the review's mypy does. Then what each tool says on its own is compared with what it says in the review: differences
are printed, and must be none but for those that the review leaves out on purpose:

- ruff's B015 and B018 on the last expression of a cell, whose value the notebook shows;
- mypy's errors that say nothing certain about a notebook (`linting.tools.mypy.certain`);
- vulture's kinds of dead code that the review does not ask for (`linting.explanations.vulture.KINDS`).
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.lint_notebook import LINES, notebook_cells
from linting.explanations.bandit import TESTS
from linting.explanations.vulture import KINDS
from linting.review.module import Module
from linting.service import Reading, ReviewService
from linting.tools.mypy import CONFIG, certain
from linting.tools.ruff import SHOWN_VALUE, binary, selection
from linting.tools.static import MIN_CONFIDENCE
from linting.wiring import build_service
from services.contracts.lint import LintTool, ReviewRequest
from services.contracts.notebook import Cell

TIMES_COLD: Final = 10.0
TIMES_WARM: Final = 1.8
FIRST_MS: Final = 30.0
PYTHON: Final = "3.11"
WITHOUT_TYPES: Final[tuple[LintTool, ...]] = ("ruff", "bandit", "vulture", "caseloop")
COMPARED: Final = ("ruff", "mypy", "bandit", "vulture")
Found = tuple[str, str, int]
"""Tool, rule, line of the joined module."""
_VULTURE = re.compile(r"[^:]+:(?P<line>\d+): (?P<what>unused [a-z]+|unreachable code)")


@dataclass(frozen=True)
class Workplace:
    """A folder for one run of the benchmark."""

    folder: Path

    @property
    def config(self) -> Path:
        """mypy's, the same as the review's."""
        return self.folder / "mypy.ini"

    def file(self, source: str, number: int) -> Path:
        """A file that no tool has seen, with a time of its own."""
        path = self.folder / f"notebook_{number}.py"
        path.write_text(source)
        stamp = time.time() - number
        os.utime(path, (stamp, stamp))
        return path

    def commands(self, file: Path, cache: Path) -> dict[str, list[str]]:
        """The four command lines."""
        mypy = ["--config-file", str(self.config), "--cache-dir", str(cache), "--python-version", PYTHON]
        ruff = ["check", "--no-cache", "--isolated", "--quiet", "--output-format", "json", *selection()]
        return {
            "ruff": [binary(), *ruff, "--target-version", f"py{PYTHON.replace('.', '')}", str(file)],
            "mypy": [sys.executable, "-m", "mypy", *mypy, "--output", "json", str(file)],
            "bandit": [sys.executable, "-m", "bandit", "-q", "-f", "json", "-t", ",".join(sorted(TESTS)), str(file)],
            "vulture": [sys.executable, "-m", "vulture", "--min-confidence", str(MIN_CONFIDENCE), str(file)],
        }

    def run(self, file: Path, cache: Path) -> tuple[float, dict[str, str]]:
        """Milliseconds of all four in sequence, and what each printed."""
        said: dict[str, str] = {}
        start = time.perf_counter()
        for tool, command in self.commands(file, cache).items():
            done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False)
            said[tool] = done.stdout
        return (time.perf_counter() - start) * 1e3, said


def run(report: Report) -> None:
    """The review against the four tools, and their findings against each other."""
    with tempfile.TemporaryDirectory(prefix="caseloop-lint-") as name:
        place = Workplace(Path(name))
        place.config.write_text(CONFIG)
        asyncio.run(_measure(report, place))


async def _measure(report: Report, place: Workplace) -> None:
    service = build_service(place.folder / "home")
    try:
        reading = await service.read(_request(0))
        if any(one.status != "ok" for one in reading.runs):
            raise CouldNotRun(f"a tool failed: {[one.detail for one in reading.runs if one.status != 'ok']}")
        review, first, cold, warm = await _times(service, place, reading.module, report.quick)
        report.add("review_ms", Figure(review, "ms", note=f"warm, {LINES} lines, five tools"))
        report.add("first_findings_ms", Figure(first, "ms", FIRST_MS, note="without types"))
        report.add("tools_cold_ms", Figure(cold, "ms", note="four command lines in sequence"))
        report.add("tools_warm_ms", Figure(warm, "ms", note="the same, with mypy's cache"))
        report.add("times_faster_than_cold", Figure(cold / review, "", TIMES_COLD, "higher"))
        report.add("times_faster_than_warm", Figure(warm / review, "", TIMES_WARM, "higher"))
        _compare(report, place, reading)
    finally:
        await service.close()


def _request(number: int, tools: tuple[LintTool, ...] = ()) -> ReviewRequest:
    """The notebook, with one comment that no run before had."""
    cells = notebook_cells()
    last = cells[-1]
    cells[-1] = Cell(id=last.id, source=f"{last.source}  # {number}")
    return ReviewRequest(cells=tuple(cells), python=PYTHON, tools=tools)


async def _times(
    service: ReviewService, place: Workplace, module: Module, quick: bool
) -> tuple[float, float, float, float]:
    """Median milliseconds of a review, of its first findings, and of the four tools in sequence: cold and warm.

    They take turns, so that whatever else the machine does falls on all of them alike.
    """
    rounds, times = (3, 8) if quick else (6, 12)
    warm_cache = place.folder / "cache"
    place.run(place.file(module.source, 1), warm_cache)
    review, first, cold, warm = list[float](), list[float](), list[float](), list[float]()
    for number in range(rounds):
        source = f"{module.source}# {number}\n"
        review += await _review_ms(service, range(number * times, (number + 1) * times), ())
        first += await _review_ms(service, range(number * times, (number + 1) * times), WITHOUT_TYPES)
        cold.append(place.run(place.file(source, 2 * number + 2), place.folder / f"cache_{number}")[0])
        warm.append(place.run(place.file(source, 2 * number + 3), warm_cache)[0])
    return statistics.median(review), statistics.median(first), statistics.median(cold), statistics.median(warm)


async def _review_ms(service: ReviewService, numbers: Iterable[int], tools: tuple[LintTool, ...]) -> list[float]:
    taken: list[float] = []
    for number in numbers:
        request = _request(number + 1, tools)
        start = time.perf_counter()
        await service.review(request)
        taken.append((time.perf_counter() - start) * 1e3)
    return taken


def _compare(report: Report, place: Workplace, reading: Reading) -> None:
    _, said = place.run(place.file(reading.module.source, 1_000), place.folder / "cache")
    alone = set[Found]().union(*(READERS[tool](said[tool], reading.module) for tool in COMPARED))
    reviewed = {(p.tool, p.rule, p.line) for p in reading.problems if p.tool in COMPARED}
    for tool, rule, line in sorted(alone - reviewed):
        print(f"only on the command line: {tool} {rule}, line {line}", file=sys.stderr)
    for tool, rule, line in sorted(reviewed - alone):
        print(f"only in the review: {tool} {rule}, line {line}", file=sys.stderr)
    report.add("findings", Figure(len(reviewed), "", 20, "higher", note="of the four tools in the review"))
    report.add("differences", Figure(len(alone ^ reviewed), "", 0, note="but for the exclusions of the docstring"))


def _ruff(said: str, module: Module) -> set[Found]:
    found = ((f["code"] or "invalid-syntax", f["location"]["row"]) for f in json.loads(said))
    return {("ruff", code, row) for code, row in found if not (code in SHOWN_VALUE and module.is_displayed(row))}


def _mypy(said: str, _: Module) -> set[Found]:
    errors: list[dict[str, Any]] = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {("mypy", error["code"], error["line"]) for error in certain(errors)}


def _bandit(said: str, _: Module) -> set[Found]:
    return {("bandit", issue["test_id"], issue["line_number"]) for issue in json.loads(said)["results"]}


def _vulture(said: str, _: Module) -> set[Found]:
    matches = [match for line in said.splitlines() if (match := _VULTURE.match(line))]
    found = ((match["what"].replace(" ", "-"), int(match["line"])) for match in matches)
    return {("vulture", kind, line) for kind, line in found if kind in KINDS}


READERS: Final[dict[str, Callable[[str, Module], set[Found]]]] = {
    "ruff": _ruff,
    "mypy": _mypy,
    "bandit": _bandit,
    "vulture": _vulture,
}


if __name__ == "__main__":
    sys.exit(main("lint", run))
