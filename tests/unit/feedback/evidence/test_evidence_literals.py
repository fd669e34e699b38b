"""What can be read off the text of a check without running it; all else is denied."""

import ast
import datetime
from typing import Any

import pytest

from feedback.evidence.arguments import Array, Dates, Frame, Series, Timestamp
from feedback.evidence.literals import MAX_ITEMS, NotLiteral, Reader
from feedback.evidence.read_calls import Text

IMPORTED = {"pd": "pandas", "np": "numpy", "date": "datetime.date", "dt": "datetime"}


def read(text: str, **names: Any) -> Any:
    return Reader(names, IMPORTED).value(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, -2.5, None, True, 'x']", [1, -2.5, None, True, "x"]),
        ("({'a': (1,)}, {2, 3})", ({"a": (1,)}, {2, 3})),
        ("[0, *days]", [0, 5, 6]),
        ("set()", set()),
        ("dict(a=1)", {"a": 1}),
        ("float('inf')", float("inf")),
        ("-np.inf", -float("inf")),
        ("date(2020, 1, 31)", datetime.date(2020, 1, 31)),
        ("dt.timedelta(days=2)", datetime.timedelta(days=2)),
        ("pd.Timestamp('2020-01-01')", Timestamp("2020-01-01")),
        ("np.array([[1, 2], [3, 4]])", Array([[1, 2], [3, 4]])),
        ("pd.Series([1.0, None], dtype=float, name='a')", Series([1.0, None], None, "float", "a")),
        ("pd.Series({'a': 1, 'b': 2})", Series([1, 2], ["a", "b"])),
        ("pd.Series(np.array([1, 2]))", Series([1, 2])),
        (
            "pd.Series(days, index=pd.date_range('2020-01-01', periods=2, freq='MS'))",
            Series([5, 6], Dates("2020-01-01", 2, "MS")),
        ),
        ("pd.DataFrame({'a': [1, 2], 'b': days})", Frame([("a", [1, 2]), ("b", [5, 6])])),
        ("pd.DataFrame([{'a': 1, 'b': 2}, {'a': 3, 'b': 4}])", Frame([("a", [1, 3]), ("b", [2, 4])])),
    ],
)
def test_literals_and_a_few_constructors_are_read(text: str, value: Any) -> None:
    assert read(text, days=[5, 6]) == value


@pytest.mark.parametrize(
    "text",
    [
        "open('data')",
        "unknown",
        "[x for x in days]",
        "days[0]",
        "days + days",
        "1j",
        "b'x'",
        "...",
        "f'{days}'",
        "'\\ud800'",
        "{**{}}",
        "[*{1}]",
        "-True",
        "{[]: 1}",
        "pd.read_csv('data.csv')",
        "pd.Series(open('data'))",
        "pd.Series([1, 2], index=['a'])",
        "pd.Series([[1], [2]])",
        "pd.Series([1], copy=True)",
        "pd.Series(**{})",
        "pd.Series(1)",
        "pd.DataFrame({'a': [1], 'b': [1, 2]})",
        "pd.DataFrame([{'a': 1}, {'b': 1}])",
        "pd.DataFrame([[1, 2]], columns=['a', 'b'])",
        "pd.DataFrame({'a': 1})",
        "pd.date_range('2020', '2021')",
        f"pd.date_range('2020', periods={10**9}, freq='D')",
        "np.array(3)",
        "np.array([[1], [1, 2]])",
        "date(2020, 13, 1)",
        "float(3)",
        "days()",
        "shadowed.Series([1])",
        "set([1])",
        f"{[0] * (MAX_ITEMS + 1)}",
    ],
)
def test_all_else_is_denied(text: str) -> None:
    with pytest.raises(NotLiteral):
        read(text, days=[5, 6], shadowed=1)


def calls(source: str) -> list[str]:
    text = Text({"f"}, {"days": [5, 6]}, dict(IMPORTED))
    text.read(source)
    return [call.text for call in text.calls]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("assert f(days, top=2) == 1", ["f([5, 6], top=2)"]),
        ("x = [1]\nassert f(x)\nx = [2]\nassert f(x)", ["f([1])", "f([2])"]),
        ("x: list[int] = [1]\nassert all(f(x) for _ in days)", ["f([1])"]),
        ("import pandas as p\nassert f(p.Series([1])).sum()", ["f(pd.Series([1]))"]),
        ("days.append(7)\nassert f(days)", []),
        ("days[0] = 7\nassert f(days)", []),
        ("days += [7]\nassert f(days)", []),
        ("del days\nassert f(days)", []),
        ("for days in [1], [2]:\n    assert f(days)", []),
        ("assert [f(days) for days in ([1], [2])]", []),
        ("assert (lambda days: f(days))(3)", []),
        ("def g(days):\n    return f(days)", []),
        ("pd = None\nassert f(pd.Series([1]))", []),
        ("if True:\n    days = g()\nassert f(days)", []),
        ("assert f()", []),
        ("x = (", []),
    ],
)
def test_names_are_what_the_text_above_makes_them(source: str, found: list[str]) -> None:
    assert calls(source) == found
