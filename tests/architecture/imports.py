"""Which modules of ours one loads, and which of other people."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


class Imports:
    """The product's modules, by what they import."""

    def __init__(self, product: Mapping[Path, ast.Module]) -> None:
        self._found: dict[str, list[tuple[str, bool]]] = {}
        for path, tree in product.items():
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            package = name if path.stem == "__init__" else name.rpartition(".")[0]
            self._found[name] = [*_imports(tree, package, called=False)]

    def foreign(self, roots: list[str], called: tuple[str, ...]) -> Mapping[str, str]:
        """Package of others -> a module that imports it, among all that `roots` load.

        What a function imports counts below the packages of `called`.
        """
        found: dict[str, str] = {}
        waiting, seen = list(roots), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            waiting += [above for above in _above(name) if above in self._found]
            for imported, by_a_function in self._found[name]:
                if by_a_function and not name.startswith(tuple(f"{one}." for one in called)):
                    continue
                if imported.partition(".")[0] in self._found:
                    waiting += [one for one in (imported, *_above(imported)) if one in self._found]
                elif (top := imported.partition(".")[0]) not in sys.stdlib_module_names:
                    found.setdefault(top, name)
        return found


def _above(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _imports(node: ast.AST, package: str, *, called: bool) -> Iterator[tuple[str, bool]]:
    """(module, whether a function imports it); a name that is taken from a module may be one itself."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from _imports(ast.Module([other], []), package, called=called)
        elif isinstance(child, ast.Import):
            yield from ((alias.name, called) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            above = package.split(".")[: -(child.level - 1) or None] if child.level else []
            whole = ".".join([*above, *([child.module] if child.module else [])])
            yield from ((name, called) for name in (whole, *(f"{whole}.{alias.name}" for alias in child.names)))
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, package, called=called or function)
