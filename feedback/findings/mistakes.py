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
from feedback.notebook.reading import bound, names_read, origins

# More at once does not help anybody; the rest comes with the next check.
MAX_FINDINGS = 5


@dataclass
class Mistake:
    """One thing that went wrong: the clue to speak of, and the clues that come with it."""

    primary: Clue
    supports: list[Clue] = field(default_factory=list)

    @property
    def clues(self) -> tuple[Clue, ...]:
        """All of them, the primary first."""
        return (self.primary, *self.supports)


def mistakes(asked: Asked, clues: Sequence[Clue]) -> tuple[Mistake, ...]:
    """What went wrong, most consequential first; empty when nothing that decides did."""
    lost = next((clue for clue in clues if isinstance(clue, Incomplete)), None)
    if lost is not None:
        return (Mistake(lost),)
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
    """Failed checks, values and calls, each with the earliest differing value that it goes back to."""
    differing = {c.name: c for c in clues if isinstance(c, ValueDiffers)}
    sources = origins(cell.source for cell in asked.cells)
    groups: dict[str, list[Clue]] = {}
    for clue in left:
        if not isinstance(clue, NameMissing):
            groups.setdefault(_key(clue, left, differing, sources), []).append(clue)
    return [_mistake(group, differing, sources) for group in groups.values()]


def _key(
    clue: Clue, left: Sequence[Clue], differing: dict[str, ValueDiffers], sources: dict[str, frozenset[str]]
) -> str:
    first = _first_root(clue, differing, sources)
    if first is not None:
        return f"value {first}"
    if isinstance(clue, CheckFailed):
        return f"check {clue.check.cell}"
    if isinstance(clue, CallDiffers):
        asker = next(
            (c for c in left if isinstance(c, CheckFailed) and clue.function in names_read(c.check.source)), None
        )
        # The check cell speaks for the function, if it failed because of it.
        return _key(asker, left, differing, sources) if asker else f"call {clue.function}"
    return f"{clue.evidence.kind} {clue.evidence.subject}"


def _first_root(clue: Clue, differing: dict[str, ValueDiffers], sources: dict[str, frozenset[str]]) -> str | None:
    """The earliest of the differing values that this clue is about or goes back to, in the author's order."""
    about = _about(clue)
    touched = {name for name in differing if name in about or any(name in sources.get(a, ()) for a in about)}
    if not touched:
        return None
    origin_free = [name for name in differing if name in touched and not sources.get(name, frozenset()) & touched]
    return origin_free[0] if origin_free else next(name for name in differing if name in touched)


def _mistake(group: Sequence[Clue], differing: dict[str, ValueDiffers], sources: dict[str, frozenset[str]]) -> Mistake:
    ordered = sorted(group, key=_clue_rank)
    explaining = [
        differing[name] for name in dict.fromkeys(_first_root(c, differing, sources) for c in ordered) if name
    ]
    rest = [clue for clue in (*ordered[1:], *explaining) if clue is not ordered[0]]
    return Mistake(ordered[0], list(dict.fromkeys(rest)))


def _clue_rank(clue: Clue) -> tuple[int, bool]:
    order = (CheckFailed, ValueDiffers, CallDiffers)
    return next((at for at, kind in enumerate(order) if isinstance(clue, kind)), len(order)), clue.hidden


def _rank(mistake: Mistake) -> tuple[int, bool]:
    order = (Incomplete, Raised, Notebook, NameMissing, CheckFailed, ValueDiffers, CallDiffers)
    return next((at for at, kind in enumerate(order) if isinstance(mistake.primary, kind)), len(order)), (
        mistake.primary.hidden
    )
