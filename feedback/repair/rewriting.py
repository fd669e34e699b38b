"""Other ways of writing the same function: one reference stands for many, and one of them is nearer to the learner's.

Each rule keeps the meaning in the usual case only (a sequence that can be indexed, a loop that does not change what it
runs over), so every rewritten function is run on the checks before it counts as correct.
"""

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.names import own_names, renamed
from feedback.repair.trees import text
from services.kit.syntax import tree_of

_Block = list[ast.stmt]
_Rule = Callable[[_Block, int], Iterator[_Block]]
_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}
_NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def rewritten(function: ast.FunctionDef, most: int) -> list[ast.FunctionDef]:
    """At most `most` other forms of the function, those that need the fewest rules first."""
    return list(islice(forms(function), most))


def forms(function: ast.FunctionDef, deadline: Deadline = ENDLESS) -> Iterator[ast.FunctionDef]:
    """All other forms of the function, those that need the fewest rules first. Raises OutOfTime."""
    (function,) = (node for node in tree_of(ast.unparse(function)).body if isinstance(node, ast.FunctionDef))
    known = {_nameless(function)}
    frontier = [function]
    while frontier:
        following: list[ast.FunctionDef] = []
        for one in frontier:
            for other in _neighbours(one, deadline):
                key = _nameless(other)
                if key not in known:
                    known.add(key)
                    following.append(other)
                    yield other
        frontier = following


def _nameless(function: ast.FunctionDef) -> str:
    return text(renamed(function, {name: f"v{n}" for n, name in enumerate(own_names(function))}))


def _neighbours(function: ast.FunctionDef, deadline: Deadline) -> Iterator[ast.FunctionDef]:
    """The forms that one rule, applied at one place, leads to."""
    for owner, field in _blocks(function):
        block = list(getattr(owner, field))
        for at in range(len(block)):
            for rule in _RULES:
                deadline.step()
                for form in rule(block, at):
                    # Writing and reading the whole takes far longer than the rule.
                    deadline.look()
                    setattr(owner, field, form)
                    source = ast.unparse(ast.fix_missing_locations(function))
                    setattr(owner, field, block)
                    (clean,) = tree_of(source).body
                    assert isinstance(clean, ast.FunctionDef)
                    yield clean
    yield from _flipped(function, deadline)


def _blocks(function: ast.FunctionDef) -> list[tuple[ast.AST, str]]:
    return [
        (node, field)
        for node in ast.walk(function)
        for field in ("body", "orelse")
        if isinstance(getattr(node, field, None), list) and getattr(node, field)
    ]


def _flipped(function: ast.FunctionDef, deadline: Deadline) -> Iterator[ast.FunctionDef]:
    """`a <= b` for `b >= a`."""
    count = sum(_flippable(node) for node in ast.walk(function))
    for wanted in range(count):
        deadline.look()
        changed = copy.deepcopy(function)
        node = [one for one in ast.walk(changed) if _flippable(one)][wanted]
        assert isinstance(node, ast.Compare)
        node.left, node.comparators, node.ops = node.comparators[0], [node.left], [_FLIPPED[type(node.ops[0])]()]
        (clean,) = tree_of(ast.unparse(changed)).body
        assert isinstance(clean, ast.FunctionDef)
        yield clean


