"""Repairs of the sample cases that make tables and series: as many as the documentation says there are."""

import re
from pathlib import Path
from typing import Final

import pytest

from benchmarks.harness import Report
from benchmarks.repairs import repair_flaws

pytestmark = [pytest.mark.sandbox]

_ROW: Final = re.compile(r"^\| `([a-z-]+)` \| (\d+) of (\d+) \| .* \| (\d+) of (\d+) \|$", re.MULTILINE)
"""Case, steps with a repair and all, …, flaws that are repaired for a hint and all."""


def test_every_step_of_a_data_science_case_has_a_flaw_that_is_repaired(project: Path) -> None:
    said = {
        name: (int(steps), int(all_steps))
        for name, steps, all_steps, _, _ in _ROW.findall((project / "docs/explanation/verdicts.md").read_text())
    }
    assert set(said) == {"python-basics", "clean-regression", "forecast-validation"}
    report = Report("repairs", quick=True)
    repair_flaws(report, ("forecast-validation",))
    steps, of = said["forecast-validation"]
    assert report.figures["forecast-validation_steps"].value == steps
    assert report.figures["forecast-validation_steps"].note == f"of {of} steps"
