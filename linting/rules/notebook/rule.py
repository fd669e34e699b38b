from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from linting.review.problem import Category, Severity
from linting.rules.notebook.names import CellNames
from linting.rules.rule import Hit

Example = tuple[tuple[str, int | None], ...]
"""Cells in their order: source and execution count."""


class NotebookRule(ABC):
    """A mistake that lies in the order of cells. A rule that is not sure says nothing."""

    code: ClassVar[str]
    """NB001 … never reused."""
    name: ClassVar[str]
    """Readable, in kebab case."""
    category: ClassVar[Category] = "correctness"
    severity: ClassVar[Severity]
    why: ClassVar[str]
    """Why it matters in practice, one or two sentences."""
    url: ClassVar[str]
    """Where this is explained."""
    bad: ClassVar[tuple[Example, ...]]
    """Notebooks in which the rule must find exactly one place."""
    good: ClassVar[tuple[Example, ...]]
    """Notebooks in which it must find none."""

    @abstractmethod
    def check(self, cells: Sequence[CellNames], anywhere: frozenset[str]) -> Iterator[Hit]:
        """Every place that breaks the rule. `anywhere`: names that functions may bind whenever they are called."""