def _flippable(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _FLIPPED


def negated(condition: ast.expr) -> ast.expr:
    """The opposite condition."""
    match condition:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _NEGATED:
            return ast.Compare(left, [_NEGATED[type(op)]()], [right])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
        case ast.Constant(value=bool(value)):
            return ast.Constant(not value)
    return ast.UnaryOp(ast.Not(), condition)


def _leaves(block: Sequence[ast.stmt]) -> bool:
    return bool(block) and isinstance(block[-1], ast.Return | ast.Continue | ast.Break | ast.Raise)


def _says(node: ast.stmt, value: bool) -> bool:
    return isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value is value


def _put(block: _Block, first: int, last: int, *new: ast.stmt) -> _Block:
    return [*block[:first], *new, *block[last:]]


def _truth(value: bool) -> ast.stmt:
    return ast.Return(ast.Constant(value))


def _answer_of_condition(block: _Block, at: int) -> Iterator[_Block]:
    """`return c` as `if c: return True / return False`, and the other way round."""
    match block[at]:
        case ast.Return(value=(ast.Compare() | ast.BoolOp()) as condition):
            yield _put(block, at, at + 1, ast.If(condition, [_truth(True)], [_truth(False)]))
            yield _put(block, at, at + 1, ast.If(condition, [_truth(True)], []), _truth(False))
            yield _put(block, at, at + 1, ast.If(negated(condition), [_truth(False)], []), _truth(True))
        case ast.If(test=ast.Compare() as condition, body=[yes], orelse=[no]) if _says(yes, True) and _says(no, False):
            yield _put(block, at, at + 1, ast.Return(condition))
        case ast.If(test=ast.Compare() as condition, body=[yes], orelse=[]) if (
            _says(yes, True) and len(block) == at + 2 and _says(block[-1], False)
        ):
            yield _put(block, at, at + 2, ast.Return(condition))


def _other_branch(block: _Block, at: int) -> Iterator[_Block]:
    """What follows a branch that leaves, as its `else`, and the other way round; both branches exchanged."""
    node = block[at]
    if not isinstance(node, ast.If):
        return
    rest = block[at + 1 :]
    if not node.orelse and _leaves(node.body) and rest:
        yield [*block[:at], ast.If(node.test, node.body, rest)]
    if node.orelse and _leaves(node.body):
        yield _put(block, at, at + 1, ast.If(node.test, node.body, []), *node.orelse)
    if node.orelse:
        yield _put(block, at, at + 1, ast.If(negated(node.test), node.orelse, node.body))


def _nested(block: _Block, at: int) -> Iterator[_Block]:
    """`if a and b` as two conditions, one inside the other, and the other way round."""
    match block[at]:
        case ast.If(test=ast.BoolOp(op=ast.And(), values=[first, *rest]), body=body, orelse=[]):
            inner = rest[0] if len(rest) == 1 else ast.BoolOp(ast.And(), rest)
            yield _put(block, at, at + 1, ast.If(first, [ast.If(inner, body, [])], []))
        case ast.If(test=outer, body=[ast.If(test=inner, body=body, orelse=[])], orelse=[]):
            yield _put(block, at, at + 1, ast.If(ast.BoolOp(ast.And(), [outer, inner]), body, []))


def _passed_over(block: _Block, at: int) -> Iterator[_Block]:
    """In a loop: nothing to do said first, or said at last."""
    match block[at]:
        case (ast.For() | ast.While()) as loop if loop.body and isinstance(loop.body[-1], ast.If):
            last = loop.body[-1]
            if last.orelse:
                return
            skipping = ast.If(negated(last.test), [ast.Continue()], last.body)
            saying = ast.If(last.test, last.body, [ast.Continue()])
            for new in (skipping, saying):
                changed = copy.copy(loop)
                changed.body = [*loop.body[:-1], new]
                yield _put(block, at, at + 1, changed)


def _growing(block: _Block, at: int) -> Iterator[_Block]:
    """`a += b`, `a = a + b`; `a.append(b)`, `a += [b]`, `a = a + [b]`."""
    match block[at]:
        case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
            longer = ast.BinOp(ast.Name(name, ast.Load()), op, value)
            yield _put(block, at, at + 1, ast.Assign([ast.Name(name, ast.Store())], longer))
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name(id=left), op=op, right=right)):
            if name == left:
                yield _put(block, at, at + 1, ast.AugAssign(ast.Name(name, ast.Store()), op, right))
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item], keywords=[])
        ):
            grown = ast.List([item], ast.Load())
            yield _put(block, at, at + 1, ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), grown))
            longer = ast.BinOp(ast.Name(name, ast.Load()), ast.Add(), grown)
            yield _put(block, at, at + 1, ast.Assign([ast.Name(name, ast.Store())], longer))


