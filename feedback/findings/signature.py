"""The identity of a mistake: equal for all learners who make it, whatever their names, numbers and layout."""

import hashlib

from feedback.evidence.asked import Asked
from feedback.evidence.clues import CallDiffers, CheckFailed, Clue, NameMissing, Raised, ValueDiffers
from feedback.evidence.error_types import OWN, known_type
from feedback.findings.mistakes import Mistake
from feedback.notebook.reading import assigned


def signature(asked: Asked, mistake: Mistake) -> str:
    """Readable form and short hash: `clean|check|check-clean/hidden|AssertionError|df:shape-more#1f0c9e2b7a`.

    It rests on the subtask, the kind of evidence, the check, name or cell of the case, what differs, and the values
    and calls that explain it; on no line number, no literal and no name that a learner chose. One of several mistakes
    that only a repair tells apart has that of the same mistake made alone (`feedback.repair.mistakes`).
    """
    if mistake.identity is not None:
        return mistake.identity
    primary = mistake.primary
    parts = [asked.subtask.view.id, primary.evidence.kind, _subject(primary), _aspect(asked, primary)]
    # What follows from a failed cell depends on where it stopped; it says nothing about why.
    compared = isinstance(primary, CheckFailed | ValueDiffers | CallDiffers)
    explained = sorted({_named(clue) for clue in mistake.supports} - {_named(primary), ""}) if compared else []
    readable = "|".join([*parts, *explained])
    return f"{readable[:200]}#{hashlib.sha256(readable.encode('utf-8', 'replace')).hexdigest()[:10]}"


def _subject(clue: Clue) -> str:
    match clue:
        case Raised(cell=cell):
            return cell.name or "own-cell"
        case CheckFailed(check=check):
            return check.id
        case NameMissing(name=name, check=check, hidden=hidden):
            return check.id if hidden and check else name
        case CallDiffers(function=function):
            return function
    return clue.evidence.subject


def _aspect(asked: Asked, clue: Clue) -> str:
    match clue:
        case Raised(error=error):
            return _type(asked, error.type)
        case CheckFailed(error=error, lost=lost):
            return _type(asked, error.type) if error else (lost or "type")
        case ValueDiffers(difference=difference):
            return "-".join(filter(None, (difference.aspect, difference.trend)))
        case CallDiffers(error=error) if error is not None:
            return _type(asked, error.type)
    return clue.evidence.aspect or "none"


def _type(asked: Asked, name: str) -> str:
    """The exception's type; a class of the learner's own has no name of its own."""
    return OWN if any(name in assigned(cell.source) for cell in asked.cells) else known_type(name)


def _named(clue: Clue) -> str:
    """What an explaining clue adds: which value, in what way; which of the author's calls."""
    match clue:
        case ValueDiffers(name=name, difference=difference):
            return f"{name}:{'-'.join(filter(None, (difference.aspect, difference.trend)))}"
        case CallDiffers():
            return clue.evidence.subject
    return ""
