"""Judges against people: whether a judge with few labels says truthfully what share of feedback is valid.

`python -m benchmarks.judges DIR`: DIR holds `judges_fc.csv` (unpacked; its folder may lie below DIR): a line of
feedback each, `y` what people say of it, `y_<judge>` what a model says (empty or no number: could not be read), `sid`
the program it is about. Labels are drawn by program: whole programs, in an order drawn anew, until so many lines are
labelled. The truth is the share that people call valid over all lines. `--disagreements FILE` writes, as JSON lines,
what each judge and people differ in.
"""

import argparse
import csv
import json
import math
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.harness import CouldNotRun, Figure, Report, main_with
from evaluation.statistics.agreement import Agreement, agreement
from evaluation.statistics.corrected import labelled_share

_SEED: Final = 20261125
_LABELS: Final = (100, 200, 400)
_DRAWS: Final = 1000
_QUICK: Final = 100
_COVERED: Final = (93.0, 97.0)
_SHOWN: Final = 3
"""Disagreements of each judge on the screen."""


@dataclass(frozen=True)
class Judged:
    """All lines, in the order of the file."""

    texts: tuple[str, ...]
    programs: tuple[str, ...]
    people: tuple[bool, ...]
    judges: dict[str, tuple[bool | None, ...]]

    @property
    def truth(self) -> float:
        """Share that people call valid."""
        return sum(self.people) / len(self.people)


@dataclass(frozen=True)
class Coverage:
    """What came of one judge's draws with so many labels."""

    covered: float
    """Per cent of the draws whose interval holds the truth."""
    too_high: float
    """Per cent whose interval lies above it."""
    bias: float
    width: float
    """Mean width of the interval."""
    labels_width: float
    """The same of the labels alone."""
    labels_covered: float


def run(report: Report, folder: Path, disagreements: Path | None) -> None:
    """Estimate the share of valid feedback with each judge and few labels, many times."""
    began = time.perf_counter()
    judged = _read(folder)
    for name, verdicts in judged.judges.items():
        found = agreement(verdicts, judged.people, judged.programs)
        _show(name, judged, verdicts, found)
        report.add(f"{name}_kappa", Figure(found.kappa if found.kappa is not None else 0.0, better="higher"))
        recognised = found.specificity.mean or 0.0
        report.add(f"{name}_tnr", Figure(100 * recognised, "%", better="higher", note=f"{found.unread} unread"))
    if disagreements is not None:
        disagreements.write_text("".join(_disagreements(judged)), encoding="utf-8")
    for labels in _LABELS:
        draws = _draws(judged, labels, _QUICK if report.quick else _DRAWS)
        found_all = {name: _coverage(judged, name, draws) for name in judged.judges}
        for name, coverage in found_all.items():
            _report(report, f"{name}_{labels}", coverage, len(draws))
        _summary(report, labels, tuple(found_all.values()))
    report.add("seconds", Figure(time.perf_counter() - began, "s"))


def _report(report: Report, key: str, found: Coverage, draws: int) -> None:
    # Within 93 to 97 is one target with two sides: how far 95 is missed. Few draws may miss it by chance as well.
    middle = sum(_COVERED) / 2
    off, chance = abs(found.covered - middle), 260 * math.sqrt(0.95 * 0.05 / draws) if draws < _DRAWS else 0.0
    note = (
        f"covers {found.covered:.1f}% of {draws} ({found.too_high:.1f}% too high), bias {100 * found.bias:+.2f}; "
        f"labels alone {found.labels_covered:.1f}%"
    )
    report.add(f"{key}_off_95", Figure(off, "%", target=_COVERED[1] - middle + chance, note=note))
    note = f"interval {100 * found.width:.1f} wide, labels alone {100 * found.labels_width:.1f}"
    report.add(f"{key}_width", Figure(found.width / found.labels_width, "x", target=0.9999, note=note))


def _summary(report: Report, labels: int, found: Sequence[Coverage]) -> None:
    covered = [one.covered for one in found]
    within = sum(_COVERED[0] <= one <= _COVERED[1] for one in covered)
    wanted = None if report.quick else len(found)
    narrower = sum(one.width < one.labels_width for one in found)
    note = f"lowest {min(covered):.1f}%, highest {max(covered):.1f}%"
    report.add(f"within_{labels}", Figure(within, f"of {len(found)}", target=wanted, better="higher", note=note))
    note = f"median {statistics.median(one.width / one.labels_width for one in found):.3f} of the labels' width"
    report.add(
        f"narrower_{labels}", Figure(narrower, f"of {len(found)}", target=len(found), better="higher", note=note)
    )


