"""Writes the reference page of all style rules.

`python -m linting.explanations.document docs/reference/rules.md`
"""

import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from linting.explanations import bandit, mypy, ruff, vulture
from linting.explanations.catalogue import NOT_PYTHON, Explanation, explain
from linting.review.problem import ToolName
from linting.review.rank import CATEGORIES, SEVERITIES
from linting.rules.catalogue import RULES
from linting.rules.notebook.catalogue import NOTEBOOK_RULES
from linting.rules.notebook.rule import NotebookRule
from linting.rules.rule import Rule
from linting.tools.ruff import binary, selection

_ENABLED = re.compile(r"linter\.rules\.enabled = \[\n(.*?)\n\]", re.DOTALL)
_RULE = re.compile(r"\s*(?P<name>[a-z0-9-]+) \((?P<code>[A-Z]+\d+)\),?")
_TITLES = {
    "correctness": "Correctness",
    "security": "Security",
    "types": "Types",
    "data_science": "Data science",
    "dead_code": "Dead code",
    "readability": "Readability",
}
_INTRODUCTION = """\
# Style rules

<!-- Written by `python -m linting.explanations.document`; edit `linting/explanations` and `linting/rules` instead. -->

Once a subtask is approved, the style review reads the notebook's code cells as one module with ruff, mypy, bandit,
vulture and rules of our own (`DS…`). Nothing is run. A subtask is *polished* when no finding weighs more than *advice*.

Findings are ranked by consequence: by weight, then in the order of the sections below, then by place; seven are shown
first. What several tools say about one line is one finding. A comment `# noqa: CODE`, `# type: ignore[code]` or
`# nosec CODE` at the end of a line silences that rule there; comments that silence a tool for the whole file have no
effect. mypy's findings about values of pandas' and NumPy's types are advice at most.
"""

_OWN_RULES = """
## Rules of our own

Each is one file in `linting/rules`, and its examples there are its tests. They follow values from cell to cell: where a
table was read, what was fitted on which rows, what came out of which split. A rule speaks only when it is sure.
"""
_EXCLUSIONS = """
## Not asked in a notebook

Rules of ruff that the review leaves out, each with its reason.

| rule | why not |
| --- | --- |
"""


class Row(NamedTuple):
    """One rule in the page."""

    tool: ToolName
    rule: str
    explanation: Explanation


def ruff_rules() -> dict[str, str]:
    """Every rule of ruff that the review selects, code -> name, as ruff itself reads the selection."""
    command = [binary(), "check", "--isolated", "--show-settings", *selection(), __file__]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    enabled = _ENABLED.search(shown)
    if enabled is None:
        raise RuntimeError("ruff no longer lists its enabled rules as expected")
    return {rule["code"]: rule["name"] for rule in _RULE.finditer(enabled[1])}


def bandit_plugins() -> dict[str, str]:
    """Every test of bandit that the review selects and bandit's own name of it."""
    with warnings.catch_warnings():
        # bandit calls its plugin loader in a way that the loader has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from bandit.core.extension_loader import MANAGER

    known = {test: plugin.name for test, plugin in MANAGER.plugins_by_id.items()}
    known |= dict.fromkeys(MANAGER.blacklist_by_id, "blacklist")
    return {test: known[test] for test in sorted(bandit.TESTS)}


def rows() -> Iterator[Row]:
    """Every rule of every tool."""
    yield Row("caseloop", NOT_PYTHON, explain("caseloop", NOT_PYTHON))
    own = [*(rule.code for rule in RULES), *(rule.code for rule in NOTEBOOK_RULES)]
    yield from (Row("caseloop", code, explain("caseloop", code)) for code in own)
    yield from (Row("ruff", code, explain("ruff", code, name)) for code, name in sorted(ruff_rules().items()))
    yield from (Row("bandit", test, explain("bandit", test, name)) for test, name in bandit_plugins().items())
    yield from (Row("mypy", code, explain("mypy", code)) for code in sorted(mypy.CODES))
    yield from (Row("vulture", kind, explain("vulture", kind)) for kind in sorted(vulture.KINDS))


def page() -> str:
    """The whole page."""
    every = list(rows())
    sections = [_INTRODUCTION]
    for category in CATEGORIES:
        chosen = [row for row in every if row.explanation.category == category]
        chosen.sort(key=lambda row: SEVERITIES.index(row.explanation.severity))
        sections.append(f"\n## {_TITLES[category]}\n\n| rule | tool | weight | why |\n| --- | --- | --- | --- |\n")
        sections.extend(_line(row) for row in chosen)
    sections.append(_OWN_RULES)
    sections.extend(_own(rule) for rule in RULES)
    sections.extend(_about_order(rule) for rule in NOTEBOOK_RULES)
    sections.append(_EXCLUSIONS)
    sections.extend(f"| {rule} | {reason} |\n" for rule, reason in sorted((ruff.IGNORE | ruff.LEFT_OUT).items()))
    return "".join(sections)


def _own(rule: Rule) -> str:
    return _described(rule, rule.bad[0], rule.good[0])


def _about_order(rule: NotebookRule) -> str:
    bad, good = ("\n\n".join(_cell(*cell) for cell in example[0]) for example in (rule.bad, rule.good))
    return _described(rule, bad, good)


def _cell(source: str, execution: int | None) -> str:
    return f"# In [{' ' if execution is None else execution}]\n{source}"


def _described(rule: Rule | NotebookRule, bad: str, good: str) -> str:
    described = (type(rule).__doc__ or "").strip()
    return (
        f"\n### {rule.code} {rule.name}\n\n{described} *{rule.severity}*\n\n{rule.why} [Source]({rule.url})\n\n"
        f"Found in:\n\n```python\n{bad}\n```\n\nNot in:\n\n```python\n{good}\n```\n"
    )


def _line(row: Row) -> str:
    known = row.explanation
    # A rule whose code is its name is not said twice.
    title = row.rule if known.name == row.rule else f"{row.rule} {known.name}"
    return f"| [{title}]({known.url}) | {row.tool} | {known.severity} | {known.why.replace('|', '&#124;')} |\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m linting.explanations.document FILE")
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
