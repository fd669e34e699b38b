"""The sample cases' own right answers break none of our rules."""

import ast
import json
from pathlib import Path

import pytest

from linting.review.module import join
from linting.rules.engine import hits
from services.contracts.notebook import Cell

CASES = Path(__file__).resolve().parents[3] / "cases"
RIGHT = sorted([*CASES.glob("*/solution.ipynb"), *CASES.glob("*/variants/*.ipynb")])


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: str(path.relative_to(CASES)))
def test_no_rule_of_ours_reports_anything(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))["cells"]
    cells = [Cell(id=f"c{n}", kind=cell["cell_type"], source="".join(cell["source"])) for n, cell in enumerate(content)]
    module = join(cells)
    assert module.broken == ()
    ranges = [(first, last) for _, first, last in module.cells()]
    found = [
        (code, hit.node.lineno, hit.message) for code, hit in hits(ast.parse(module.source), ranges, module.displays)
    ]
    assert found == []


def test_there_are_cases_to_look_at() -> None:
    assert len(RIGHT) >= 7
