"""The search for the smallest verified repair of one program."""

import ast
import heapq
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from feedback.repair.deadline import Deadline, OutOfTime
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
from feedback.repair.minimise import AT_ONCE, fewest, needed_groups, small_sets, without_groups
from feedback.repair.names import Values
from feedback.repair.parts import Failing, Part, parts
from feedback.repair.pool import Pool, Solution
from feedback.repair.ports import Trials
from feedback.repair.slips import without_slip
from feedback.repair.traces import instrumented, of_function
from feedback.repair.trees import distance, size, written
from services.kit.syntax import tree_of

MAX_NODES: Final = 6_000
"""Of a program, about a thousand lines; reading and writing a longer one alone would take all the time there is."""

MAX_CHARACTERS: Final = 40 * MAX_NODES
"""Of a program; a longer one is not even read, as nothing can end that before it is over."""
_SLIPS_AT_ONCE: Final = 8
"""Single slips that are tried in one run, where a run is cheap."""

_ALIKE: Final = 2
"""Of so many changes one may be another program."""
_COMPARED: Final = 4
"""Of small changes that are enough and seem to be of one size, those whose size is counted exactly."""
_EARLY: Final = 0.4
"""Of the time; later than that nothing is begun that takes long before anything of it is asked."""
_Asked = tuple[Draft, frozenset[int]]
"""A draft and the edits of it that are taken: one program."""
_Found = tuple[int, Overlay, frozenset[int]]
"""Nodes that change, the overlay of a function, and the edits of it that are enough beside those of others."""


@dataclass(frozen=True, eq=False)
class Repaired:
    """A verified repair. Evidence only: no learner sees its source."""

    source: str
    edits: tuple[Edit, ...]
    distance: int
    """Nodes to change from the learner's tree to the repaired one; about, where there was no time to count them."""
    seconds: float
    """After how long it was found; the first verified one, which this one may have improved on, after less."""
    first_seconds: float
    broken: tuple[str, ...]
    """The functions that had to be changed, in the order in which the checks ask for them; TOP for code outside."""
    groups: Mapping[str, frozenset[int]]
    """Numbers of the edits of each of them."""
    values: tuple[str, ...] = ()
    """Of a cell that is repaired as a whole, the names that others ask for and whose statements change."""
    read: str = ""
    """The learner's program as it was read, line for line, where it is no Python as it stands; else empty."""
    draft: Draft | None = None
    """What the edits are chosen from, until `parted` has looked at them one by one."""
    parts: tuple[Part, ...] = ()
    """Edits that mend mistakes independent of each other, most consequential first; none: it is one, or not known."""

    def of(self, name: str) -> tuple[Edit, ...]:
        """The edits of one function."""
        return tuple(edit for edit in self.edits if edit.number in self.groups[name])


def parted(repaired: Repaired, failing: Failing) -> Repaired:
    """The same with its independent parts, as far as there is time to tell them apart."""
    found: tuple[Part, ...] = ()
    # What is no Python fails whatever else is wrong with it.
    if repaired.draft is not None and not repaired.read:
        with suppress(OutOfTime):
            found = parts(repaired.draft, frozenset(edit.number for edit in repaired.edits), failing)
    return replace(repaired, draft=None, parts=found)


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
    ahead: int = 0
    """Where a run is dear and one more program in it is not: so many, the likeliest, are asked for in one, before it is
    known whether they are needed; and a small change that is enough is not improved on by another solution."""


