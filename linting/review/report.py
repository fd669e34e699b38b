"""From what the tools said about the module to what a learner reads about the cells."""

from collections.abc import Collection, Iterable, Sequence

from linting.explanations.catalogue import NOT_PYTHON, explain
from linting.review.dedupe import dedupe
from linting.review.fixes import cell_fix
from linting.review.identity import UNIDENTIFIED, identified
from linting.review.module import BrokenCell, Module
from linting.review.problem import Problem
from linting.review.rank import CAP, rank
from services.contracts.lint import LintFinding, LintReport, ToolRun
from services.contracts.notebook import Cell, Place

SEES_ALL_NAMES = frozenset(
    {"F401", "F811", "F821", "F822", "name-defined", "used-before-def", "unused-import", "NB001"}
)
"""Rules that are only right when every definition and use can be seen."""
MAX_MESSAGE = 300


def report(
    cells: Sequence[Cell],
    module: Module,
    problems: Iterable[Problem],
    runs: Sequence[ToolRun],
    editable: Collection[str],
) -> LintReport:
    """Fold, explain, rank and cut; only findings in `editable` cells count when it is not empty."""
    wanted = set(editable) or {cell.id for cell in cells}
    certain = (p for p in problems if not (module.unseen_names and p.rule in SEES_ALL_NAMES))
    lines = module.source.split("\n")
    found = [_unreadable(broken) for broken in module.broken]
    found += [f for p, also in dedupe(certain) if (f := _finding(module, lines, p, also, wanted)) is not None]
    # A notebook may hold one id twice; the first cell of that id stands for both.
    positions: dict[str, int] = {}
    for position, cell in enumerate(cells):
        positions.setdefault(cell.id, position)
    ranked = rank((f for f in found if f.place.cell in wanted), positions)
    named = identified(ranked, {cell.id: cell.source for cell in reversed(cells)})
    return LintReport(findings=tuple(named[:CAP]), tools=tuple(runs), dropped=max(0, len(named) - CAP))


def _finding(
    module: Module, lines: Sequence[str], problem: Problem, also: tuple[str, ...], editable: Collection[str]
) -> LintFinding | None:
    place = module.place(problem.line, problem.end_line)
    if place is None:
        return None
    known = explain(problem.tool, problem.rule, problem.name)
    end_line = problem.end_line or problem.line
    inside = module.place(end_line)
    return LintFinding(
        id=UNIDENTIFIED,
        tool=problem.tool,
        rule=problem.rule,
        name=known.name,
        severity=problem.severity or known.severity,
        category=known.category,
        place=place,
        column=module.column(problem.line, problem.column),
        end_column=module.column(end_line, problem.end_column) if inside and inside.cell == place.cell else None,
        message=module.in_cells(problem.line, problem.message)[:MAX_MESSAGE],
        why=known.why,
        url=known.url,
        also=also,
        fix=cell_fix(module, lines, problem.fix, editable),
    )


def _unreadable(broken: BrokenCell) -> LintFinding:
    known = explain("caseloop", NOT_PYTHON)
    return LintFinding(
        id=UNIDENTIFIED,
        tool="caseloop",
        rule=NOT_PYTHON,
        name=known.name,
        severity=known.severity,
        category=known.category,
        place=Place(cell=broken.cell, line=broken.line, end_line=broken.line),
        column=broken.column,
        message=broken.message[:MAX_MESSAGE],
        why=known.why,
        url=known.url,
    )
