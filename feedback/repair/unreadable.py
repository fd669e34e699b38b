"""Repairs of a program whether it parses or not: one that does not is made to first, as a part of the repair."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from feedback.repair.cells import function_at
from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.draft import TOP
from feedback.repair.engine import Repaired
from feedback.repair.readable import Readable, as_it_is, readable
from services.kit.syntax import tree_of

_TRIED: Final = 2
"""Forms that parse and do not pass as they are, those that change least, that are repaired like any other program."""


def repair_of(
    source: str,
    solutions: Callable[[], Sequence[str]],
    repair: Callable[[str], Repaired | None],
    passes: Callable[[Sequence[str]], Sequence[bool]],
    deadline: Deadline = ENDLESS,
) -> Repaired | None:
    """What `repair` finds for the source, or for what the source may have been meant to be. Raises OutOfTime.

    Args:
        solutions: gives lines of correct answers; asked only where the source does not parse.
        repair: finds the repair of a program that does.
        passes: runs programs on all that the step asks.
    """
    began = time.monotonic()
    read = as_it_is(source)
    if read is not None:
        found = repair(read)
        return replace(found, read=read) if found is not None and read != source else found
    forms = readable(source, solutions(), deadline)
    flags = passes([form.source for form in forms]) if forms else ()
    right = next((form for form, flag in zip(forms, flags, strict=True) if flag), None)
    if right is not None:
        spent = time.monotonic() - began
        return _with_lines(right, Repaired(right.source, (), 0, spent, spent, (), {}))
    for form in forms[:_TRIED]:
        found = repair(form.source)
        if found is not None:
            return _with_lines(form, found)
    return None


def _with_lines(form: Readable, found: Repaired) -> Repaired:
    """The repair of a form, and the lines that had to be read otherwise."""
    edits = form.edits()
    tree = tree_of(form.source)
    groups: dict[str, frozenset[int]] = dict(found.groups)
    for edit in edits:
        name = function_at(tree, edit.lines[0]) or TOP
        groups[name] = groups.get(name, frozenset()) | {edit.number}
    return replace(
        found,
        edits=(*edits, *found.edits),
        distance=found.distance + form.cost,
        broken=_ordered(found.broken, groups),
        groups=groups,
        read=form.source,
    )


def _ordered(broken: Sequence[str], groups: Mapping[str, frozenset[int]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*broken, *groups]))
