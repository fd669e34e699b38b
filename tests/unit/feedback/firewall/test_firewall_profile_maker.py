from pathlib import Path

import feedback.firewall as package
from feedback.firewall.profile_maker import Counts, docstrings, functions

MODULE = '''\
"""A module about means."""

def mean(values):
    """The mean.

    >>> mean([1, 2])
    1.5
    """
    return sum(values) / len(values)
'''


def test_a_mark_counts_once_a_text() -> None:
    counts = Counts(single=1, pair=1)
    counts.add(["a", "b", "a", "b"])
    counts.add(["a"])
    assert list(counts.lines()) == ["2\ta", "1\tb", "1\ta\tb", "1\tb\ta"]


def test_what_is_rare_is_left_out() -> None:
    counts = Counts(single=2, pair=2)
    counts.add(["a", "b"])
    counts.add(["a", "c"])
    assert list(counts.lines()) == ["2\ta"]


def test_docstrings_and_functions_of_a_module() -> None:
    assert [text.split("\n")[0] for text in docstrings(MODULE)] == ["A module about means.", "The mean."]
    assert [text.split("\n")[0] for text in functions(MODULE)] == ["def mean(values):"]


def test_a_module_that_does_not_parse_has_none() -> None:
    assert list(docstrings("def (")) == []


def test_the_shipped_tables_are_counts_of_marks() -> None:
    for name in ("common_code.tsv", "common_words.tsv"):
        for line in (Path(package.__file__).parent / name).read_text("utf-8").splitlines():
            count, *marks = line.split("\t")
            assert int(count) >= 3
            assert 1 <= len(marks) <= 2
            assert all(marks)
