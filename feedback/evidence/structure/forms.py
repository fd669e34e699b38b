"""Other ways of writing the reference: code that is unlike it may be like one of them. None of them has been run.

A form may not do quite the same in every case, so none is a solution to anybody; one that is nearer to a learner's code
than the reference only says more precisely where that code goes another way.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from feedback.notebook.reading import parsed
from feedback.repair.rewriting import rewritten
from feedback.repair.trees import Bag, bag, likeness, size

_FORMS: Final = 30
"""Of each function."""
_BESIDE: Final = 3
"""Answers that a learner's is laid beside, besides the reference: laying takes longer than choosing."""
_LARGEST: Final = 200
"""Nodes of a function, at most: rewriting takes time that grows with them."""

_Forms = tuple[tuple[ast.FunctionDef, Bag], ...]


def likely_forms(reference: Mapping[str, str], mine: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The reference's answer with its functions in forms that are more like the learner's than its own, likest first.

    Both by answer cell: its source.
    """
    functions = dict(_functions(mine))
    chosen = {cell: dict(_likest(source, functions)) for cell, source in reference.items()}
    for rank in range(max((len(forms) for of in chosen.values() for forms in of.values()), default=0)):
        yield {
            cell: _written(source, {name: forms[min(rank, len(forms) - 1)] for name, forms in chosen[cell].items()})
            for cell, source in reference.items()
        }


def _functions(cells: Mapping[str, str]) -> Iterator[tuple[str, ast.FunctionDef]]:
    for source in cells.values():
        tree = parsed(source)
        yield from ((node.name, node) for node in (tree.body if tree else ()) if isinstance(node, ast.FunctionDef))


def _likest(source: str, functions: Mapping[str, ast.FunctionDef]) -> Iterator[tuple[str, list[ast.FunctionDef]]]:
    """For each function of the source that the learner has, its forms that are likest; those that have any."""
    for name, forms in _forms(source).items():
        if name in functions:
            kinds = bag(functions[name])
            (_, own), *others = forms
            least = likeness(kinds, own)
            alike = sorted(((likeness(kinds, other), -at) for at, (_, other) in enumerate(others)), reverse=True)
            likest = [others[-at][0] for score, at in alike[:_BESIDE] if score > least]
            if likest:
                yield name, likest


@lru_cache(maxsize=128)
def _forms(source: str) -> dict[str, _Forms]:
    """By function of the source, what it is like itself, and its other forms."""
    tree = parsed(source)
    found: dict[str, _Forms] = {}
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef) and size(node) <= _LARGEST:
            found[node.name] = tuple((form, bag(form)) for form in (node, *rewritten(node, _FORMS)))
    return found


def _written(source: str, forms: Mapping[str, ast.FunctionDef]) -> str:
    tree = parsed(source)
    if tree is None or not forms:
        return source
    body = [forms.get(node.name, node) if isinstance(node, ast.FunctionDef) else node for node in tree.body]
    return ast.unparse(ast.Module(body, []))
