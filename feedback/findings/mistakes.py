"""Which clues are one mistake: what follows from another clue is no finding of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from feedback.evidence.asked import Asked
from feedback.evidence.clues import (
    CallDiffers,
    CheckFailed,
    Clue,
    Incomplete,
    NameMissing,
    Notebook,
    Raised,
    ValueDiffers,
)
from feedback.evidence.names import undefined
from feedback.notebook.reading import bound, homes, names_read, origins

# More at once does not help anybody; the rest comes with the next check.
MAX_FINDINGS = 5


@dataclass
class Mistake:
    """One thing that went wrong: the clue to speak of, and the clues that come with it."""

    primary: Clue
    supports: list[Clue] = field(default_factory=list)
    identity: str | None = None
    """Its signature, where more than the clues tells it."""

    @property
    def clues(self) -> tuple[Clue, ...]:
        """All of them, the primary first."""
        return (self.primary, *self.supports)


def mistakes(asked: Asked, clues: Sequence[Clue]) -> tuple[Mistake, ...]:
    """What went wrong, most consequential first; empty when nothing that decides did."""
    lost = next((clue for clue in clues if isinstance(clue, Incomplete)), None)
    if lost is not None:
        # What was lost only after a cell had stopped with an error is a consequence: that error says more.
        stopped = next((clue for clue in clues if isinstance(clue, Raised)), None) if lost.cell is None else None
        return (Mistake(lost),) if stopped is None else (Mistake(stopped, [lost]),)
    deciding = [clue for clue in clues if clue.decides]
    if not deciding:
        return ()
    whole = _not_started(asked, clues)
    if whole is not None:
        return (Mistake(whole, deciding),)
    roots, left = _roots(asked, clues, deciding)
    found = [*roots, *_missing(left), *_compared(asked, clues, left)]
    return tuple(sorted(found, key=_rank))[:MAX_FINDINGS]


def _not_started(asked: Asked, clues: Sequence[Clue]) -> Notebook | None:
    """The first answer cell, when not one of the subtask's was ever touched and nothing else was written for it."""
    untouched = [c for c in clues if isinstance(c, Notebook) and c.evidence.aspect == "untouched"]
    own = any(cell.name is None and cell.subtask == asked.subtask.view.id for cell in asked.cells)
    if not untouched or own or len(untouched) != len(asked.subtask.view.answer_cells):
        return None
    return untouched[0]


@dataclass
class _Root:
    """A cell that failed or is not there, and the names that exist no more because of it."""

    mistake: Mistake
    names: set[str]
    stays: bool
    """It is told even when nothing that decides follows from it by name."""


def _roots(asked: Asked, clues: Sequence[Clue], deciding: Sequence[Clue]) -> tuple[list[Mistake], list[Clue]]:
    roots = _failing(asked, clues)
    left = []
    for clue in deciding:
        about = _about(clue)
        root = next((r for r in roots if about & r.names), None)
        if root is None:
            left.append(clue)
        else:
            root.mistake.supports.append(clue)
    told = [r.mistake for r in roots if r.stays or any(clue.decides for clue in r.mistake.supports)]
    return told, left


def _failing(asked: Asked, clues: Sequence[Clue]) -> list[_Root]:
    roots: list[_Root] = []
    for clue in clues:
        if isinstance(clue, Notebook):
            roots.append(_Root(Mistake(clue), set(clue.names), stays=clue.evidence.aspect == "missing"))
        elif isinstance(clue, Raised):
            _add_raised(asked, clue, roots)
    return sorted(roots, key=lambda r: isinstance(r.mistake.primary, Notebook))


def _add_raised(asked: Asked, clue: Raised, roots: list[_Root]) -> None:
    name, binds = undefined(clue.error), bound(clue.cell.source)
    cause = next((r for r in roots if name in r.names), None)
    if cause is None:
        here = clue.cell.answer and clue.cell.subtask == asked.subtask.view.id
        roots.append(_Root(Mistake(clue), set(binds), stays=here))
        return
    cause.mistake.supports.append(clue)
    cause.names |= binds


def _about(clue: Clue) -> frozenset[str]:
    match clue:
        case ValueDiffers(name=name) | NameMissing(name=name):
            return frozenset({name})
        case CallDiffers(function=function):
            return frozenset({function})
        case CheckFailed(check=check):
            return names_read(check.source)
    return frozenset()


def _missing(left: Sequence[Clue]) -> list[Mistake]:
    found: dict[str, Mistake] = {}
    for clue in left:
        if isinstance(clue, NameMissing):
            if clue.name in found:
                found[clue.name].supports.append(clue)
            else:
                found[clue.name] = Mistake(clue)
    return list(found.values())


def _compared(asked: Asked, clues: Sequence[Clue], left: Sequence[Clue]) -> list[Mistake]:
    """Failed checks, values and calls, each with the earliest differing value or function that it goes back to."""
    tree = _Origins.of(asked, clues)
    groups: dict[str, list[Clue]] = {}
    ordered = sorted((c for c in left if not isinstance(c, NameMissing)), key=_clue_rank)
    cells: dict[str, str] = {}
    for clue in ordered:
        root = tree.root(clue)
        key = f"name {root}" if root is not None else f"{clue.evidence.kind} {clue.evidence.subject}"
        if isinstance(clue, CheckFailed):
            # Both parts of a check cell are about one thing.
            key = cells.setdefault(clue.check.cell, key)
        groups.setdefault(key, []).append(clue)
    return [_mistake(group, tree) for group in groups.values()]


@dataclass(frozen=True)
class _Origins:
    """The values and functions that differ, and what each name in the learner's code is made from."""

    differing: dict[str, Clue]
    sources: dict[str, frozenset[str]]
    homes: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, asked: Asked, clues: Sequence[Clue]) -> "_Origins":
        differing: dict[str, Clue] = {}
        for clue in clues:
            if isinstance(clue, ValueDiffers | CallDiffers):
                differing.setdefault(clue.name if isinstance(clue, ValueDiffers) else clue.function, clue)
        sources = [cell.source for cell in asked.cells] if differing else []
        return cls(differing, origins(sources), homes(sources))

    def root(self, clue: Clue) -> str | None:
        """The earliest differing name that the clue is about or goes back to, in the author's order."""
        about = _about(clue)
        touched = {n for n in self.differing if n in about or any(n in self.sources.get(a, ()) for a in about)}
        if not touched:
            return None
        free = (n for n in self.differing if n in touched and not self.sources.get(n, frozenset()) & touched)
        first = next(free, None) or next(n for n in self.differing if n in touched)
        # What one statement fills (`a, b = …`) is one mistake.
        home = self.homes.get(first)
        return next(n for n in self.differing if n == first or (home and self.homes.get(n) == home))


def _mistake(group: Sequence[Clue], tree: _Origins) -> Mistake:
    explaining = [tree.differing[name] for name in dict.fromkeys(map(tree.root, group)) if name]
    return Mistake(group[0], list(dict.fromkeys(c for c in (*group[1:], *explaining) if c is not group[0])))


def _clue_rank(clue: Clue) -> tuple[int, bool]:
    order = (CheckFailed, ValueDiffers, CallDiffers)
    return next((at for at, kind in enumerate(order) if isinstance(clue, kind)), len(order)), clue.hidden


def _rank(mistake: Mistake) -> tuple[int, bool]:
    order = (Incomplete, Raised, Notebook, NameMissing, CheckFailed, ValueDiffers, CallDiffers)
    return next((at for at, kind in enumerate(order) if isinstance(mistake.primary, kind)), len(order)), (
        mistake.primary.hidden
    )
