"""A learner's program beside a correct one: every place at which they differ, in the learner's own lines."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from feedback.evidence.structure.aligned import aligned
from feedback.evidence.structure.change import Change
from feedback.evidence.structure.moves import changed, matters
from feedback.evidence.structure.renaming import renaming
from feedback.evidence.structure.sites import Naming, parts
from feedback.evidence.structure.steps import Program, Step


@dataclass(frozen=True)
class Site:
    """One place of the learner's code that is not as in the solution."""

    cell: str
    line: int
    end_line: int
    change: Change
    names: frozenset[str]
    """What the top-level statement around it binds."""
    weight: int
    """How many words differ."""


@dataclass(frozen=True)
class Comparison:
    """All sites, in the order of the learner's code, and how much of the two programs differs."""

    sites: tuple[Site, ...]
    share: float
    """0: the same; 1: nothing in common."""


def compare(mine: Program, other: Program) -> Comparison:
    """What differs; names that the authors chose stand for each other by where they stand."""
    units = tuple(_units(mine, other))
    roughly = [(one, two, aligned(one, two).pairs) for one, two in units]
    naming = Naming(
        mine.free, other.free, renaming((ours[i], theirs[j]) for ours, theirs, pairs in roughly for i, j in pairs)
    )
    # Steps that differ in their names only are told apart once it is known who stands for whom.
    stands = {name: naming.renamed.get(name, f"\0{name}") for name in mine.free}
    own = {name: name for name in other.free}
    beside = [
        _Unit([step.named(stands) for step in ours], [step.named(own) for step in theirs], mine.bound)
        for ours, theirs in units
    ]
    absent = [_at_the_end(mine, theirs[0]) for ours, theirs in units if theirs and not ours]
    sites = _merged([*(site for unit in beside for site in unit.sites(naming)), *absent], mine.bound)
    # Words that are missing count on neither side's size alone: the larger of the two is the whole.
    whole = max(mine.size, other.size, 1)
    return Comparison(sites, min(1.0, sum(site.weight for site in sites) / whole))


def _merged(sites: Iterable[Site], bound: frozenset[str]) -> tuple[Site, ...]:
    """One site of each place and kind, with no names but those that the program binds."""
    found: dict[tuple[str, int, int, str], Site] = {}
    for site in sites:
        place = (site.cell, site.line, site.end_line, site.change)
        earlier = found.get(place)
        found[place] = replace(site, names=site.names & bound, weight=site.weight + (earlier.weight if earlier else 0))
    return tuple(found.values())


def _at_the_end(mine: Program, absent: Step) -> Site:
    """Where a learner's program ends that has nothing beside these steps."""
    last = [unit[-1] for unit in mine.units.values() if unit][-1]
    return _site(last, last.end_line, last.end_line + 1, "missing step", len(absent.words))


def _units(mine: Program, other: Program) -> Iterator[tuple[Sequence[Step], Sequence[Step]]]:
    """Functions of one name beside each other; all else, and functions without a counterpart, together."""
    both = [name for name in mine.units if name and name in other.units]
    rest = [[s for name, unit in side.units.items() if name not in both for s in unit] for side in (mine, other)]
    yield from ((mine.units[name], other.units[name]) for name in both)
    yield rest[0], rest[1]


class _Unit:
    """Two rows of steps and how they stand beside each other."""

    def __init__(self, mine: Sequence[Step], other: Sequence[Step], bound: frozenset[str]) -> None:
        self._mine, self._other, self._bound = mine, other, bound
        self._alignment = aligned(mine, other)
        self._moved = dict(self._elsewhere())

    def sites(self, naming: Naming) -> Iterator[Site]:
        """Every place where they differ."""
        taken = set(self._moved.values())
        absent = list(self._alignment.missing)
        for one, two in self._alignment.pairs:
            if one not in self._moved and two not in taken:
                yield from self._pair(self._mine[one], self._other[two], naming)
            elif one not in self._moved:
                yield self._extra(one)
            elif two not in taken:
                absent.append((two, one))
        yield from (self._extra(one) for one in self._alignment.extra if one not in self._moved)
        yield from self._misplaced()
        yield from self._absent(sorted(pair for pair in absent if pair[0] not in taken))

    def _elsewhere(self) -> Iterator[tuple[int, int]]:
        """Steps without an equal at their place of which the other side has the same at another."""
        unequal = [p for p in self._alignment.pairs if self._mine[p[0]].words != self._other[p[1]].words]
        left = sorted([*(two for _, two in unequal), *(two for two, _ in self._alignment.missing)])
        for one in sorted([*(one for one, _ in unequal), *self._alignment.extra]):
            partner = next((two for two in left if self._other[two].words == self._mine[one].words), None)
            if partner is not None:
                left.remove(partner)
                yield one, partner

    def _misplaced(self) -> Iterator[Site]:
        for one, two in self._moved.items():
            step = self._mine[one]
            if step.path != self._other[two].path:
                yield _site(step, step.line, step.end_line, "nesting", 1)
            elif matters(step, self._crossed(one, two), self._bound):
                yield _site(step, step.line, step.end_line, "order", 1)

    def _crossed(self, one: int, two: int) -> Iterator[Step]:
        """The learner's steps that stand on the other side of this one in the solution."""
        for mine, other in (*self._alignment.pairs, *self._moved.items()):
            if mine != one and (mine < one) != (other < two):
                yield self._mine[mine]

    def _extra(self, one: int) -> Site:
        step = self._mine[one]
        return _site(step, step.line, step.end_line, "extra step", len(step.words))

    def _pair(self, mine: Step, other: Step, naming: Naming) -> Iterator[Site]:
        for part in parts(mine.node, other.node, naming):
            yield _site(mine, part.line, part.end_line, part.change, part.weight)
        if mine.path != other.path:
            yield _site(mine, mine.line, mine.end_line, "nesting", 1)

    def _absent(self, missing: Sequence[tuple[int, int]]) -> Iterator[Site]:
        """Runs of steps that only the solution has, at the place where the first of a run belongs."""
        last = None
        for at, before in missing:
            follows = last is not None and at == last + 1
            last = at
            # A step of the learner's own in the same gap marks the place already.
            if not follows and self._mine and before - 1 not in self._alignment.extra:
                yield self._gap(before, self._other[at])

    def _gap(self, before: int, absent: Step) -> Site:
        """From the step ahead to the step behind; the line after it where none follows."""
        ahead = self._mine[before - 1] if before else None
        behind = self._mine[before] if before < len(self._mine) else None
        if ahead is None or (behind is not None and behind.cell != ahead.cell):
            near = behind or ahead
            assert near is not None
            return _site(near, near.line, near.line, "missing step", len(absent.words))
        end = behind.line if behind is not None else ahead.end_line + 1
        return _site(ahead, min(ahead.end_line, end), max(ahead.end_line, end), "missing step", len(absent.words))


def _site(step: Step, line: int, end_line: int, change: Change, weight: int) -> Site:
    names = {step.top.name} if hasattr(step.top, "name") else set(_binds(step))
    return Site(step.cell, line, end_line, change, frozenset(names), weight)


def _binds(step: Step) -> frozenset[str]:
    top = Step(step.top, (), (), (), step.cell, step.line, step.end_line, step.top)
    return changed(top) | changed(step)
