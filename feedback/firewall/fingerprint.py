"""What a text shows, in forms that can be compared with a secret's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedback.firewall.snippets import snippets
from feedback.firewall.tokens import ANY, code_view, lexemes
from feedback.firewall.trees import Fragment, fragments

ROW = 4
"""Marks in a row that make one digest."""


@dataclass(frozen=True)
class Fingerprint:
    """One text, read as a row of marks and as trees."""

    marks: Sequence[str]
    rows: Sequence[tuple[int, int]]
    """Digest of ROW marks in a row, and the place of the last of them."""
    trees: Sequence[Sequence[Fragment]]
    """Fragments of each snippet."""

    @classmethod
    def of(cls, text: str, vocabulary: frozenset[str]) -> "Fingerprint":
        """Read the text; it is plain already (`normalise.plain`)."""
        marks = code_view(lexemes(text, vocabulary))
        if "#" in text:
            # Comments between the lines of a program would keep its marks apart, so both ways of reading are kept.
            marks += ["\n" * ROW, *code_view(lexemes(text, vocabulary, comments=False))]
        trees = [found for snippet in snippets(text) if (found := fragments(snippet, vocabulary))]
        return cls(marks, list(_rows(marks)), trees)


def _rows(marks: Sequence[str]) -> Iterator[tuple[int, int]]:
    for last in range(ROW - 1, len(marks)):
        row = tuple(marks[last - ROW + 1 : last + 1])
        if row.count(ANY) < ROW - 1:
            yield hash(row), last
