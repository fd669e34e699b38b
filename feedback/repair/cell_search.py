"""The search for the smallest verified repair of a step's cell, whatever the step asks: values, tables, calls, checks.

No values of variables are looked at: what the step asks is the judge, and most edits are too cheap to be guessed at.
Running is what is dear, so much is asked in one run, and no more than there is time for.
"""

import ast
import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from feedback.repair.cells import CellDraft, CorrectCells, laid_over
from feedback.repair.deadline import Deadline, OutOfTime
from feedback.repair.engine import MAX_NODES, Repaired
from feedback.repair.minimise import fewest, needed_groups, small_sets, without_groups
from feedback.repair.ports import CellTrials
from feedback.repair.slips import without_slip
from feedback.repair.trees import distance, size, written
from services.kit.syntax import tree_of

_Asked = tuple[CellDraft, frozenset[int]]
"""A draft and the edits of it that are taken: one program."""
_APART: Final = 4
"""Programs that a sieve lets through and that are tried apart at once, the cheapest first."""
_ENOUGH: Final = 2
"""Nodes: what changes no more than this is not improved on by a single slip."""
_GROUPS: Final = 4
"""Functions (with the margin) of which it is asked ahead which need a repair."""
_ALIKE: Final = 2
"""Of so many sets of edits one may be a program of its own."""
_SMALL: Final = 0.75
"""Of the programs of the first run, those that are small changes, whatever else there is to ask."""
_COMPARED: Final = 8
"""Of the slips that a sieve lets through, those that are tried apart."""
_EARLY: Final = 0.5
"""Of the time; later than that no slips are begun with."""


@dataclass(frozen=True)
class CellEffort:
    """How much is tried."""

    seconds: float
    """After this long there is no more search."""
    programs: int
    """Asked for in one run."""
    likely: int = 4
    """Correct answers that are laid over the cell."""


class CellEngine:
    """Finds repairs of one step's cell.

    Args:
        answers: correct ones; one is enough.
        trials: runs candidates, and asks what the step asks.
        until: a moment, by the clock, at which a search ends however little of its time it has had.
    """

    def __init__(
        self,
        answers: CorrectCells,
        trials: CellTrials,
        effort: CellEffort,
        clock: Callable[[], float] = time.monotonic,
        until: float = math.inf,
    ) -> None:
        self.answers, self.trials, self.effort, self.clock, self.until = answers, trials, effort, clock, until

    def repair(self, source: str) -> Repaired | None:
        """The smallest verified repair found in time, or None, also where there is nothing to repair.

        A source that is no Python has none, nor has one of more than MAX_NODES nodes.
        """
        try:
            tree = tree_of(source)
            return _Search(self, tree).run() if size(tree) <= MAX_NODES else None
        except (SyntaxError, ValueError, RecursionError):
            return None


