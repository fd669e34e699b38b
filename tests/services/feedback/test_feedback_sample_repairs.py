"""Repairs of a sample case that makes tables, splits them and trains: of as many steps as the documentation says."""

import re
from pathlib import Path
from typing import Final

import pytest

from benchmarks.harness import Report
from benchmarks.repairs import repair_flaws

pytestmark = [pytest.mark.sandbox]

_ROW: Final = re.compile(r"^\| `([a-z-]+)` \| \d+ \| (\d+) of (\d+) \|", re.MULTILINE)
"""Case, steps with repairs before, steps with repairs, all steps."""


def test_every_step_of_it_has_a_flaw_that_is_repaired(project: Path) -> None:
    text = (project / "docs/explanation/verdicts.md").read_text()
    said = {name: (int(steps), int(every)) for name, steps, every in _ROW.findall(text)}
    assert set(said) == {"python-basics", "clean-regression", "forecast-validation"}
    report = Report("repairs", quick=True)
    repair_flaws(report, ("clean-regression",))
    steps, every = said["clean-regression"]
    figure = report.figures["clean-regression_steps"]
    assert (figure.value, figure.note) == (steps, f"of {every} steps")
