from typing import NamedTuple

from linting.review.problem import Category, Severity


class Entry(NamedTuple):
    """What we say about a rule or a family of rules."""

    category: Category
    severity: Severity
    why: str
    """Why it matters in practice, one or two sentences. Who reads it is able and busy."""
