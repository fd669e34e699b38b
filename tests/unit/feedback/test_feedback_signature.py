"""The signature is the mistake's identity: names, layout and numbers of one learner leave it as it is."""

import ast
import keyword
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WRONG = {
    "value": "rest = 4\nparts = [1, 2, 3]\ntotal = sum(parts) + rest",
    "exception": "rest = 4\nparts = [1, 2, 3]\ntotal = sum(parts) + 'x' * rest",
    "missing": "rest = 4\nparts = [1, 2, 3]\nsumme = sum(parts) + rest",
    "type": "rest = 4\nparts = [1, 2, 3]\ntotal = str(sum(parts)) * rest",
}


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node


def renamed(source: str, **names: str) -> str:
    return ast.unparse(_Renamed(names).visit(ast.parse(source)))


def signatures(desk: Any, source: str) -> list[str]:
    return [finding.signature for finding in desk.judge("step-1", answer_1=source).findings]


names = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True).filter(
    lambda n: not keyword.iskeyword(n) and n not in ("total", "sum", "str", "parts", "limit", "math")
)
layouts = st.tuples(st.integers(0, 3), st.text("# abc", max_size=10), st.booleans())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(WRONG)), names, names, layouts)
def test_names_and_layout_do_not_change_it(
    desk: Any, kind: str, one: str, other: str, layout: tuple[int, str, bool]
) -> None:
    lines, comment, tidy = layout
    new = renamed(WRONG[kind], rest=one, summe=other if other != one else f"{other}_")
    if not tidy:
        new = new.replace(" + ", "+").replace(" = ", "   =  ").replace("\n", "\n" * (lines + 1) + f"# {comment}\n")
    assert signatures(desk, new) == signatures(desk, WRONG[kind])
    assert len(signatures(desk, new)) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(7, 10**9))
def test_numbers_do_not_change_it(desk: Any, number: int) -> None:
    assert signatures(desk, f"total = {number}") == signatures(desk, "total = 99")


def test_different_mistakes_have_different_ones(desk: Any) -> None:
    found = [signatures(desk, source)[0] for source in WRONG.values()]
    assert len(set(found)) == len(found)


def test_an_error_class_of_ones_own_has_no_name(desk: Any) -> None:
    own = "class {0}(Exception): pass\n\ndef total(): pass\n\nraise {0}('x')"
    assert signatures(desk, own.format("Oops")) == signatures(desk, own.format("MyVeryOwn"))


def test_it_can_be_read_and_ends_in_a_short_hash(desk: Any) -> None:
    (signature,) = signatures(desk, "total = 7")
    readable, _, digest = signature.rpartition("#")
    assert readable == "step-1|check|check-1|AssertionError|total:numbers"
    assert len(digest) == 10
