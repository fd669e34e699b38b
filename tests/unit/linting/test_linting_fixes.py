"""Safe changes of the module, told as edits of the cells; and what makes a finding the same one in the next review."""

import pytest

from linting.review.module import join
from linting.review.problem import Edit, Problem, SafeFix
from linting.review.report import report
from services.contracts.lint import LintFinding, TextEdit
from services.contracts.notebook import Cell


def apply(source: str, edits: tuple[TextEdit, ...]) -> str:
    """The cell's text after the edits, as an editor applies them."""
    lines = source.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
    for edit in reversed(edits):
        begin, end = starts[edit.line - 1] + edit.column - 1, starts[edit.end_line - 1] + edit.end_column - 1
        source = source[:begin] + edit.text + source[end:]
    return source


def finding(sources: list[str], edit: Edit, editable: tuple[str, ...] = ()) -> LintFinding:
    cells = [Cell(id=f"c{n}", source=source) for n, source in enumerate(sources)]
    said = Problem("ruff", "F401", edit.line, "m", name="unused-import", fix=SafeFix("Remove it", (edit,)))
    (only,) = report(cells, join(cells), [said], [], editable).findings
    return only


@pytest.mark.parametrize(
    ("sources", "edit", "cell", "changed"),
    [
        pytest.param(["import os\nx = 1"], Edit(2, 1, 3, 1, ""), "c0", "x = 1", id="a whole line"),
        pytest.param(
            ["x = 1", "y = 1\nimport os", "z"], Edit(4, 1, 5, 1, ""), "c1", "y = 1\n", id="a cell's last line"
        ),
        pytest.param(["import os", "z"], Edit(2, 1, 3, 1, ""), "c0", "", id="a cell's only line"),
        pytest.param(["import os"], Edit(2, 1, 3, 1, ""), "c0", "", id="the notebook's only line"),
        pytest.param(["é = f'a'"], Edit(2, 5, 2, 9, "'a'"), "c0", "é = 'a'", id="characters, not bytes"),
        pytest.param(
            ["    x = 1\n    y = f'a'"], Edit(3, 5, 3, 9, "'a'"), "c0", "    x = 1\n    y = 'a'", id="indented"
        ),
        pytest.param(["%time y = f'a'"], Edit(2, 5, 2, 9, "'a'"), "c0", "%time y = 'a'", id="after a magic"),
    ],
)
def test_a_fix_changes_the_cell_as_the_tool_changed_the_module(
    sources: list[str], edit: Edit, cell: str, changed: str
) -> None:
    fix = finding(sources, edit).fix
    assert fix is not None
    assert {e.cell for e in fix.edits} == {cell}
    assert apply(sources[int(cell[1:])], fix.edits) == changed


@pytest.mark.parametrize(
    ("sources", "edit", "editable"),
    [
        pytest.param(["!ls\nx = 1"], Edit(2, 1, 2, 5, ""), (), id="a masked line"),
        pytest.param(["x = 1", "y = 1"], Edit(2, 1, 3, 6, ""), (), id="two cells at once"),
        pytest.param(["x = 1", "y = 1"], Edit(1, 1, 2, 1, ""), (), id="the line in front of all cells"),
        pytest.param(["    if x:\n        y = 1"], Edit(2, 1, 3, 10, "if x:\n    y = 2"), (), id="indentation unknown"),
    ],
)
def test_no_fix_is_offered_that_is_not_exact(sources: list[str], edit: Edit, editable: tuple[str, ...]) -> None:
    cells = [Cell(id=f"c{n}", source=source) for n, source in enumerate(sources)]
    said = Problem("ruff", "F401", 2, "m", name="unused-import", fix=SafeFix("Remove it", (edit,)))
    (only,) = report(cells, join(cells), [said], [], editable).findings
    assert only.fix is None


def test_a_fix_that_also_touches_a_cell_of_the_author_is_not_offered() -> None:
    cells = [Cell(id="a", source="x = 1"), Cell(id="b", source="y = 1")]
    edits = (Edit(2, 1, 2, 2, "z"), Edit(3, 1, 3, 2, "z"))
    said = Problem("ruff", "F401", 2, "m", name="unused-import", fix=SafeFix("Rename", edits))
    for editable, offered in ((("a",), False), (("a", "b"), True)):
        (only,) = report(cells, join(cells), [said], [], editable).findings
        assert (only.fix is not None) == offered


class TestIdentity:
    def ids(self, source: str, *lines: int, message: str = "m") -> list[str]:
        cells = [Cell(id="a", source=source)]
        said = [Problem("ruff", "E741", line + 1, message) for line in lines]
        return [f.id for f in report(cells, join(cells), said, [], ()).findings]

    def test_a_finding_keeps_its_id_when_its_line_moves(self) -> None:
        assert self.ids("l = 1", 1) == self.ids("x = 2\n\nl = 1", 3)

    def test_another_line_is_another_finding(self) -> None:
        assert self.ids("l = 1", 1) != self.ids("l = 2", 1)

    def test_equal_lines_are_told_apart_by_their_order(self) -> None:
        both = self.ids("l = 1\nx = 2\nl = 1", 1, 3)
        assert len(set(both)) == 2
        assert both[:1] == self.ids("l = 1", 1)

    def test_line_numbers_in_the_words_do_not_matter(self) -> None:
        assert self.ids("l = 1", 1, message="as on line 3 of it") == self.ids("l = 1", 1, message="as on line 4 of it")


def test_line_numbers_in_a_tool_s_words_are_those_of_the_cell() -> None:
    module = join([Cell(id="a", source="x = 1\nx = 2"), Cell(id="b", source="x = 3")])
    assert module.in_cells(3, "Redefinition of unused `x` from line 2") == "Redefinition of unused `x` from line 1"
    assert module.in_cells(4, "already defined on line 3") == "already defined on line 2 of another cell"


def test_the_map_of_lines_goes_both_ways() -> None:
    sources = ["x = 1\n\n!ls", "def (", "%%bash\nls\nls", "é = 1\r\ny = 2"]
    module = join([Cell(id=f"c{n}", source=source) for n, source in enumerate(sources)])
    for number, origin in enumerate(module.origins, start=1):
        if origin is not None:
            assert module.line(origin.cell, origin.line) == number
    assert [module.line("c3", n) for n in (1, 2, 3)] == [8, 9, None]
    assert module.line("c1", 1) is None
