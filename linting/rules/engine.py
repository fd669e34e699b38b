"""All our own rules over one module."""

import ast
from collections.abc import Iterator, Sequence

from linting.rules.catalogue import RULES
from linting.rules.facts import Facts
from linting.rules.notebook.catalogue import NOTEBOOK_RULES
from linting.rules.notebook.names import names_of_cells
from linting.rules.rule import Hit


def hits(
    tree: ast.Module,
    cells: Sequence[tuple[int, int]],
    displays: Sequence[tuple[int, int]],
    executions: Sequence[int | None] = (),
) -> Iterator[tuple[str, Hit]]:
    """Every place that breaks a rule, with the rule's code.

    `cells`: first and last line of each cell; `displays`: of each trailing expression; `executions`: a count per cell.
    """
    facts = Facts(tree, cells, displays)
    for rule in RULES:
        yield from ((rule.code, hit) for hit in rule.check(facts))
    names = names_of_cells(tree, cells, executions)
    anywhere = frozenset(name for node in facts.of(ast.Global) for name in node.names)
    for about_order in NOTEBOOK_RULES:
        yield from ((about_order.code, hit) for hit in about_order.check(names, anywhere))
