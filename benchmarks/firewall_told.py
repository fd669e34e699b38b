"""Python told in English sentences and as pseudo-code: calls in order, numbers and texts kept."""

import ast

_BINARY = {
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divided by",
    ast.Mod: "modulo",
    ast.FloorDiv: "divided (whole) by",
    ast.Pow: "to the power of",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.MatMult: "matrix-multiplied by",
}
_COMPARED = {
    ast.Lt: "is less than",
    ast.LtE: "is at most",
    ast.Gt: "is greater than",
    ast.GtE: "is at least",
    ast.Eq: "equals",
    ast.NotEq: "differs from",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "is in",
    ast.NotIn: "is not in",
}


def in_prose(source: str) -> str:
    """The program as sentences."""
    return " ".join(_sentence(statement) for statement in ast.parse(source).body)


def in_pseudo_code(source: str) -> str:
    """The program as pseudo-code, one step a line."""
    return "\n".join(_steps(ast.parse(source).body, 0))


def _sentence(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef(name=name, body=body):
            return f"In {name}: " + " ".join(_sentence(one) for one in body if not _text(one))
        case ast.Assign(targets=[target], value=value):
            return f"Let {_said(target)} be {_said(value)}."
        case ast.AnnAssign(target=target, value=value) if value is not None:
            return f"Let {_said(target)} be {_said(value)}."
        case ast.AugAssign(target=target, op=op, value=value):
            return f"Change {_said(target)} to {_said(target)} {_BINARY[type(op)]} {_said(value)}."
        case ast.Return(value=value):
            return f"Give back {_said(value)}."
        case ast.If(test=test, body=body, orelse=orelse):
            otherwise = f" Otherwise: {' '.join(map(_sentence, orelse))}" if orelse else ""
            return f"If {_said(test)}, then: {' '.join(map(_sentence, body))}{otherwise}"
        case ast.For(target=target, iter=iterated, body=body):
            return f"For each {_said(target)} in {_said(iterated)}: {' '.join(map(_sentence, body))}"
        case ast.While(test=test, body=body):
            return f"As long as {_said(test)}: {' '.join(map(_sentence, body))}"
        case ast.With(items=[item], body=body):
            inside = " ".join(map(_sentence, body))
            return f"With {_said(item.context_expr)} as {_said(item.optional_vars)}: {inside}"
        case ast.Try(body=body, handlers=handlers):
            caught = " ".join(f"On {_said(h.type)}: {' '.join(map(_sentence, h.body))}" for h in handlers)
            return f"Try this: {' '.join(map(_sentence, body))} {caught}"
        case ast.Expr(value=value):
            return f"Do {_said(value)}."
        case ast.Continue():
            return "Go on with the next one."
        case ast.Import(names=names):
            return f"Import {', '.join(name.name for name in names)}."
        case ast.ImportFrom(module=module, names=names):
            return f"From {module} import {', '.join(name.name for name in names)}."
    return ""


def _said(node: ast.expr | None) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=value):
            return f"'{value}'" if isinstance(value, str) else str(value)
        case ast.Attribute(value=value, attr=attr):
            return f"{attr} of {_said(value)}" if not _module(value) else f"{_said(value)}.{attr}"
        case ast.Call():
            return _call(node)
        case ast.Subscript(value=value, slice=index):
            return f"{_said(value)} at {_said(index)}"
        case ast.Slice(lower=lower, upper=upper):
            return f"from {_said(lower) or 'the start'} to {_said(upper) or 'the end'}"
        case ast.BinOp(left=left, op=op, right=right):
            return f"{_said(left)} {_BINARY[type(op)]} {_said(right)}"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"not {_said(operand)}"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{_said(operand)}"
        case ast.UnaryOp(operand=operand):
            return f"the opposite of {_said(operand)}"
        case ast.BoolOp(op=op, values=values):
            return (" and " if isinstance(op, ast.And) else " or ").join(map(_said, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return f"{_said(left)} {_COMPARED[type(op)]} {_said(right)}"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return f"{_said(body)} if {_said(test)}, otherwise {_said(orelse)}"
        case ast.List(elts=elts) | ast.Tuple(elts=elts):
            return " and ".join(map(_said, elts)) or "an empty list"
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return (
                "a dictionary with " + ", ".join(f"{_said(k)} for {_said(v)}" for k, v in pairs)
                if keys
                else "an empty dictionary"
            )
        case ast.Starred(value=value):
            return f"all of {_said(value)}"
        case ast.Lambda(body=body):
            return f"a function that gives {_said(body)}"
        case ast.JoinedStr(values=values):
            return "".join(str(v.value) if isinstance(v, ast.Constant) else f"<{_said(v)}>" for v in values)
        case ast.FormattedValue(value=value):
            return _said(value)
        case ast.ListComp(elt=elt, generators=[loop]) | ast.GeneratorExp(elt=elt, generators=[loop]):
            return f"the list of {_said(elt)} {_loop(loop)}"
        case ast.DictComp(key=key, value=value, generators=[loop]):
            return f"the dictionary of {_said(key)} to {_said(value)} {_loop(loop)}"
    return ""


def _loop(loop: ast.comprehension) -> str:
    kept = "".join(f" where {_said(test)}" for test in loop.ifs)
    return f"for each {_said(loop.target)} in {_said(loop.iter)}{kept}"


def _call(node: ast.Call) -> str:
    given = [_said(one) for one in node.args] + [f"{one.arg or 'all'} {_said(one.value)}" for one in node.keywords]
    arguments = f" with {', '.join(given)}" if given else ""
    match node.func:
        case ast.Attribute(value=value, attr=attr) if not _module(value):
            return f"{_said(value)}, then {attr}{arguments}"
    return f"{_said(node.func)}{arguments}"


def _module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("pd", "np", "re", "math")


def _text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _steps(body: list[ast.stmt], depth: int) -> list[str]:
    lines: list[str] = []
    pad = "  " * depth
    for node in body:
        match node:
            case ast.FunctionDef(name=name, args=args, body=inner):
                lines += [f"{pad}FUNCTION {name} OF {', '.join(a.arg for a in args.args)}", *_steps(inner, depth + 1)]
            case ast.For(target=target, iter=iterated, body=inner):
                lines += [f"{pad}FOR EACH {_said(target)} IN {_said(iterated)} DO", *_steps(inner, depth + 1)]
            case ast.While(test=test, body=inner):
                lines += [f"{pad}WHILE {_said(test)} DO", *_steps(inner, depth + 1)]
            case ast.If(test=test, body=inner, orelse=orelse):
                lines += [f"{pad}IF {_said(test)} THEN", *_steps(inner, depth + 1)]
                lines += [f"{pad}ELSE", *_steps(orelse, depth + 1)] if orelse else []
            case ast.Return(value=value):
                lines.append(f"{pad}RETURN {_said(value)}")
            case ast.Assign(targets=[target], value=value):
                lines.append(f"{pad}{_said(target)} <- {_said(value)}")
            case ast.With(items=[item], body=inner):
                lines += [
                    f"{pad}OPEN {_said(item.context_expr)} AS {_said(item.optional_vars)}",
                    *_steps(inner, depth + 1),
                ]
            case _ if not _text(node):
                lines.append(f"{pad}{_sentence(node)}")
    return lines
