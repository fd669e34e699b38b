"""The same problem said by several tools, or twice by one, becomes one finding."""

from collections import defaultdict
from collections.abc import Iterable

from linting.review.problem import Problem

_SAME = (
    ("ruff:F401", "vulture:unused-import"),
    ("caseloop:NB001", "ruff:F821", "mypy:name-defined", "mypy:used-before-def"),
    ("ruff:F841", "vulture:unused-variable"),
    ("ruff:E722", "caseloop:DS026", "bandit:B110"),
    ("ruff:E722", "caseloop:DS026", "bandit:B112"),
    ("caseloop:DS022", "mypy:func-returns-value"),
    ("caseloop:DS022", "ruff:PD002"),
    ("caseloop:DS023", "ruff:PD002"),
    ("caseloop:DS030", "mypy:attr-defined"),
    ("caseloop:DS031", "mypy:call-arg"),
    ("caseloop:DS031", "mypy:call-overload"),
    ("caseloop:DS032", "mypy:attr-defined"),
    ("ruff:NPY001", "mypy:attr-defined"),
    ("ruff:NPY201", "mypy:attr-defined"),
    ("ruff:PD007", "mypy:attr-defined"),
    ("ruff:RUF013", "mypy:assignment"),
    ("ruff:PLE2502", "bandit:B613"),
    ("ruff:F501", "ruff:F507", "ruff:PLE1300", "ruff:PLE1307", "mypy:str-format"),
    ("ruff:F522", "ruff:F523", "ruff:F524", "mypy:str-format"),
    ("ruff:invalid-syntax", "ruff:F701", "ruff:F702", "ruff:F706", "mypy:syntax", "mypy:misc"),
    ("caseloop:DS001", "ruff:B007"),
)
"""Rules that mean the same on one line; the first one of a row speaks for the others."""


def dedupe(problems: Iterable[Problem]) -> list[tuple[Problem, tuple[str, ...]]]:
    """Each problem once, with the rules of other tools (`bandit:B307`) that said the same on its line."""
    by_line = defaultdict[int, list[Problem]](list)
    for problem in problems:
        if not any(_repeats(problem, kept) for kept in by_line[problem.line]):
            by_line[problem.line].append(problem)
    return [folded for on_line in by_line.values() for folded in _fold(on_line)]


def _repeats(problem: Problem, kept: Problem) -> bool:
    return (problem.tool, problem.rule, problem.message) == (kept.tool, kept.rule, kept.message)


def _fold(problems: list[Problem]) -> list[tuple[Problem, tuple[str, ...]]]:
    speakers: list[tuple[Problem, list[str]]] = []
    for problem in sorted(problems, key=_rank):
        speaker = next((also for said, also in speakers if _same(_code(said), _code(problem))), None)
        if speaker is None:
            speakers.append((problem, []))
        elif _code(problem) not in speaker:
            speaker.append(_code(problem))
    return [(problem, tuple(also)) for problem, also in speakers]


def _rank(problem: Problem) -> int:
    """Those who speak for others come first; the order of the rest stays."""
    return min((row.index(_code(problem)) for row in _SAME if _code(problem) in row), default=0)


def _same(first: str, second: str) -> bool:
    return first != second and any(
        first in row and second in row and row.index(first) < row.index(second) for row in _SAME
    )


def _code(problem: Problem) -> str:
    return f"{problem.tool}:{problem.rule}"
