"""A class as a file. Pure."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from services.contracts.classroom import ClassRow, ClassSubtask, ClassView

HEADER: Final = ("user", "case", "subtask", "state", "attempts", "points", "updated", "last_seen", "watch")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a field (OWASP, CSV injection)."""


def as_csv(view: ClassView) -> str:
    """A line a learner and step, with a header; text is quoted, and no field of text is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(HEADER)
    for row in view.rows:
        writer.writerows(_lines(view.case, row))
    return out.getvalue()


def _lines(case: str, row: ClassRow) -> Iterator[tuple[str | int | float, ...]]:
    seen = row.last_seen.isoformat()
    if not row.subtasks:
        yield safe(row.user), safe(case), "", "", "", "", "", seen, _rules(row, None)
    for step in row.subtasks:
        standing = (str(step.state), step.attempts, step.points, step.updated.isoformat())
        yield safe(row.user), safe(case), safe(step.subtask), *standing, seen, _rules(row, step)


def safe(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rules(row: ClassRow, step: ClassSubtask | None) -> str:
    here = (None, None if step is None else step.subtask)
    return " ".join(watch.rule for watch in row.watch if watch.subtask in here)