class Engine:
    """Finds repairs of programs of one subtask.

    Args:
        pool: correct solutions; one is enough.
        trials: runs candidates on the checks.
        until: a moment, by the clock, at which a search ends however little of its time it has had.
    """

    def __init__(
        self,
        pool: Pool,
        trials: Trials,
        effort: Effort | None = None,
        clock: Callable[[], float] = time.monotonic,
        until: float = math.inf,
    ) -> None:
        self.pool, self.trials, self.effort, self.clock, self.until = pool, trials, effort or Effort(), clock, until

    def repair(self, source: str) -> Repaired | None:
        """The smallest verified repair found in time, or None, also where there is nothing to repair.

        A source that is no Python has none, nor has one of more than MAX_NODES nodes or MAX_CHARACTERS.
        """
        if len(source) > MAX_CHARACTERS:
            return None
        try:
            tree = tree_of(source)
            return _Search(self, tree, source).run() if size(tree) <= MAX_NODES else None
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
        self._until = min(engine.effort.seconds, engine.until - self._began)
        self._deadline = Deadline(self._began + self._until, engine.clock)
        """Of all that is computed. Looked at from within, as laying and counting take longer the longer programs are;
        `_until` may come to be earlier, and is when nothing more is asked."""
        self._numbers = Numbers(self._deadline)
        self._top = overlay_of_top(tree, self._numbers)
        self._cost = 0
        self._overlays: dict[Solution, Overlay] = {}
        self._sizes: dict[tuple[Draft, frozenset[int]], int] = {}
        self._drafts: dict[tuple[int, ...], Draft] = {}
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
        # Laying takes time, too: where much is asked in one run, that says first which functions need it.
        few = self._engine.effort.ahead > 0 and len(required) > 1
        laid = {name: self._laid(name, 1 if few else None) for name in required}
        if not all(laid.values()):
            return
        overlays = {name: ranked[0] for name, ranked in laid.items()} | {TOP: self._top}
        whole = self._draft(overlays)
        self._look_ahead(self._likely(whole, laid))
        active = needed_groups(whole, self._passes)
        if not active:
            if active is not None:
                # It is right as it is; so are changes of it that were asked for ahead.
                self.best = None
            return
        self._offer(whole, active)
        for name in overlays:
            if active & whole.groups[name]:
                ranked = [self._top] if name == TOP else self._laid(name)
                overlays[name], active = self._improved(overlays, name, active, ranked)
        self._offer(self._draft(overlays), active)

    def _improved(
        self, overlays: Mapping[str, Overlay], name: str, active: frozenset[int], ranked: Sequence[Overlay]
    ) -> tuple[Overlay, frozenset[int]]:
        """The overlay and the edits that repair one function with the fewest changes, the others being as they are."""
        rest = active - Draft(self._tree, overlays).groups[name]
        best: _Found | None = None
        ahead = self._engine.effort.ahead
        pairs = [(self._draft({**overlays, name: one}), one) for one in ranked[: self._engine.effort.solutions]]
        if ahead:
            best = self._foreseen(pairs, name, rest)
            # Making them takes long enough to come too late with what has been found.
            early = self._spent() < self._until * _EARLY
            if early and not rest and (best is None or best[0] > self._engine.effort.enough):
                best = self._slipped(overlays, name, best)
        for draft, one in pairs if best is None else ():
            few = fewest(draft, rest, draft.groups[name], self._passes, ahead or AT_ONCE)
            if few is None:
                continue
            changed = self._size(draft, name, few)
            if best is None or changed < best[0]:
                best = changed, one, few
                self._offer(draft, rest | few)
            if changed <= self._engine.effort.enough:
                break
        if (rest or not ahead) and (best is None or best[0] > self._engine.effort.enough):
            best = self._without_slip(overlays, name, rest, best[0] if best else None) or best
        return (best[1], rest | best[2]) if best else (overlays[name], active)

    def _without_slip(
        self, overlays: Mapping[str, Overlay], name: str, rest: frozenset[int], limit: int | None
    ) -> _Found | None:
        """A single slip of the learner's put right, where that is enough and changes less than `limit` nodes."""
        mine = self._function(name)
        found: list[_Found] = []
        for other in without_slip(mine) if mine is not None else ():
            self._deadline.look()
            other.name = name
            one = overlay_of(mine, other, name, self._numbers) if mine is not None else Overlay(name)
            numbers = frozenset(edit.number for edit in one.edits)
            found.append((sum(edit.cost for edit in one.edits), one, numbers))
        found.sort(key=lambda candidate: candidate[0])
        at_once = self._engine.effort.ahead or _SLIPS_AT_ONCE
        for first in range(0, len(found), at_once):
            batch = found[first : first + at_once]
            drafts = [Draft(self._tree, {**overlays, name: one}, self._deadline) for _, one, _ in batch]
            programs = [draft.render(rest | numbers) for draft, (_, _, numbers) in zip(drafts, batch, strict=True)]
            flags = self._passes(programs)
            if not any(flags):
                continue
            draft, (_, one, numbers) = drafts[flags.index(True)], batch[flags.index(True)]
            changed = self._size(draft, name, numbers)
            if limit is not None and changed >= limit:
                return None
            self._offer(draft, rest | numbers)
            return changed, one, numbers
        return None

    def _slipped(self, overlays: Mapping[str, Overlay], name: str, best: _Found | None) -> _Found | None:
        """As `_without_slip`, where no other function needs a repair: all slips in one run, what passes laid over."""
        mine = self._function(name)
        forms: dict[str, ast.FunctionDef] = {}
        for other in without_slip(mine) if mine is not None else ():
            self._deadline.look()
            other.name = name
            body = (other if node is mine else node for node in self._tree.body)
            forms.setdefault("\n\n".join(map(written, body)), other)
        flags = self._passes(list(forms))
        for other in [form for form, flag in zip(forms.values(), flags, strict=True) if flag][:_COMPARED]:
            assert mine is not None
            one = overlay_of(mine, other, name, self._numbers)
            draft = Draft(self._tree, {**overlays, name: one}, self._deadline)
            changed = self._size(draft, name, draft.groups[name])
            if best is None or changed < best[0]:
                self._offer(draft, draft.groups[name])
                best = changed, one, draft.groups[name]
        return best

    def _likely(self, whole: Draft, laid: Mapping[str, Sequence[Overlay]]) -> Iterator[_Asked]:
        """What is asked first: which functions need a repair at all, and small changes of one of them."""
        yield from ((whole, active) for active in without_groups(whole))
        first = {name: ranked[0] for name, ranked in laid.items()} | {TOP: self._top}
        most = self._engine.effort.solutions
        drafts = [(self._draft({**first, name: one}), name) for name, ranked in laid.items() for one in ranked[:most]]
        yield from _small_changes(drafts, frozenset())

    def _look_ahead(self, likely: Iterator[_Asked]) -> None:
        """Ask for the first of these in one run. What passes is a repair, until there is a better one."""
        asked = self._first(likely)
        if asked:
            flags = self._passes(list(asked))
            right = [one for one, flag in zip(asked.values(), flags, strict=True) if flag]
            if right:
                draft, active = min(right, key=lambda one: one[0].cost(one[1]))
                self._offer(draft, active)

    def _foreseen(self, pairs: Sequence[tuple[Draft, Overlay]], name: str, rest: frozenset[int]) -> _Found | None:
        """A small change of one function that is enough, of all its solutions the cheapest; asked for in one run."""
        likely = self._first(_small_changes([(draft, name) for draft, _ in pairs], rest))
        first = next((program for program in likely if self._known.get(program, True)), None)
        if first is not None and first not in self._known:
            self._passes(list(likely))
        # Else one is known to pass, and all that are cheaper are known not to.
        found = [asked for program, asked in likely.items() if self._known.get(program)]
        if not found:
            return None
        least = found[0][0].cost(found[0][1])
        alike = [(draft, active) for draft, active in found if draft.cost(active) == least][:_COMPARED]
        sizes = [self._size(draft, name, active) for draft, active in alike]
        draft, active = alike[sizes.index(min(sizes))]
        self._offer(draft, active)
        return min(sizes), next(one for other, one in pairs if other is draft), active - rest

    def _size(self, draft: Draft, name: str, active: frozenset[int]) -> int:
        """Nodes that these edits change in one function. Counting them takes time; when that is over, about so many.

        So a repair that is known to hold is never lost to the count of what it changes.
        """
        key = draft, active & draft.groups[name]
        if key not in self._sizes:
            try:
                self._sizes[key] = distance(*draft.group(name, active), self._deadline)
            except OutOfTime:
                return draft.cost(key[1])
        return self._sizes[key]

    def _first(self, likely: Iterator[_Asked]) -> dict[str, _Asked]:
        """The first of these by their programs, each once: solutions that are much alike lead to the same ones."""
        ahead = self._engine.effort.ahead
        found: dict[str, _Asked] = {}
        for draft, active in islice(likely, _ALIKE * ahead):
            found.setdefault(draft.render(active), (draft, active))
            if len(found) == ahead:
                break
        return found

    def _draft(self, overlays: Mapping[str, Overlay]) -> Draft:
        """The draft of these overlays, made once."""
        key = tuple(map(id, overlays.values()))
        if key not in self._drafts:
            self._drafts[key] = Draft(self._tree, overlays, self._deadline)
        return self._drafts[key]

    def _laid(self, name: str, most: int | None = None) -> list[Overlay]:
        """Solutions laid over a function, those that change least first. `most`: only so many that are likest."""
        pool, effort = self._engine.pool, self._engine.effort
        mine = self._function(name)
        if mine is None:
            solutions = pool.shortest(name)[:1]
        else:
            solutions = list(dict.fromkeys([*pool.nearest(mine, name, effort.likely), *pool.shortest(name)[:2]]))
        solutions = solutions[:most]
        for one, values in zip(solutions, self._engine.values(solutions), strict=True):
            if one not in self._overlays:
                self._deadline.look()
                self._overlays[one] = overlay(self._tree, mine, one, self._numbers, self._mine[name], values)
        return sorted((self._overlays[one] for one in solutions), key=lambda one: sum(edit.cost for edit in one.edits))

    def _my_values(self) -> dict[str, Values]:
        try:
            (seen,) = self._engine.trials.values([instrumented(self._source)])
        except (SyntaxError, ValueError):
            seen = {}
        names = {name: self._others[name].name if name in self._others else name for name in self._engine.pool.required}
        return {name: of_function(seen, own) for name, own in names.items()}

    def _offer(self, draft: Draft, active: frozenset[int]) -> None:
        """Remember a verified repair, if it is the smallest so far."""
        cost = draft.cost(active)
        if not active or (self.best is not None and self._engine.effort.ahead and cost >= self._cost):
            return
        changed = sum(self._size(draft, name, active) for name, mine in draft.groups.items() if mine & active)
        if self.best is None or changed < self.best.distance:
            self._cost = cost
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
                draft=draft,
            )

    def _function(self, name: str) -> ast.FunctionDef | None:
        return self._others.get(name) or function_called(self._tree, name)


def _small_changes(drafts: Sequence[tuple[Draft, str]], rest: frozenset[int]) -> Iterator[_Asked]:
    """Small changes of one function in each of the drafts, beside the rest, the cheapest of all first."""

    def of(draft: Draft, name: str) -> Iterator[tuple[int, _Asked]]:
        return ((draft.cost(few), (draft, rest | few)) for few in small_sets(draft, draft.groups[name]))

    return (asked for _, asked in heapq.merge(*(of(draft, name) for draft, name in drafts), key=lambda one: one[0]))
