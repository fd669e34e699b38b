import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linting.review.module import MAX_DEPTH, join
from services.contracts.notebook import Cell, Place


def cell(source: str, cell_id: str = "a", kind: str = "code") -> Cell:
    return Cell.model_construct(id=cell_id, kind=kind, source=source)


LINES = st.lists(
    st.sampled_from(
        ["x = 1", "  y = 2", "if x:", "    pass", "%time z = f(x)", "!ls", "'''", ")", "# type: a", "", "raise E", "é?"]
    )
    | st.text(max_size=12),
    max_size=6,
)
CELLS = st.lists(LINES, max_size=5)


@given(CELLS)
def test_every_line_of_every_cell_maps_back(cells: list[list[str]]) -> None:
    notebook = [cell("\n".join(lines), cell_id=f"c{n}") for n, lines in enumerate(cells)]
    module = join(notebook)
    lines = module.source.removesuffix("\n").split("\n")
    assert len(lines) == len(module.origins)
    mapped = [(o.cell, o.line) for o in module.origins if o is not None]
    broken = {b.cell for b in module.broken}
    expected = [
        (c.id, n)
        for c in notebook
        if c.id not in broken
        for n in range(1, c.source.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 2)
    ]
    assert mapped == expected


@given(CELLS)
def test_the_module_always_parses(cells: list[list[str]]) -> None:
    module = join([cell("\n".join(lines), cell_id=f"c{n}") for n, lines in enumerate(cells)])
    ast.parse(module.source)


@given(st.lists(st.sampled_from(["x = 1", "    y = 2", "%time z = 3", "w = [1,", "2]"]), min_size=1, max_size=5))
def test_what_is_left_of_a_line_is_that_line_from_its_shift_on(lines: list[str]) -> None:
    module = join([cell("\n".join(lines))])
    for text, origin in zip(module.source.split("\n"), module.origins, strict=False):
        if origin is not None:
            written = lines[origin.line - 1]
            indent = text[: len(text) - len(text.lstrip())]
            assert written[origin.shift + len(indent) :] == text[len(indent) :]


def test_cells_follow_each_other_and_prose_is_left_out() -> None:
    module = join([cell("x = 1\nx", "a"), cell("# Title", "b", "markdown"), cell("y = x", "c")])
    assert module.source.split("\n")[1:] == ["x = 1", "x", "y = x", ""]
    assert module.place(4) == Place(cell="c", line=1, end_line=1)
    assert module.is_displayed(3)
    assert not module.is_displayed(4)


def test_a_range_is_cut_at_the_end_of_its_cell() -> None:
    module = join([cell("x = 1\ny = 2", "a"), cell("z = 3", "b")])
    assert module.place(2, 99) == Place(cell="a", line=1, end_line=2)
    assert module.place(1) is None
    assert module.place(99) is None


def test_windows_and_old_mac_line_ends_count_as_lines() -> None:
    module = join([cell("x = 1\r\ny = 2\rz = 3")])
    assert module.source.split("\n")[1:4] == ["x = 1", "y = 2", "z = 3"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("def f(:\n  pass", 1),
        ("x = 1\nreturn x", 2),
        ("x = 1\n  y = 2", 2),
        ("break", 1),
        ("f(a=1, a=2)", 1),
        ("@decorator", 1),
    ],
)
def test_a_cell_that_is_not_python_is_left_out_and_named(source: str, line: int) -> None:
    module = join([cell(source, "bad"), cell("fine = 1", "good")])
    (broken,) = module.broken
    assert (broken.cell, broken.line) == ("bad", line)
    assert module.unseen_names
    assert {o.cell for o in module.origins if o} == {"good"}


@pytest.mark.parametrize(
    "source",
    [
        "x = '\0'",
        "x = '\ud800'",
        "-" * 50_000 + "1",
        "1" + "+1" * 50_000,
        "a" + ".b" * 50_000,
        "(" * 5_000 + ")" * 5_000,
        "x = " + "[" * 150 + "]" * 150 + "".join(".a" for _ in range(MAX_DEPTH)),
    ],
    ids=["null", "surrogate", "minus", "plus", "dots", "brackets", "deep"],
)
def test_hostile_cells_are_named_and_never_raise(source: str) -> None:
    module = join([cell(source, "bad"), cell("fine = 1", "good")])
    assert [b.cell for b in module.broken] == ["bad"]
    assert "fine = 1" in module.source


def test_await_at_the_top_of_a_cell_is_python() -> None:
    assert join([cell("await f()\nasync for x in y:\n    pass")]).broken == ()


def test_a_coding_cookie_cannot_change_how_the_module_is_read() -> None:
    module = join([cell("# -*- coding: latin-1 -*-\nx = 'é'")])
    assert ast.parse(module.source.encode()).body[1].value.value == "é"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "comment", ["# ruff: noqa", "# mypy: ignore-errors", "# flake8: noqa", "# type: the kind of house"]
)
def test_comments_that_speak_for_the_whole_module_are_emptied(comment: str) -> None:
    module = join([cell(f"x = 1  {comment}\ny = '{comment}'")])
    assert module.source.split("\n")[1:3] == ["x = 1  #", f"y = '{comment}'"]


def test_comments_that_speak_for_their_line_stay() -> None:
    source = "x = 1  # noqa: E741\ny = 2  # type: ignore[assignment]"
    assert source in join([cell(source)]).source


def test_an_unsolved_task_does_not_make_the_cells_below_unreachable() -> None:
    module = join([cell("# YOUR CODE HERE\nraise NotImplementedError(\n  'todo')", "a"), cell("x = 1", "b")])
    assert module.source.split("\n")[1:] == ["# YOUR CODE HERE", "pass", "", "x = 1", ""]
