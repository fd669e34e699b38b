"""How sure it is that a finding leads to the mistake. That the work is not right is certain in every case."""

from typing import Final

from feedback.evidence.clues import CheckFailed, Clue, Incomplete, RepairChanges, StructureDiffers
from feedback.findings.mistakes import Mistake
from services.contracts.notebook import Place

THIN: Final = 0.4
"""Something did not hold, and nothing that was seen says what or where. Below 0.5 a mentor is offered at once."""


def confidence(mistake: Mistake, place: Place | None) -> float:
    """1 where Python itself says the line, or something says what is wrong: a value, a call, an author's words.

    Where the line is read off a correct solution or a verified repair, between 0.5 and 1, the nearer the code is to it.
    Where a failed check or an answer that never came is all there is beside that, no more than the nearness itself;
    and where not even that says a line, `THIN`.
    """
    thin = all(_says_little(clue) for clue in mistake.clues)
    differing = next((clue for clue in mistake.clues if isinstance(clue, RepairChanges | StructureDiffers)), None)
    if differing is None or place is None or place.line is None:
        return THIN if thin else 1.0
    said = any(c.evidence.place == place for c in mistake.clues if not isinstance(c, RepairChanges | StructureDiffers))
    if said:
        return 1.0
    return round(differing.near if thin else max(0.5, (1 + differing.near) / 2), 2)


def _says_little(clue: Clue) -> bool:
    """Whether it tells neither what is wrong nor, for certain, where."""
    match clue:
        case StructureDiffers():
            return True
        case Incomplete():
            return clue.evidence.place is None
        case CheckFailed():
            return clue.evidence.place is None and (clue.lost is not None or _without_a_word(clue))
    return False


def _without_a_word(clue: CheckFailed) -> bool:
    """Whether it is an `assert` that did not hold, and its author says nothing about it that learners may read."""
    if clue.error is None or clue.evidence.aspect is not None or (clue.check.hint or "").strip():
        return False
    return clue.hidden or not clue.error.message.strip()
