import ast

import pytest

from linting.review.escapes import mask


def masked(source: str) -> list[str]:
    return [line.text for line in mask(source.split("\n")).lines]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%matplotlib inline", "pass"),
        ("!pip install pandas", "pass"),
        ("!!ls", "pass"),
        ("  %cd data", "  pass"),
        ("?print", "pass"),
        ("df.head?", "pass"),
        ("np.random??", "pass"),
        ("files = !ls *.csv", "files = get_ipython()"),
        ("where = %pwd", "where = get_ipython()"),
        ("a, b = !ls", "a, b = get_ipython()"),
        ("%time total = f(x)", "total = f(x)"),
        ("%timeit -n 10 -r3 f(x)", "f(x)"),
        ("%time", "pass"),
    ],
)
def test_an_escape_becomes_python_on_its_own_line(line: str, expected: str) -> None:
    # The indented ones need a block above them.
    source = f"if True:\n    pass\n{line}" if line.startswith(" ") else f"before = 1\n{line}\nafter = 2"
    result = masked(source)
    assert len(result) == source.count("\n") + 1
    assert expected in result


@pytest.mark.parametrize(
    "line",
    [
        "x = (1\n     % 2)",
        "text = '''\n%matplotlib inline\n!ls\n'''",
        "x = 5 \\\n % 3",
        "ok = 'why?'",
        "n = 1  # really?",
        "a != b",
        "print('100%')",
    ],
)
def test_python_that_only_looks_like_an_escape_stays(line: str) -> None:
    assert masked(line) == line.split("\n")


def test_quotes_in_a_shell_line_do_not_swallow_the_lines_below() -> None:
    assert masked("!echo \"it's\nx = 1\n%who\ny = 2") == ["pass", "x = 1", "pass", "y = 2"]


def test_a_continued_escape_masks_the_lines_it_pulls_in() -> None:
    assert masked("!ls \\\n  -l \\\n  -a\nx = 1") == ["pass", "", "", "x = 1"]


def test_an_escape_in_a_block_keeps_the_block_valid() -> None:
    source = "for name in names:\n    !cat {name}\n    %time show(name)"
    ast.parse("\n".join(masked(source)))


@pytest.mark.parametrize("magic", ["bash", "html", "writefile out.py", "javascript"])
def test_a_cell_in_another_language_is_masked_wholly(magic: str) -> None:
    result = mask([f"%%{magic}", "this is (not python", ""])
    assert [line.text for line in result.lines] == ["", "", ""]
    assert not result.binds_unseen_names


def test_a_timed_cell_keeps_its_body_and_a_capture_binds_its_name() -> None:
    assert masked("%%time\nx = 1\n!ls") == ["", "x = 1", "pass"]
    assert masked("%%capture shown\nx = 1") == ["shown = get_ipython()", "x = 1"]


@pytest.mark.parametrize(
    "line", ["%run other.py", "%pylab", "%store -r x", "%%bash --out listing\nls", "%%cython\ncdef int x"]
)
def test_escapes_that_bind_names_nobody_sees_are_told(line: str) -> None:
    assert mask(line.split("\n")).binds_unseen_names


def test_common_indentation_goes_and_the_shift_says_how_much() -> None:
    result = mask(["    x = 1", "      y", "", "    %time z = 2"])
    assert [(line.text, line.shift) for line in result.lines] == [("x = 1", 4), ("  y", 4), ("", 0), ("z = 2", 10)]
