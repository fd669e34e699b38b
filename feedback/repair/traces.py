"""The values that variables take: programs that write them down while they run."""

import ast
from collections.abc import Mapping, Sequence

from services.kit.syntax import tree_of

RECORD = "_caseloop_seen_"
"""Name of the function that an instrumented program calls: (function, variable, value)."""


def instrumented(source: str) -> str:
    """The program, made to call `RECORD` whenever a variable of a function gets a value. Raises SyntaxError."""
    tree = tree_of(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.body = _block(node.body, node.name)
            names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
            node.body[:0] = [_seen(node.name, name) for name in names]
    return ast.unparse(ast.fix_missing_locations(tree))


def _block(block: Sequence[ast.stmt], function: str) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for node in block:
        loop = isinstance(node, ast.For | ast.AsyncFor)
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(node, name, None)
            if inner and not isinstance(node, ast.FunctionDef | ast.ClassDef):
                setattr(node, name, _block(inner, function))
        if isinstance(node, ast.For):
            node.body[:0] = [_seen(function, name) for name in _bound(node.target)]
        found.append(node)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and not loop:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [_seen(function, name) for target in targets for name in _bound(target)]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            # `names.append(…)` changes what the variable holds.
            owner = node.value.func.value if isinstance(node.value.func, ast.Attribute) else None
            if isinstance(owner, ast.Name):
                found.append(_seen(function, owner.id))
    return found


def _bound(target: ast.AST) -> list[str]:
    if isinstance(target, ast.Subscript):
        return [target.value.id] if isinstance(target.value, ast.Name) else []
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _seen(function: str, name: str) -> ast.stmt:
    arguments: list[ast.expr] = [ast.Constant(function), ast.Constant(name), ast.Name(name, ast.Load())]
    return ast.Expr(ast.Call(ast.Name(RECORD, ast.Load()), arguments, []))


def of_function(seen: Mapping[str, Sequence[str]], function: str) -> dict[str, Sequence[str]]:
    """The values of one function's variables."""
    prefix = f"{function}."
    return {key.removeprefix(prefix): values for key, values in seen.items() if key.startswith(prefix)}
