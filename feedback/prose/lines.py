"""Lines of code that a text names, against those that findings mark."""

import re
from collections.abc import Iterable, Set

from services.contracts.finding import Finding

_LINE = re.compile(
    r"\b(?:lines?|zeilen?|lignes?|líneas?|строк\w*)\s+(\d{1,5})"
    r"(?:\s*(?:(?:-|–|to|bis|à|a|до)\s*(\d{1,5})|(?:,|and|und|et|y|и)\s*(\d{1,5})))?",
    re.IGNORECASE,
)


def lines_of(findings: Iterable[Finding]) -> frozenset[int]:
    """The lines that the findings mark."""
    places = [finding.place for finding in findings if finding.place is not None]
    return frozenset(n for p in places if p.line for n in range(p.line, (p.end_line or p.line) + 1))


def names_other_lines(prose: str, lines: Set[int]) -> bool:
    """Whether the text names a line, or one of a range, that is not among these."""
    for hit in _LINE.finditer(prose):
        first, last = int(hit[1]), int(hit[2] or hit[1])
        if last - first > len(lines) or not {first, last, int(hit[3] or first), *range(first, last)} <= lines:
            return True
    return False
