"""What the reference imports: modules for the zygote to load, and the names bound to modules."""

import ast
from collections.abc import Iterable

from case_uploader.format.python_source import bound_names, parse


def imported_modules(sources: Iterable[str]) -> tuple[str, ...]:
    """Every absolute module imported anywhere, sorted: `("numpy", "sklearn.linear_model")`."""
    modules: set[str] = set()
    for source in sources:
        tree = parse(source)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module)
    return tuple(sorted(modules - {"__future__"}))


def module_names(sources: Iterable[str]) -> dict[str, str]:
    """Top-level names that stand for a module and for nothing else: `{"pd": "pandas"}`."""
    bound: dict[str, str] = {}
    ambiguous: set[str] = set()
    for statement in _top_level(sources):
        found = _modules_bound(statement) if isinstance(statement, ast.Import) else {}
        for name in bound_names([statement]):
            if name not in found or bound.get(name, found[name]) != found[name]:
                ambiguous.add(name)
            else:
                bound[name] = found[name]
    return {name: module for name, module in sorted(bound.items()) if name not in ambiguous}


def _modules_bound(statement: ast.Import) -> dict[str, str]:
    return {
        alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
        for alias in statement.names
    }


def _top_level(sources: Iterable[str]) -> Iterable[ast.stmt]:
    for source in sources:
        tree = parse(source)
        yield from tree.body if tree else ()
