from itertools import permutations

from linting.review.dedupe import dedupe
from linting.review.module import join
from linting.review.problem import Problem, ToolName
from linting.review.rank import CAP, rank
from linting.review.report import report
from services.contracts.lint import LintFinding
from services.contracts.notebook import Cell, Place


def problem(tool: ToolName, rule: str, line: int = 2, message: str = "", name: str = "some-name") -> Problem:
    return Problem(tool=tool, rule=rule, line=line, message=message, name=name)


def finding(category: str, severity: str, cell: str = "a", line: int = 1) -> LintFinding:
    return LintFinding.model_validate(
        {
            "id": "finding",
            "tool": "ruff",
            "rule": "X1",
            "name": "x",
            "severity": severity,
            "category": category,
            "message": "m",
            "why": "w",
        }
        | {"place": {"cell": cell, "line": line}}
    )


def test_one_problem_said_by_two_tools_is_one_finding_whoever_comes_first() -> None:
    said = [problem("vulture", "unused-import"), problem("ruff", "F401")]
    for order in permutations(said):
        assert dedupe(order) == [(problem("ruff", "F401"), ("vulture:unused-import",))]


def test_the_same_rules_on_other_lines_stay_apart() -> None:
    assert len(dedupe([problem("vulture", "unused-import", 2), problem("ruff", "F401", 3)])) == 2


def test_different_problems_on_one_line_stay_apart() -> None:
    assert len(dedupe([problem("ruff", "E722"), problem("bandit", "B307"), problem("mypy", "arg-type")])) == 3


def test_a_tool_that_repeats_itself_is_heard_once() -> None:
    twice = [problem("ruff", "F821", message="x"), problem("ruff", "F821", message="x")]
    assert len(dedupe(twice)) == 1
    assert len(dedupe([*twice, problem("ruff", "F821", message="y")])) == 2


def test_rank_goes_by_severity_then_category_then_place() -> None:
    wanted = [
        finding("correctness", "error", "a", 2),
        finding("correctness", "error", "b", 1),
        finding("data_science", "error"),
        finding("security", "error"),
        finding("types", "warning"),
        finding("dead_code", "warning"),
        finding("correctness", "advice"),
        finding("readability", "advice"),
    ]
    assert rank(reversed(wanted), {"a": 0, "b": 1}) == wanted


def test_more_than_anybody_reads_is_counted_not_shown() -> None:
    cells = [Cell(id="a", source="\n".join("x = 1" for _ in range(CAP + 5)))]
    problems = [problem("ruff", "E741", line=n + 2) for n in range(CAP + 5)]
    result = report(cells, join(cells), problems, [], ())
    assert (len(result.findings), result.dropped) == (CAP, 5)
    assert [f.place.line for f in result.findings] == list(range(1, CAP + 1))


def test_only_editable_cells_are_remarked_on() -> None:
    cells = [Cell(id="a", source="x = 1"), Cell(id="b", source="y = 1"), Cell(id="c", source="def (")]
    problems = [problem("ruff", "E741", 2), problem("ruff", "E741", 3)]
    shown = report(cells, join(cells), problems, [], ("b",))
    assert [f.place for f in shown.findings] == [Place(cell="b", line=1, end_line=1)]


def test_names_are_not_called_undefined_while_a_cell_cannot_be_read() -> None:
    cells = [Cell(id="a", source="print(total)"), Cell(id="b", source="total = (")]
    shown = report(cells, join(cells), [problem("ruff", "F821"), problem("ruff", "E741")], [], ())
    assert [f.rule for f in shown.findings] == ["not-python", "E741"]


def test_columns_are_those_of_the_cell() -> None:
    cells = [Cell(id="a", source="    x = 1\n    %time l = 2")]
    said = [Problem(tool="ruff", rule="E741", line=n, column=1, message="m") for n in (2, 3)]
    assert [f.column for f in report(cells, join(cells), said, [], ()).findings] == [5, 11]
