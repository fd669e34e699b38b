"""A cell that is plain Python is run as it is: IPython's translation would change nothing of it."""

import ast
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from services.runner.sandbox.cells import _plain

CASES = Path(__file__).parents[3] / "cases"
_PLAIN = [
    "x = 1",
    "x = 1\n",
    "",
    "a = b % c\nprint('100 %')",
    "f'{x!r}'\nx != 2",
    "x = [\n    1,\n    -1,\n]\n\n\ny = (\n    x\n    * 2\n)",
    "def f(text: str) -> str:\n    '''One.\n\n    Two?'''\n    return text.strip('?') + '%'",
    "@decorated\nclass Kind:\n    value: int = 1",
    "async def f():\n    await g()\nawait f()",
    "x = 1; y = 2;",
    "for row in rows:\n\tprint(row)",
    "text = '''\na ... b\n'''",
]
_NOT_PLAIN = [
    "\x0cx = 1",
    "x = 1\r\ny = 2",
    "%matplotlib inline\nx = 1",
    "if x:\n    %time y = 1",
    "y = %time x",
    "files = !ls",
    "!ls",
    "len?",
    "?len",
    "x = 1\nx.real??",
    ">>> x = 1",
    "In [1]: x = 1\n   ...: y = 2",
    "In [7]: int",
    "...: x",
    "text = '''a\n   \nb'''",
    "    x = 1\n    y = 2",
    "/print x",
    ", f a b",
    "x = (",
    "x = '\0'",
]


def sources() -> list[str]:
    return [
        cell.source
        for case in sorted(CASES.glob("*/solution.ipynb"))
        for cell in nbformat.read(case, as_version=4).cells
        if cell.cell_type == "code"
    ]


@pytest.mark.parametrize("source", [*_PLAIN, *sources()])
def test_what_is_taken_for_plain_is_what_ipython_makes_of_it(source: str) -> None:
    found = _plain(source, "<cell>")
    assert found is not None
    code, tree = found
    assert code == TransformerManager().transform_cell(source)
    assert ast.dump(tree) == ast.dump(ast.parse(code))


@pytest.mark.parametrize("source", _NOT_PLAIN)
def test_what_ipython_would_change_and_what_is_no_python_is_left_to_it(source: str) -> None:
    assert _plain(source, "<cell>") is None
