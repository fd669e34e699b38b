"""The parts of a verified repair that mend mistakes which have nothing to do with each other."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from feedback.repair.draft import Draft
from feedback.repair.edits import Edit

MAX_UNITS: Final = 8
"""A repair with more places than that says that much is to be done, not that there are so many mistakes."""
Failing = Callable[[Sequence[str]], Sequence[Collection[int]]]
"""For each program, the numbers of the questions that it fails; all of them where it is lost. Raises OutOfTime."""


@dataclass(frozen=True, eq=False)
class Part:
    """Edits that mend one mistake, whatever becomes of the others."""

    edits: tuple[Edit, ...]
    source: str
    """The learner's program with these edits alone. Evidence only, as the whole repair is."""
    breaks: frozenset[int]
    """Numbers of what fails, and goes on failing as long as only this mistake is left."""
    signature: str | None = None
    """Of this mistake, as if it were made alone (`feedback.repair.mistakes`); None: nobody has worked it out."""


def parts(draft: Draft, active: frozenset[int], failing: Failing) -> tuple[Part, ...]:
    """The independent parts of a repair, the one that breaks most first; none where it mends one mistake only.

    A place is a mistake of its own where mending it alone makes more hold, and nothing fail that held. What is left of
    a function is one more if that makes nothing worse by itself; else it needs the others, and all are one. Each must
    break something by itself that fails now. Two runs of a few programs each, seldom a third.
    """
    units = list(_units(draft, active))
    if not 2 <= len(units) <= MAX_UNITS:
        return ()
    seen = _Seen(draft, failing)
    seen.ask([frozenset(), *units])
    now = seen.fails(frozenset())
    apart = [unit for unit in units if seen.fails(unit) < now]
    left = active.difference(*apart)
    rests = [rest for mine in draft.groups.values() if (rest := left & mine)]
    if len(apart) + len(rests) < 2:
        return ()
    seen.ask([*rests, left, *(active - one for one in (*apart, *rests, left))])
    found = [*apart, *(rest for rest in rests if seen.fails(rest) < now)]
    if rest := active.difference(*found):
        seen.ask([rest, active - rest])
        found.append(rest)
    # What only fails without the others is nothing that was seen.
    broken = [seen.fails(active - one) & now for one in found]
    harmless = all(seen.fails(one) <= now for one in found)
    if len(found) < 2 or not harmless or not all(broken):
        return ()
    made = [
        Part(tuple(draft.edits[number] for number in sorted(one)), draft.render(one), breaks)
        for one, breaks in zip(found, broken, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: (-len(one.breaks), one.edits[0].lines)))


class _Seen:
    """What programs between the learner's and the repaired one fail, each asked for once."""

    def __init__(self, draft: Draft, failing: Failing) -> None:
        self._draft, self._failing = draft, failing
        self._known: dict[frozenset[int], frozenset[int]] = {}

    def ask(self, taken: Sequence[frozenset[int]]) -> None:
        """In one run."""
        unknown = [one for one in dict.fromkeys(taken) if one not in self._known]
        if unknown:
            told = self._failing([self._draft.render(one) for one in unknown])
            self._known.update(zip(unknown, map(frozenset, told), strict=True))

    def fails(self, taken: frozenset[int]) -> frozenset[int]:
        """The questions that the program with these edits fails."""
        return self._known[taken]


def _units(draft: Draft, active: frozenset[int]) -> Iterator[frozenset[int]]:
    """The edits by their places: what changes in the same lines is looked at together."""
    here: list[int] = []
    end = 0
    edits = sorted((draft.edits[number] for number in active), key=lambda one: (one.lines, one.number))
    for edit in edits:
        if edit.mine is None and edit.place == "Module.body":
            # A function or an import that is missing altogether stands at no line.
            yield frozenset({edit.number})
            continue
        if here and edit.lines[0] > end:
            yield frozenset(here)
            here = []
        here.append(edit.number)
        end = max(end, edit.lines[1])
    if here:
        yield frozenset(here)
