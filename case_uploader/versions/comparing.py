"""What differs between two versions of a case."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.contracts.case import AuthorCase, LearnerCase, Subtask
from services.contracts.case_version import CellChange, Change, CheckChange, VersionChanges

_ELSEWHERE = frozenset({"id", "version", "number", "subtasks", "notebook", "data", "cells", "flaws", "variants"})
"""Keys that are told as cells, checks or data, or are different in every version."""


@dataclass(frozen=True)
class Side:
    """One of the two."""

    author: AuthorCase
    learner: LearnerCase
    requirements: tuple[str, ...]


def compare(before: Side, after: Side) -> VersionChanges:
    """Say what changed on the way from `before` to `after`."""
    checks = tuple(_checks(before.author, after.author))
    return VersionChanges(
        before=before.author.version,
        after=after.author.version,
        cells=tuple(_cells(before.author, after.author)),
        checks=checks,
        subtasks=tuple(_judged_differently(before.author, after.author)),
        data=tuple(_data(before.author, after.author)),
        requirements=tuple(_lines(before.requirements, after.requirements)),
        settings=tuple(_settings(before, after)),
    )


def _cells(before: AuthorCase, after: AuthorCase) -> Iterator[CellChange]:
    old, new = _sources(before), _sources(after)
    homes = _subtask_of(before) | _subtask_of(after)
    for cell in dict.fromkeys((*old, *new)):
        what = _what(old.get(cell), new.get(cell))
        if what:
            diff = _diff(old.get(cell, ""), new.get(cell, ""))
            yield CellChange(cell=cell, subtask=homes.get(cell), what=what, diff=diff)


def _sources(case: AuthorCase) -> dict[str, str]:
    """Cell -> what the author wrote; of an answer, the learner's start and the reference."""
    answers = {
        cell: f"# learner's start\n{subtask.starter[cell]}\n\n# reference\n{reference}"
        for subtask in case.subtasks
        for cell, reference in subtask.reference.items()
    }
    return {cell.id: answers.get(cell.id, cell.source) for cell in case.cells}


def _subtask_of(case: AuthorCase) -> dict[str, str]:
    return {cell: subtask.view.id for subtask in case.subtasks for cell in subtask.view.cells}


def _checks(before: AuthorCase, after: AuthorCase) -> Iterator[CheckChange]:
    old, new = _check_sources(before), _check_sources(after)
    for key in dict.fromkeys((*old, *new)):
        what = _what(old.get(key), new.get(key))
        if what:
            subtask, check = key
            yield CheckChange(subtask=subtask, check=check, what=what, diff=_diff(old.get(key, ""), new.get(key, "")))


def _check_sources(case: AuthorCase) -> dict[tuple[str, str], str]:
    return {
        (subtask.view.id, check.id): f"# {check.points:g} points\n{check.source}"
        for subtask in case.subtasks
        for check in subtask.checks
    }


def _judged_differently(before: AuthorCase, after: AuthorCase) -> Iterator[str]:
    old, new = ({s.view.id: _judging(s) for s in case.subtasks} for case in (before, after))
    everything_else = _around(before) != _around(after)
    for subtask in dict.fromkeys((*old, *new)):
        if everything_else or old.get(subtask) != new.get(subtask):
            yield subtask


def _judging(subtask: Subtask) -> dict[str, Any]:
    """What decides about a submission of the subtask."""
    return subtask.model_dump(include={"reference", "checks", "compare", "probes"})


def _around(case: AuthorCase) -> Any:
    """What may change the verdict of any subtask."""
    given = [cell.source for cell in case.cells if cell.kind == "code" and cell.id not in _answers(case)]
    return [given, case.data, case.limits, case.strictness]


def _answers(case: AuthorCase) -> set[str]:
    checks = {check.cell for subtask in case.subtasks for check in subtask.checks}
    return checks | {cell for subtask in case.subtasks for cell in subtask.reference}


def _data(before: AuthorCase, after: AuthorCase) -> Iterator[str]:
    old, new = ({file.path: file.digest for file in case.data} for case in (before, after))
    signs = {"added": "+", "removed": "-", "changed": "~"}
    for path in sorted(old.keys() | new.keys()):
        what = _what(old.get(path), new.get(path))
        if what:
            yield f"{signs[what]} {path}"


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    yield from (f"- {line}" for line in before if line not in after)
    yield from (f"+ {line}" for line in after if line not in before)


def _settings(before: Side, after: Side) -> Iterator[str]:
    old, new = _flat(before), _flat(after)
    yield from sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _flat(side: Side) -> Mapping[str, Any]:
    views = {**side.author.model_dump(mode="json"), **side.learner.model_dump(mode="json")}
    kept = {key: value for key, value in views.items() if key not in _ELSEWHERE}
    return kept | {"flaws": side.author.model_dump(include={"flaws"}), "variants": side.author.variants}


def _what(old: str | None, new: str | None) -> Change | None:
    if old == new:
        return None
    if old is None:
        return "added"
    return "removed" if new is None else "changed"


def _diff(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="", n=2)
    return "\n".join(list(lines)[2:])
