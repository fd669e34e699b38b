"""The values that variables take: programs that write them down while they run."""

import ast
from collections.abc import Mapping, Sequence

RECORD = "_caseloop_seen_"
"""Name of the function that an instrumented program calls: (function, variable, value)."""
MAX_VALUES = 60
"""Values kept of one variable."""
MAX_TEXT = 60


def instrumented(source: str) -> str:
    """The program, made to call `RECORD` whenever a variable of a function gets a value. Raises SyntaxError."""
    tree = ast.parse(source)
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


class Recorder:
    """What an instrumented program calls. Keeps plain values only, and no more of them than `MAX_VALUES`."""

    def __init__(self) -> None:
        self.seen: dict[str, list[str]] = {}

    def __call__(self, function: str, name: str, value: object) -> None:
        """A variable of a function has this value now."""
        kept = self.seen.setdefault(f"{function}.{name}", [])
        if len(kept) < MAX_VALUES:
            kept.append(_plain(value, 2))


def _plain(value: object, depth: int) -> str:
    """The value as text without calling anything of its own."""
    kind = type(value)
    if kind in (int, float, bool, str, type(None)):
        if kind is int and not -(10**18) < value < 10**18:  # type: ignore[operator]
            return "int"
        return repr(value)[:MAX_TEXT]
    if kind in (list, tuple) and depth:
        inner = ",".join(_plain(item, depth - 1) for item in value[:8])  # type: ignore[index]
        return f"[{inner}]"[:MAX_TEXT]
    return kind.__name__


def of_function(seen: Mapping[str, Sequence[str]], function: str) -> dict[str, Sequence[str]]:
    """The values of one function's variables."""
    prefix = f"{function}."
    return {key.removeprefix(prefix): values for key, values in seen.items() if key.startswith(prefix)}
