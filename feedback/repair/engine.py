"""The search for the smallest verified repair of one program."""

import ast
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from feedback.repair.draft import (
    TOP,
    Draft,
    Numbers,
    Overlay,
    function_called,
    misnamed,
    overlay,
    overlay_of,
    overlay_of_top,
)
from feedback.repair.edits import Edit
from feedback.repair.minimise import fewest, needed_groups
from feedback.repair.names import Values
from feedback.repair.pool import Pool, Solution
from feedback.repair.ports import Trials
from feedback.repair.slips import without_slip
from feedback.repair.traces import instrumented, of_function
from feedback.repair.trees import distance

_SLIPS_AT_ONCE: Final = 8
"""Single slips that are tried in one run."""


class OutOfTime(Exception):
    """The time budget of a repair is over; what was best so far counts."""


@dataclass(frozen=True, eq=False)
class Repaired:
    """A verified repair. Evidence only: no learner sees its source."""

    source: str
    edits: tuple[Edit, ...]
    distance: int
    """Nodes to change from the learner's tree to the repaired one."""
    seconds: float
    """After how long it was found; the first verified one, which this one may have improved on, after less."""
    first_seconds: float
    broken: tuple[str, ...]
    """The functions that had to be changed, in the order in which the checks ask for them; TOP for code outside."""
    groups: Mapping[str, frozenset[int]]
    """Numbers of the edits of each of them."""

    def of(self, name: str) -> tuple[Edit, ...]:
        """The edits of one function."""
        return tuple(edit for edit in self.edits if edit.number in self.groups[name])


@dataclass(frozen=True)
class Effort:
    """How much is tried."""

    seconds: float = 5.0
    """After this long there is no more search."""
    improving: float = 0.8
    """How long, at most, a first verified repair is improved on; the best so far counts."""
    likely: int = 10
    """Solutions that are laid over a function, to see how much they would change."""
    solutions: int = 5
    """Of these, the ones that are tried out."""
    enough: int = 2
    """A function whose repair changes no more nodes than this is not improved on."""


