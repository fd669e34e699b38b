"""What every learner can read anyway: it cannot leak."""

import re
from collections.abc import Iterator

from services.contracts.case import AuthorCase

_IMPORTED = re.compile(r"^[ \t]*(?:from\s+[\w.]+\s+)?import\s+(?:\(([\w,\s.]{0,2000})\)|([\w, .]+))", re.M)
_AS = re.compile(r"\w+ as (\w+)")


def public_texts(case: AuthorCase) -> Iterator[str]:
    """The handed-out notebook, and what the author wrote for learners beside it."""
    for cell in case.cells:
        yield cell.source
    for subtask in case.subtasks:
        yield from subtask.starter.values()
        yield subtask.view.title
        yield from filter(None, (subtask.plan, subtask.example))
        for check in subtask.checks:
            yield from filter(None, (check.hint, None if check.hidden else check.source))
    for flaw in case.flaws:
        yield flaw.title
        yield flaw.words


def imported_names(source: str) -> set[str]:
    """Names in lower case that the source's imports bind: nobody renames these."""
    found = set()
    for in_brackets, in_line in _IMPORTED.findall(source):
        for name in (in_brackets or in_line).split(","):
            renamed = _AS.search(name)
            found.add((renamed[1] if renamed else name.strip().split(".")[0]).strip().lower())
    return found - {""}
