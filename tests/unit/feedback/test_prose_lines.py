"""Which lines a text names, in the languages in which hints and answers are written."""

import pytest

from feedback.prose.lines import lines_of, names_other_lines
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Place


def marked(line: int | None, end_line: int | None = None) -> Finding:
    return Finding(
        id="1-aa",
        kind="value",
        severity="error",
        subtask="s",
        message="Too many rows.",
        place=Place(cell="c", line=line, end_line=end_line),
        evidence=(Evidence(kind="value", subject="rows", fact=""),),
        signature="s",
    )


def test_lines_are_those_of_all_findings() -> None:
    assert lines_of([marked(3, 5), marked(9), marked(None)]) == {3, 4, 5, 9}
    assert lines_of([]) == frozenset()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Look at line 4.", False),
        ("Look at lines 3 to 5.", False),
        ("Look at lines 3 and 9.", False),
        ("Look at lines 3, 9.", False),
        ("Look at lines 3 to 9.", True),
        ("Look at lines 3 and 8.", True),
        ("Look at line 6.", True),
        ("Look at lines 5 to 3.", False),
        ("Look at lines 9 to 7.", True),
        ("Look at lines 1-99999.", True),
        ("Sieh dir Zeile 4 an, dann die Zeilen 3 bis 6.", True),
        ("Regarde la ligne 7.", True),
        ("Mira las líneas 3 y 10.", True),
        ("Посмотри на строки 3 и 9.", False),
        ("Посмотри на строку 8.", True),
        ("Deadline 8, and 8 lines of text.", False),
    ],
)
def test_only_marked_lines_are_named(text: str, other: bool) -> None:
    assert names_other_lines(text, frozenset({3, 4, 5, 9})) is other


@pytest.mark.parametrize("text", ["line 1", "lines 0-0", "Zeile 2"])
def test_where_nothing_is_marked_no_line_is_named(text: str) -> None:
    assert names_other_lines(text, frozenset())
