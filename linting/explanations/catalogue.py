"""One way to ask what is known about a rule, whichever tool it belongs to."""

from dataclasses import dataclass

from linting.explanations import bandit, mypy, ruff, vulture
from linting.explanations.entry import Entry
from linting.review.problem import Category, Severity, ToolName
from linting.rules.catalogue import RULES
from linting.rules.notebook.catalogue import NOTEBOOK_RULES

NOT_PYTHON = "not-python"
"""The rule of ours that a cell must parse."""
_OWN = {rule.code: rule for rule in RULES}
_OF_CELLS = {rule.code: rule for rule in NOTEBOOK_RULES}
_SYNTAX = "https://docs.python.org/3/tutorial/errors.html#syntax-errors"


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known about a rule."""

    name: str
    category: Category
    severity: Severity
    why: str
    url: str


def explain(tool: ToolName, rule: str, name: str = "") -> Explanation:
    """Explain a rule. `name` is the readable name the tool gave. Raises `KeyError` for a rule that is not selected."""
    match tool:
        case "ruff":
            url = _SYNTAX if rule == "invalid-syntax" else f"https://docs.astral.sh/ruff/rules/{name}/"
            return _explanation(name, _ruff_entry(rule), url)
        case "bandit":
            return _explanation(bandit.name(rule, name), bandit.TESTS[rule], bandit.url(rule, name))
        case "mypy":
            return _explanation(rule, mypy.CODES.get(rule, mypy.DEFAULT), mypy.url(rule))
        case "vulture":
            return _explanation(rule, vulture.KINDS[rule], vulture.URL)
        case "caseloop":
            return _own(rule)


def _explanation(name: str, entry: Entry, url: str) -> Explanation:
    return Explanation(name, entry.category, entry.severity, entry.why, url)


def _ruff_entry(rule: str) -> Entry:
    if rule in ruff.RULES:
        return ruff.RULES[rule]
    family = max((f for f in ruff.FAMILIES if rule.startswith(f)), key=len, default=None)
    if family is None:
        raise KeyError(f"no explanation of ruff's rule {rule}")
    return ruff.FAMILIES[family]


def _own(rule: str) -> Explanation:
    if rule == NOT_PYTHON:
        why = "The cell cannot run, and what it defines is missing everywhere below; the rest was reviewed without it."
        return Explanation(NOT_PYTHON, "correctness", "error", why, _SYNTAX)
    if rule in _OF_CELLS:
        order = _OF_CELLS[rule]
        return Explanation(order.name, order.category, order.severity, order.why, order.url)
    own = _OWN[rule]
    return Explanation(own.name, "data_science", own.severity, own.why, own.url)