class Engine:
    """Finds repairs of programs of one subtask.

    Args:
        pool: correct solutions; one is enough.
        trials: runs candidates on the checks.
    """

    def __init__(
        self, pool: Pool, trials: Trials, effort: Effort | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.pool, self.trials, self.effort, self.clock = pool, trials, effort or Effort(), clock

    def repair(self, source: str) -> Repaired | None:
        """The smallest verified repair found in time, or None, also where there is nothing to repair.

        A source that is no Python has none.
        """
        try:
            return _Search(self, ast.parse(source), source).run()
        except (SyntaxError, ValueError, RecursionError):
            return None

    def values(self, solutions: Sequence[Solution]) -> list[Values]:
        """Values of each solution's variables; asked for together, and of each program once."""
        known = self.pool.values
        unseen = [one for one in dict.fromkeys(solution.program for solution in solutions) if one not in known]
        if unseen:
            seen = zip(unseen, self.trials.values([instrumented(one) for one in unseen]), strict=True)
            # A run that is lost to a busy machine may go well the next time.
            known.update((program, values) for program, values in seen if values)
        return [of_function(known.get(solution.program, {}), solution.name) for solution in solutions]


class _Search:
    """The search for one program."""

    def __init__(self, engine: Engine, tree: ast.Module, source: str) -> None:
        self._engine, self._tree, self._source = engine, tree, source
        self._began = engine.clock()
        self._known: dict[str, bool] = {}
        self._others = misnamed(tree, engine.pool.required)
        self._mine: Mapping[str, Values] = {}
        self._numbers = Numbers()
        self._top = overlay_of_top(tree, self._numbers)
        self._until = engine.effort.seconds
        self.best: Repaired | None = None

    def run(self) -> Repaired | None:
        with suppress(OutOfTime):
            self._search()
        return self.best

    def _spent(self) -> float:
        return self._engine.clock() - self._began

    def _passes(self, programs: Sequence[str]) -> list[bool]:
        unknown = [program for program in dict.fromkeys(programs) if program not in self._known]
        if unknown:
            if self._spent() > self._until:
                raise OutOfTime
            self._known.update(zip(unknown, self._engine.trials.passed(unknown), strict=True))
        return [self._known[program] for program in programs]

    def _search(self) -> None:
        required = self._engine.pool.required
        self._mine = self._my_values()
        laid = {name: self._laid(name) for name in required}
        if not all(laid.values()):
            return
        overlays = {name: ranked[0] for name, ranked in laid.items()} | {TOP: self._top}
        whole = Draft(self._tree, overlays)
        active = needed_groups(whole, self._passes)
        if not active:
            return
        self._offer(whole, active)
        for name in overlays:
            if active & whole.groups[name]:
                overlays[name], active = self._improved(overlays, name, active, laid.get(name, [self._top]))
        self._offer(Draft(self._tree, overlays), active)

    def _improved(
        self, overlays: Mapping[str, Overlay], name: str, active: frozenset[int], ranked: Sequence[Overlay]
    ) -> tuple[Overlay, frozenset[int]]:
        """The overlay and the edits that repair one function with the fewest changes, the others being as they are."""
        rest = active - Draft(self._tree, overlays).groups[name]
        best: tuple[int, Overlay, frozenset[int]] | None = None
        for one in ranked[: self._engine.effort.solutions]:
            draft = Draft(self._tree, {**overlays, name: one})
            few = fewest(draft, rest, draft.groups[name], self._passes)
            if few is None:
                continue
            changed = distance(*draft.group(name, few))
            if best is None or changed < best[0]:
                best = changed, one, few
                self._offer(draft, rest | few)
            if changed <= self._engine.effort.enough:
                break
        if best is None or best[0] > self._engine.effort.enough:
            best = self._without_slip(overlays, name, rest, best[0] if best else None) or best
        return (best[1], rest | best[2]) if best else (overlays[name], active)

    def _without_slip(
        self, overlays: Mapping[str, Overlay], name: str, rest: frozenset[int], limit: int | None
    ) -> tuple[int, Overlay, frozenset[int]] | None:
        """A single slip of the learner's put right, where that is enough and changes less than `limit` nodes."""
        mine = self._function(name)
        found: list[tuple[int, Overlay, frozenset[int]]] = []
        for other in without_slip(mine) if mine is not None else ():
            other.name = name
            one = overlay_of(mine, other, name, self._numbers) if mine is not None else Overlay(name)
            numbers = frozenset(edit.number for edit in one.edits)
            found.append((sum(edit.cost for edit in one.edits), one, numbers))
        found.sort(key=lambda candidate: candidate[0])
        for first in range(0, len(found), _SLIPS_AT_ONCE):
            batch = found[first : first + _SLIPS_AT_ONCE]
            drafts = [Draft(self._tree, {**overlays, name: one}) for _, one, _ in batch]
            programs = [draft.render(rest | numbers) for draft, (_, _, numbers) in zip(drafts, batch, strict=True)]
            flags = self._passes(programs)
            if not any(flags):
                continue
            draft, (_, one, numbers) = drafts[flags.index(True)], batch[flags.index(True)]
            changed = distance(*draft.group(name, numbers))
            if limit is not None and changed >= limit:
                return None
            self._offer(draft, rest | numbers)
            return changed, one, numbers
        return None

    def _laid(self, name: str) -> list[Overlay]:
        """Solutions laid over a function, those that change least first."""
        pool, effort = self._engine.pool, self._engine.effort
        mine = self._function(name)
        if mine is None:
            solutions = pool.shortest(name)[:1]
        else:
            solutions = list(dict.fromkeys([*pool.nearest(mine, name, effort.likely), *pool.shortest(name)[:2]]))
        found = [
            overlay(self._tree, mine, one, self._numbers, self._mine[name], values)
            for one, values in zip(solutions, self._engine.values(solutions), strict=True)
        ]
        return sorted(found, key=lambda one: sum(edit.cost for edit in one.edits))

    def _my_values(self) -> dict[str, Values]:
        try:
            (seen,) = self._engine.trials.values([instrumented(self._source)])
        except (SyntaxError, ValueError):
            seen = {}
        names = {name: self._others[name].name if name in self._others else name for name in self._engine.pool.required}
        return {name: of_function(seen, own) for name, own in names.items()}

    def _offer(self, draft: Draft, active: frozenset[int]) -> None:
        """Remember a verified repair, if it is the smallest so far."""
        changed = sum(distance(*draft.group(name, active)) for name, mine in draft.groups.items() if mine & active)
        if self.best is None or changed < self.best.distance:
            spent = self._spent()
            if self.best is None:
                self._until = min(self._until, spent + self._engine.effort.improving)
            self.best = Repaired(
                source=draft.render(active),
                edits=tuple(draft.edits[number] for number in sorted(active)),
                distance=changed,
                seconds=spent,
                first_seconds=self.best.first_seconds if self.best else spent,
                broken=tuple(name for name, mine in draft.groups.items() if mine & active),
                groups={name: mine & active for name, mine in draft.groups.items() if mine & active},
            )

    def _function(self, name: str) -> ast.FunctionDef | None:
        return self._others.get(name) or function_called(self._tree, name)
