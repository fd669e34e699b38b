"""Rules about the order of cells, by their own examples."""

import ast

import pytest

from linting.review.module import join
from linting.rules.engine import hits
from linting.rules.notebook.catalogue import NOTEBOOK_RULES
from linting.rules.notebook.rule import Example, NotebookRule
from services.contracts.notebook import Cell

BAD = [pytest.param(r, e, id=f"{r.code}-bad-{n}") for r in NOTEBOOK_RULES for n, e in enumerate(r.bad)]
GOOD = [pytest.param(r, e, id=f"{r.code}-good-{n}") for r in NOTEBOOK_RULES for n, e in enumerate(r.good)]


def found(notebook: Example, code: str) -> list[tuple[str, int]]:
    module = join([Cell(id=f"c{n}", source=source) for n, (source, _) in enumerate(notebook)])
    ranges = [(first, last) for _, first, last in module.cells()]
    every = hits(ast.parse(module.source), ranges, module.displays, [count for _, count in notebook])
    origins = [module.origin(hit.node.lineno) for rule, hit in every if rule == code]
    return [(origin.cell, origin.line) for origin in origins if origin is not None]


@pytest.mark.parametrize(("rule", "notebook"), BAD)
def test_a_rule_finds_its_bad_example_once(rule: NotebookRule, notebook: Example) -> None:
    assert len(found(notebook, rule.code)) == 1


@pytest.mark.parametrize(("rule", "notebook"), GOOD)
def test_a_rule_says_nothing_about_its_good_example(rule: NotebookRule, notebook: Example) -> None:
    assert found(notebook, rule.code) == []


def test_the_place_is_the_use_not_the_definition() -> None:
    assert found((("x = 1\nprint(x)\nprint(late)", None), ("late = x", None)), "NB001") == [("c0", 3)]


def test_a_cell_that_reads_nothing_of_the_others_has_no_order() -> None:
    assert found((("a = 1", 9), ("b = 1", 3), ("print(b)", 5)), "NB002") == []