def _looping(block: _Block, at: int) -> Iterator[_Block]:
    """A loop over elements, over positions, over both, and a `while`."""
    match block[at]:
        case ast.For(target=ast.Name(id=name), iter=ast.Name(id=over), body=body, orelse=[]):
            element = _subscript(over, position := _other_name(name, body))
            if name not in _stored(body) and over not in _stored(body):
                yield _put(block, at, at + 1, _for(_name(position), _range_of(over), _instead(body, name, element)))
                both = ast.Tuple([_name(position), _name(name)], ast.Store())
                yield _put(block, at, at + 1, _for(both, _call("enumerate", ast.Name(over, ast.Load())), body))
        case ast.For(
            target=ast.Name(id=name),
            iter=ast.Call(
                func=ast.Name(id="range"), args=[ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=over)]) as length]
            ),
            body=body,
            orelse=[],
        ):
            yield from _of_positions(block, at, name, over, body)
            if not any(isinstance(node, ast.Continue) for one in body for node in ast.walk(one)):
                start = ast.Assign([_name(name)], ast.Constant(0))
                onward = ast.AugAssign(_name(name), ast.Add(), ast.Constant(1))
                below = ast.Compare(ast.Name(name, ast.Load()), [ast.Lt()], [length])
                yield _put(block, at, at + 1, start, ast.While(below, [*body, onward], []))


def _of_positions(block: _Block, at: int, name: str, over: str, body: _Block) -> Iterator[_Block]:
    element, wanted = _other_name(name, body), text(_subscript(over, name))
    if over in _stored(body) or name in _stored(body):
        return
    changed = _replaced(body, wanted, ast.Name(element, ast.Load()))
    alone = not any(isinstance(node, ast.Name) and node.id == name for one in changed for node in ast.walk(one))
    if alone:
        yield _put(block, at, at + 1, _for(_name(element), ast.Name(over, ast.Load()), changed))
    both = ast.Tuple([_name(name), _name(element)], ast.Store())
    yield _put(block, at, at + 1, _for(both, _call("enumerate", ast.Name(over, ast.Load())), changed))


def _counting(block: _Block, at: int) -> Iterator[_Block]:
    """A loop that counts, as the length of a list of what is counted."""
    if at + 1 >= len(block):
        return
    match block[at], block[at + 1]:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=0)),
            ast.For(
                target=target,
                iter=over,
                body=[
                    ast.If(
                        test=test,
                        body=[
                            ast.AugAssign(target=ast.Name(id=grown), op=ast.Add(), value=ast.Constant(value=1)),
                        ],
                        orelse=[],
                    )
                ],
                orelse=[],
            ),
        ) if name == grown and isinstance(target, ast.Name):
            listed = ast.ListComp(ast.Name(target.id, ast.Load()), [ast.comprehension(target, over, [test], 0)])
            yield _put(block, at, at + 2, ast.Assign([_name(name)], _call("len", listed)))
    match block[at], block[at + 1]:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value),
            ast.Return(value=ast.expr() as answer),
        ) if sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(answer)) == 1:
            yield _put(block, at, at + 2, *_instead([ast.Return(answer)], name, value))


_RULES: tuple[_Rule, ...] = (_looping, _other_branch, _answer_of_condition, _nested, _passed_over, _counting, _growing)


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def _call(name: str, argument: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [argument], [])


def _range_of(over: str) -> ast.Call:
    return _call("range", _call("len", ast.Name(over, ast.Load())))


def _for(target: ast.expr, over: ast.expr, body: _Block) -> ast.For:
    return ast.For(target, over, body, [])


def _subscript(over: str, position: str) -> ast.Subscript:
    return ast.Subscript(ast.Name(over, ast.Load()), ast.Name(position, ast.Load()), ast.Load())


def _stored(body: _Block) -> set[str]:
    return {
        node.id
        for one in body
        for node in ast.walk(one)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }


def _other_name(name: str, body: _Block) -> str:
    taken = {node.id for one in body for node in ast.walk(one) if isinstance(node, ast.Name)}
    fresh = f"{name}_"
    while fresh in taken:
        fresh += "_"
    return fresh


def _instead(body: Sequence[ast.stmt], name: str, value: ast.expr) -> _Block:
    return _replaced(body, text(ast.Name(name, ast.Load())), value)


def _replaced(body: Sequence[ast.stmt], wanted: str, value: ast.expr) -> _Block:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if isinstance(node, ast.expr) and text(node) == wanted:
                return copy.deepcopy(value)
            return self.generic_visit(node)

    changed = []
    for one in body:
        fresh = Replace().visit(copy.deepcopy(one))
        assert isinstance(fresh, ast.stmt)
        changed.append(fresh)
    return changed
