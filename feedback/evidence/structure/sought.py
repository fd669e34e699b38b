"""Which of the differences in the code belong to which mistake, as clues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from feedback.evidence.asked import Asked
from feedback.evidence.clues import StructureDiffers
from feedback.evidence.structure.compared import Comparison, Site
from services.contracts.finding import Evidence
from services.contracts.notebook import Place

# More of them for one mistake say no more than that the code is another one.
MAX_SITES = 5
_FACTS = {
    "condition": "asks for another condition",
    "bound": "begins, ends or takes its items elsewhere",
    "call": "calls another operation",
    "argument": "hands something else to the operation",
    "value": "holds another fixed value",
    "operator": "combines two things in another way",
    "name": "means another variable",
    "result": "gives something else back",
    "parameters": "takes other parameters",
    "expression": "is of another form",
    "missing step": "a step is missing here",
    "extra step": "is a step more",
    "order": "happens at another moment",
    "nesting": "is inside another block",
}


@dataclass(frozen=True)
class About:
    """What a mistake is about."""

    names: frozenset[str]
    """Names that differ or are not there, and what they are made from."""
    right: frozenset[str] = frozenset()
    """Names whose values are the reference's."""
    cell: str | None = None
    """The cell of the run that stopped; None when none did."""
    first: frozenset[str] = frozenset()
    """Of the names those in which it is most likely."""


def belonging(asked: Asked, found: Comparison, about: About) -> tuple[StructureDiffers, ...]:
    """The sites that a mistake can come from, as clues in the order of the code.

    Those in the cell that stopped, else those in the statements that make one of its names, the likeliest first, else
    all; never those in statements that make right values only, unless there are no others.
    """
    left = [site for site in found.sites if not site.names or not site.names <= about.right] or list(found.sites)
    of = ([site for site in left if site.names & names] for names in (about.first, about.names))
    own = [site for site in left if site.cell == about.cell] or next(filter(None, of), left)
    return tuple(_clue(asked, site, 1 - found.share) for site in _distinct(own)[:MAX_SITES])


def _distinct(sites: Iterable[Site]) -> Sequence[Site]:
    """One of each place."""
    return list({(site.cell, site.line, site.end_line): site for site in reversed(list(sites))}.values())[::-1]


def _clue(asked: Asked, site: Site, near: float) -> StructureDiffers:
    place = asked.place(Place(cell=site.cell, line=site.line, end_line=site.end_line))
    fact = f"beside the nearest correct solution, line {site.line}: {_FACTS[site.change]}"
    evidence = Evidence(kind="structure", subject="code", fact=fact, aspect=site.change, place=place)
    return StructureDiffers(evidence=evidence, decides=False, change=site.change, near=near)