class _Search:
    """The search for one cell."""

    def __init__(self, engine: CellEngine, tree: ast.Module) -> None:
        self._engine, self._tree = engine, tree
        self._began = engine.clock()
        self._end = min(self._began + engine.effort.seconds, engine.until)
        self._deadline = Deadline(self._end, engine.clock)
        self._held: dict[str, bool] = {}
        """What sieves say."""
        self._known: dict[str, bool] = {}
        """What was tried apart, or did not come so far."""
        self.best: Repaired | None = None

    def run(self) -> Repaired | None:
        with suppress(OutOfTime):
            self._search()
        return self.best

    def _search(self) -> None:
        drafts = self._drafts()
        if not drafts:
            return
        asked = self._first(drafts)
        self._sift(list(asked))
        found = self._cheapest(asked)
        if found is not None:
            draft, active = found
            if not active:
                # It is right as it is.
                return
            self._offer(draft, active)
            self._reduce(draft, active)
        early = self._engine.clock() < self._began + (self._end - self._began) * _EARLY
        if early and (self.best is None or self.best.distance > _ENOUGH):
            self._slips()

    def _drafts(self) -> list[CellDraft]:
        """Correct answers laid over the cell, those that change least first."""
        engine = self._engine
        found = []
        for answer in engine.answers.nearest(self._tree, engine.effort.likely):
            self._deadline.look()
            found.append(laid_over(self._tree, answer, engine.answers.fixed, self._deadline))
        return sorted(found, key=lambda draft: draft.cost(draft.everything))

    def _first(self, drafts: Sequence[CellDraft]) -> dict[str, _Asked]:
        """What is asked in the first run: the cell itself, all edits, small changes, functions that need none."""
        most = self._engine.effort.programs
        found: dict[str, _Asked] = {}
        _add(found, [(drafts[0], frozenset()), (drafts[0], drafts[0].everything)], most)
        _add(found, _small(drafts), round(most * _SMALL))
        _add(found, [(draft, draft.everything) for draft in drafts], most)
        if len(drafts[0].groups) <= _GROUPS:
            _add(found, [(drafts[0], active) for active in without_groups(drafts[0])], most)
        _add(found, _small(drafts), most)
        return found

    def _reduce(self, draft: CellDraft, active: frozenset[int]) -> None:
        """Of the edits that are enough, those that are needed."""
        if active == draft.everything:
            active = needed_groups(draft, self._passes) or active
            self._offer(draft, active)
        few = fewest(draft, frozenset(), active, self._passes, self._engine.effort.programs)
        if few is not None:
            self._offer(draft, few)

    def _slips(self) -> None:
        """A single slip of the learner's put right: all that can be asked in one run, laid over where they pass."""
        alone = ast.FunctionDef("cell", ast.arguments([], [], None, [], [], None, []), self._tree.body, [], None, None)
        forms: dict[str, ast.Module] = {}
        for form in without_slip(ast.fix_missing_locations(alone)) if self._tree.body else ():
            self._deadline.look()
            forms.setdefault("\n\n".join(map(written, form.body)), ast.Module(form.body, []))
            if len(forms) == self._engine.effort.programs:
                break
        self._sift(list(forms))
        held = [program for program in forms if self._held[program]]
        drafts = [CellDraft(self._tree, forms[program], self._deadline) for program in held[:_COMPARED]]
        found = self._cheapest({draft.render(draft.everything): (draft, draft.everything) for draft in drafts})
        if found is not None:
            self._offer(*found)

    def _passes(self, programs: Sequence[str]) -> list[bool]:
        self._sift(programs)
        asked = [one for one in dict.fromkeys(programs) if self._held[one] and one not in self._known]
        for first in range(0, len(asked), _APART):
            self._apart(asked[first : first + _APART])
        return [self._held[program] and self._known[program] for program in programs]

    def _cheapest(self, asked: dict[str, _Asked]) -> _Asked | None:
        """Of what a sieve has let through the cheapest that passes, tried apart a few at a time."""
        held = [program for program in asked if self._held.get(program)]
        ordered = sorted(held, key=lambda one: asked[one][0].cost(asked[one][1]))
        for first in range(0, len(ordered), _APART):
            batch = ordered[first : first + _APART]
            self._apart([program for program in batch if program not in self._known])
            right = [asked[program] for program in batch if self._known[program]]
            if right:
                return right[0]
        return None

    def _sift(self, programs: Sequence[str]) -> None:
        unknown = [program for program in dict.fromkeys(programs) if program not in self._held]
        if unknown:
            self._deadline.look()
            self._held.update(zip(unknown, self._engine.trials.likely(unknown), strict=True))

    def _apart(self, programs: Sequence[str]) -> None:
        if programs:
            self._deadline.look()
            self._known.update(zip(programs, self._engine.trials.apart(programs), strict=True))

    def _offer(self, draft: CellDraft, active: frozenset[int]) -> None:
        """Remember a verified repair, if it is the smallest so far."""
        changed = self._size(draft, active)
        if not active or (self.best is not None and changed >= self.best.distance):
            return
        spent = self._engine.clock() - self._began
        groups = {name: mine & active for name, mine in draft.groups.items() if mine & active}
        self.best = Repaired(
            source=draft.render(active),
            edits=tuple(draft.edits[number] for number in sorted(active)),
            distance=changed,
            seconds=spent,
            first_seconds=self.best.first_seconds if self.best else spent,
            broken=tuple(groups),
            groups=groups,
            values=tuple(sorted(draft.makes(active) & self._engine.answers.fixed)),
        )

    def _size(self, draft: CellDraft, active: frozenset[int]) -> int:
        """Nodes that these edits change; about so many, where there is no time to count them."""
        try:
            return distance(*draft.changed(active), self._deadline)
        except OutOfTime:
            return draft.cost(active)


def _add(found: dict[str, _Asked], asked: Iterable[_Asked], most: int) -> None:
    """The first of these by their programs, each once, until there are `most`."""
    if len(found) >= most:
        return
    for draft, active in itertools.islice(asked, _ALIKE * most):
        found.setdefault(draft.render(active), (draft, active))
        if len(found) >= most:
            return


def _small(drafts: Sequence[CellDraft]) -> Iterator[_Asked]:
    """Small changes, the cheapest of all first."""

    def of(draft: CellDraft) -> Iterator[tuple[int, _Asked]]:
        return ((draft.cost(few), (draft, few)) for few in small_sets(draft, draft.everything))

    return (asked for _, asked in heapq.merge(*map(of, drafts), key=lambda one: one[0]))