def _coverage(judged: Judged, name: str, draws: Sequence[Sequence[int]]) -> Coverage:
    truth, verdicts = judged.truth, judged.judges[name]
    held, above, widths, alone, held_alone, means = 0, 0, [], [], 0, []
    for drawn in draws:
        labels: list[bool | None] = [None] * len(verdicts)
        for place in drawn:
            labels[place] = judged.people[place]
        found = labelled_share(verdicts, labels, judged.programs)
        mean, low, high = found.estimate.mean, found.estimate.low, found.estimate.high
        only = found.labels_only
        if mean is None or low is None or high is None or only.low is None or only.high is None:
            raise CouldNotRun(f"{name}: no interval from {len(drawn)} labels: {found.estimate.note}")
        held += low <= truth <= high
        above += truth < low
        held_alone += only.low <= truth <= only.high
        widths.append(high - low)
        alone.append(only.high - only.low)
        means.append(mean)
    percent = 100 / len(draws)
    return Coverage(
        held * percent,
        above * percent,
        statistics.fmean(means) - truth,
        statistics.fmean(widths),
        statistics.fmean(alone),
        held_alone * percent,
    )


def _draws(judged: Judged, labels: int, times: int) -> list[list[int]]:
    """Lines that are labelled, each time: whole programs by chance, lines of the last one by chance."""
    chance = np.random.default_rng(_SEED + labels)
    lines: dict[str, list[int]] = {}
    for place, program in enumerate(judged.programs):
        lines.setdefault(program, []).append(place)
    programs = list(lines.values())
    drawn = []
    for _ in range(times):
        chosen: list[int] = []
        for number in chance.permutation(len(programs)):
            chosen += [int(place) for place in chance.permutation(programs[number])]
            if len(chosen) >= labels:
                break
        drawn.append(chosen[:labels])
    return drawn


def _read(folder: Path) -> Judged:
    files = sorted(folder.rglob("judges_fc.csv"))
    if not files:
        raise CouldNotRun(f"no judges_fc.csv below {folder}: unpack the archive of labels and give its folder")
    with files[0].open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [name for name in rows[0] if name.startswith("y_")] if rows else []
    if not names or "y" not in rows[0] or "sid" not in rows[0]:
        raise CouldNotRun(f"{files[0]} has no columns y, sid and y_<judge>")
    return Judged(
        tuple(row.get("feedback", "") for row in rows),
        tuple(row["sid"] for row in rows),
        tuple(_said(row["y"]) is True for row in rows),
        {name.removeprefix("y_"): tuple(_said(row[name]) for row in rows) for name in names},
    )


def _said(written: str) -> bool | None:
    try:
        return {0.0: False, 1.0: True}.get(float(written))
    except ValueError:
        return None


def _show(name: str, judged: Judged, verdicts: Sequence[bool | None], found: Agreement) -> None:
    differ = _differ(judged, verdicts)
    print(f"{name}: judge yes, people no: {found.only_judge}; judge no, people yes: {found.only_human}")
    for place in differ[:_SHOWN]:
        said = "yes" if verdicts[place] else "no"
        print(f"  judge {said}, program {judged.programs[place]}: {judged.texts[place][:100]}")


def _differ(judged: Judged, verdicts: Sequence[bool | None]) -> list[int]:
    return [
        place
        for place, (said, true) in enumerate(zip(verdicts, judged.people, strict=True))
        if said is not None and said != true
    ]


def _disagreements(judged: Judged) -> list[str]:
    return [
        json.dumps(
            {
                "judge": name,
                "line": place + 1,
                "program": judged.programs[place],
                "feedback": judged.texts[place],
                "people": judged.people[place],
                "said": verdicts[place],
            }
        )
        + "\n"
        for name, verdicts in judged.judges.items()
        for place in _differ(judged, verdicts)
    ]


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judges", description=run.__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="holds judges_fc.csv, unpacked")
    parser.add_argument(
        "--disagreements", type=Path, metavar="FILE", help="write there what judges and people differ in"
    )
    return main_with(parser, lambda report, told: run(report, told.folder, told.disagreements))


if __name__ == "__main__":
    sys.exit(_main())
