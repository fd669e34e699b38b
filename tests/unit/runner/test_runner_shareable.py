"""What a check reaches, told from its text."""

import pytest

from services.runner.shareable import Reach, reach_of


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("assert total == 6", ("total",)),
        ("assert len(rows) == 3 and not set(rows) & {1, 2}", ("rows",)),
        ("kept = rows[1:]\nassert list(kept) == sorted(kept, key=lambda row: -row), f'{kept}'", ("row", "rows")),
        ("first = second = rows\nassert first is second", ("rows",)),
        ("assert np.isclose(table['x'].str.strip().map(str).sum(), 1.5)", ("np", "table")),
        ("for row in rows:\n    if row:\n        assert row > least", ("least", "row", "rows")),
        ("a, b = pair\nassert a < b", ("a", "b", "pair")),
        ("assert kept\nkept = rows", ("kept", "rows")),
        ("kept = [kept for kept in rows]\nassert kept", ("kept", "rows")),
        ("if rows:\n    found = 1\nassert found", ("found", "rows")),
        ("pass", ()),
    ],
    ids=[str(number) for number in range(11)],
)
def test_names_that_a_check_gives_a_value_first_are_its_own(source: str, names: tuple[str, ...]) -> None:
    assert reach_of(source) == Reach(names)


@pytest.mark.parametrize(
    ("source", "reach"),
    [
        ("import math\nassert math.pi > x", Reach(("x",), (("math", None),))),
        ("import a.b as c\nassert c.d(a)", Reach(("a",), (("a.b", None),))),
        ("import a.b\nassert a.b.c", Reach((), (("a.b", None),))),
        ("from a.b import c, d as e\nassert c(d) == e", Reach(("d",), (("a.b", "c"), ("a.b", "d")))),
        ("if x:\n    from a import b\nassert b", Reach(("b", "x"), (("a", "b"),))),
        ("assert b\nfrom a import b", Reach(("b",), (("a", "b"),))),
    ],
    ids=[str(number) for number in range(6)],
)
def test_what_a_check_imports_is_told(source: str, reach: Reach) -> None:
    assert reach_of(source) == reach


@pytest.mark.parametrize(
    "source",
    [
        "from tools import *",
        "from . import tools",
        "def f(): return 1\nassert f() == x",
        "class A: pass",
        "assert eval('f()') == 1",
        "assert globals()['f']() == 1",
        "assert getattr(x, name)",
        "assert vars()['f']",
        "assert open('x').read()",
        "assert table.query('@f(x) > 1').empty",
        "assert table.eval('a').any()",
        "assert table.plot().get_title()",
        "assert x._secret",
        "assert f.__globals__",
        "assert __builtins__",
        "rows[0] = 1",
        "rows.name = 1",
        "rows += [1]",
        "del rows",
        "with rows: pass",
        "try:\n    f()\nexcept ValueError:\n    pass",
        "while rows: pass",
        "assert (y := 1)",
        "global rows",
        "async def f(): await g()",
        "raise ValueError",
        "assert print(rows) is None",
        "assert breakpoint",
        "assert x ==",
        "assert x\x00",
    ],
)
def test_what_could_reach_more_than_it_names_tells_nothing(source: str) -> None:
    assert reach_of(source) is None
