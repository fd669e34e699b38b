"""Trees of the repair engine: what is quick about them changes nothing."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.repair.edits import Merge
from feedback.repair.names import renamed
from feedback.repair.slips import without_slip
from feedback.repair.trees import bag, children, distance, label, likeness, text, with_fields, written

CODE = """
def settle(accounts, /, *more, limit=0, **named):
    '''Says what is left.

        Over several lines.
    '''
    left, text = 0, "it's \\"so\\""
    for at, (name, amount) in enumerate(accounts):
        if amount < limit and name not in named:
            continue
        elif (found := named.get(name)) is not None:
            left += found - amount * 2
        elif not more:
            while left > 10:
                left -= 1
            else:
                break
        else:
            if at:
                left = -left
            else:
                pass
            print(f"{name!r}: {amount:>{limit}}", end='')
    else:
        with open(text) as file:
            text = file.read()
    try:
        return {name: [x for x in value if x] for name, value in named.items()}
    except (KeyError, ValueError) as error:
        raise RuntimeError from error
    finally:
        del left
"""
NESTED = "def outer(a):\n    def inner(b):\n        return b + a\n    if a:\n        return inner\n    return a\n"
LONG = 'def f(a):\n    if a:\n        return f"""{a}\n  is {"so"}\n"""\n    x = """one\ntwo"""\n    return x\n'
ONLY_WORDS = 'def f(a):\n    """Nothing\n    yet."""\n'
PAIRS = (
    ("a + b", "a - b"),
    ("f(a, b, c)", "f(a, c)"),
    ("f(g(a), b)", "g(f(a), b)"),
    ("a = b\nb = c\nc = d", "b = c\na = b\nc = d"),
    ("a and b and a", "a and a"),
    ("[a, [a, [a]]]", "[[[a], a], a]"),
    ("if a:\n    b()\nc()", "b()\nif a:\n    c()"),
)


def statement(source: str) -> ast.stmt:
    return ast.parse(source).body[0]


def own_code() -> Iterator[ast.FunctionDef]:
    """Functions of these very tests."""
    for path in sorted(Path(__file__).parent.glob("test_repair_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield node


def plain_distance(one: ast.AST, other: ast.AST) -> int:
    """By the recursion that defines it, on rows of trees, without a table."""

    @cache
    def between(mine: tuple[ast.AST, ...], theirs: tuple[ast.AST, ...]) -> int:
        if not mine or not theirs:
            return sum(1 + between(tuple(children(node)), ()) for node in (*mine, *theirs))
        left, right = mine[-1], theirs[-1]
        below_left, below_right = tuple(children(left)), tuple(children(right))
        return min(
            between((*mine[:-1], *below_left), theirs) + 1,
            between(mine, (*theirs[:-1], *below_right)) + 1,
            between(mine[:-1], theirs[:-1]) + between(below_left, below_right) + (label(left) != label(right)),
        )

    return between((one,), (other,))


expressions = st.recursive(
    st.sampled_from("abc"),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.tuples(inner, st.sampled_from("+-"), inner).map(lambda parts: f"({' '.join(parts)})")
        | inner.map(lambda value: f"f({value})")
    ),
    max_leaves=5,
)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_is_laid_aside_changes_no_distance(one: str, other: str) -> None:
    mine, theirs = ast.parse(one), ast.parse(other)
    assert distance(mine, theirs) == distance(theirs, mine) == plain_distance(mine, theirs) > 0


@given(expressions, expressions, expressions, expressions)
@settings(deadline=None, max_examples=60)
def test_no_distance_is_changed_between_rows_with_much_in_common(a: str, b: str, first: str, last: str) -> None:
    mine, theirs = (ast.parse(f"f({first}, {inner}, {last})") for inner in (a, b))
    assert distance(mine, theirs) == plain_distance(mine, theirs)


@pytest.mark.parametrize("source", [CODE, NESTED, LONG, ONLY_WORDS, "x = 1", "class A:\n    x = 1"])
def test_code_is_written_as_the_standard_library_does(source: str) -> None:
    node = statement(source)
    assert written(node) == ast.unparse(node) == written(node)


def test_code_of_ours_is_written_as_the_standard_library_does() -> None:
    functions = list(own_code())
    assert len(functions) > 100
    assert [written(node) for node in functions] == [ast.unparse(node) for node in functions]


def test_a_text_says_all_that_a_tree_is_but_its_places() -> None:
    functions = [ast.unparse(node) for node in own_code()]
    texts = {source: text(statement(source)) for source in functions}
    assert len(set(texts.values())) == len(texts)
    assert all(text(statement(f"\n\n{source}")) == said for source, said in texts.items())
    assert len({text(ast.parse(source, mode="eval")) for source in ("1", "True", "1.0", "'1'", "b'1'", "...")}) == 6


def test_likeness_counts_each_subtree_as_often_as_it_is_there() -> None:
    one, two = (bag(ast.parse(source)) for source in ("f(a, a)", "f(a, a, a)"))
    assert likeness(one, one) == 1 > likeness(one, two) > likeness(bag(ast.parse("f(a)")), two)
    assert bag(ast.parse("a"), ast.parse("a")) > bag(ast.parse("a"))


@given(st.sampled_from((CODE, NESTED, LONG)), st.data())
@settings(deadline=None, max_examples=60)
def test_a_way_that_is_not_followed_was_none_to_follow(source: str, data: st.DataObject) -> None:
    mine = statement(source)
    assert isinstance(mine, ast.FunctionDef)
    forms = list(without_slip(mine))
    other = data.draw(st.sampled_from([*forms, statement(CODE), statement(NESTED)]))

    def edits(merge: Merge) -> list[tuple[object, ...]]:
        return [(edit.how, edit.mine, edit.other, edit.cost, edit.lines) for edit in merge.edits]

    with pytest.MonkeyPatch.context() as patch:
        quick = edits(Merge(mine, other))
        patch.setattr(Merge, "_least", lambda *_: 0)
        assert edits(Merge(mine, other)) == quick


@pytest.mark.parametrize("source", [CODE, NESTED, LONG])
def test_a_slip_put_right_leaves_the_function_as_it_is(source: str) -> None:
    mine = statement(source)
    assert isinstance(mine, ast.FunctionDef)
    before = ast.dump(mine, include_attributes=True)
    forms = list(without_slip(mine))
    assert ast.dump(mine, include_attributes=True) == before
    assert len(forms) > 2
    for form in forms:
        assert text(form) != text(mine)
        assert written(statement(written(form))) == written(form)


def test_a_renamed_function_shares_what_has_no_names_of_it() -> None:
    mine = statement(NESTED)
    assert isinstance(mine, ast.FunctionDef)
    before = ast.dump(mine)
    copy = renamed(mine, {"a": "value", "outer": "other", "inner": "helper"})
    inner = "    def helper(b):\n        return b + value\n"
    assert written(copy) == f"def outer(value):\n\n{inner}    if value:\n        return helper\n    return value"
    assert ast.dump(mine) == before
    same = renamed(mine, {"absent": "value"})
    assert same is not mine
    assert same.body[0] is mine.body[0]


def test_a_copy_with_other_fields_stands_where_the_node_did() -> None:
    node = statement(NESTED)
    copy = with_fields(node, {"name": "else_called"})
    assert (copy.lineno, copy.end_lineno) == (1, 6)  # type: ignore[attr-defined]
    assert written(copy).startswith("def else_called(a):")
    assert written(node) == NESTED.strip().replace("(a):\n    def", "(a):\n\n    def")
