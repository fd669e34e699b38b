from typing import Literal

from services.contracts.model import WireModel


class CaseProblem(WireModel):
    """One thing an author has to change (or, as a note, should know)."""

    file: str
    """Relative to the case folder."""
    cell: str | None
    """The cell's grade_id, or its position and first words; in YAML files the key."""
    rule: str
    """Stable name in kebab-case; docs/reference/case-format.md lists them."""
    message: str
    """What is wrong, where, and what to do."""
    level: Literal["error", "note"] = "error"
    """A note never stops a case."""


class Problems:
    """Collects problems, so that an author sees them all at once."""

    def __init__(self) -> None:
        self._found: list[CaseProblem] = []

    def add(self, rule: str, message: str, *, file: str, cell: str | None = None) -> None:
        """Record something that stops the case."""
        self._record(CaseProblem(file=file, cell=cell, rule=rule, message=message))

    def note(self, rule: str, message: str, *, file: str, cell: str | None = None) -> None:
        """Record something the author should know."""
        self._record(CaseProblem(file=file, cell=cell, rule=rule, message=message, level="note"))

    def extend(self, problems: "Problems") -> None:
        """Take over everything another collector found."""
        for problem in problems.all:
            self._record(problem)

    def _record(self, problem: CaseProblem) -> None:
        if problem not in self._found:
            self._found.append(problem)

    @property
    def all(self) -> tuple[CaseProblem, ...]:
        """Errors and notes in the order they were found."""
        return tuple(self._found)

    @property
    def errors(self) -> tuple[CaseProblem, ...]:
        """Only what stops the case."""
        return tuple(p for p in self._found if p.level == "error")
