from collections.abc import Sequence

from feedback.evidence.clues import CaseAtFault, Clue, Incomplete
from services.contracts.feedback import Fault, Verdict


def decide(clues: Sequence[Clue], *, complete: bool) -> tuple[Verdict, Fault]:
    """The verdict, from evidence alone; words are written afterwards and never change it.

    Approved iff the run is complete and nothing that decides speaks against it.
    """
    if any(isinstance(clue, CaseAtFault) for clue in clues):
        return Verdict.COULD_NOT_JUDGE, "case"
    if not complete or any(isinstance(clue, Incomplete) or clue.decides for clue in clues):
        return Verdict.NEEDS_WORK, "learner"
    return Verdict.APPROVED, "none"
