import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from linting.review.problem import Severity
from linting.rules.facts import Facts


@dataclass(frozen=True, slots=True)
class Hit:
    """One place that breaks a rule."""

    node: ast.expr | ast.stmt | ast.ExceptHandler
    message: str


class Rule(ABC):
    """A data-science mistake that syntax alone shows for sure. A rule that is not sure says nothing."""

    code: ClassVar[str]
    """DS001 … never reused."""
    name: ClassVar[str]
    """Readable, in kebab case."""
    severity: ClassVar[Severity]
    why: ClassVar[str]
    """Why it matters in practice, one or two sentences."""
    url: ClassVar[str]
    """Where the library's own documentation explains it."""
    bad: ClassVar[tuple[str, ...]]
    """Sources in which the rule must find exactly one place."""
    good: ClassVar[tuple[str, ...]]
    """Sources in which it must find none."""

    @abstractmethod
    def check(self, facts: Facts) -> Iterator[Hit]:
        """Every place in the module that breaks the rule."""
