"""A learner's attempt at one step, judged, with a model's words for it that have nothing against them."""

import json
from typing import Final

from benchmarks.case_at_hand import CaseAtHand
from services.contracts.feedback import Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Cell, Place

SUBTASK: Final = "missing-values"
_ATTEMPT: Final = (
    "known = typed[typed[TARGET] != -999.0]\ngaps = known[NUMBERS].isna().sum()\nmissing_share = gaps / len(typed)\n"
)
STILL_THERE: Final = Finding(
    id="1-0a1b2c3d4e",
    kind="check",
    severity="error",
    subtask=SUBTASK,
    message="There is still a -999 in known.",
    place=Place(cell=SUBTASK, line=1, end_line=1),
    evidence=(Evidence(kind="check", subject="check-missing-values", fact="AssertionError"),),
    signature="missing-values|check|check-missing-values#0a1b2c3d4e",
)
SHARE: Final = Finding(
    id="2-1122334455",
    kind="value",
    severity="error",
    subtask=SUBTASK,
    message="`missing_share` exists, but its numbers are not those that the data lead to.",
    place=Place(cell=SUBTASK, line=3, end_line=3),
    evidence=(Evidence(kind="value", subject="missing_share", fact="0.01 instead of 0.1", aspect="numbers"),),
    signature="missing-values|value|missing_share|numbers#1122334455",
)
JUDGED: Final = Feedback(
    verdict=Verdict.NEEDS_WORK,
    fault="learner",
    headline="1 of 3 checks does not hold yet.",
    warnings=tuple(
        LocalizedWarning(place=finding.place, message=finding.message, finding=finding.id)
        for finding in (STILL_THERE, SHARE)
        if finding.place
    ),
    findings=(STILL_THERE, SHARE),
    points=0.5,
    max_points=1,
)
QUESTIONS: Final = (
    "I do not see why this step is not accepted yet. What should I look at first?",
    "The table looks fine to me. How would I notice that something is wrong in it?",
    "Do I have to look at every column, or is there one that decides?",
    "What would happen to the later steps if I left the table like this?",
    "How could I find out on two rows only what my code does?",
)
TALK: Final = (
    "The table `known` still holds numbers in some of its columns that nobody has ever measured, and they stand there "
    f"as if they were results. [{STILL_THERE.id}] "
    "Whoever averages such a column gets a result that fits no patient at all. "
    f"The shares in `missing_share` follow from that table, so they tell of fewer gaps than there are. [{SHARE.id}] "
    "Take one column and look at its smallest value. "
    "Could a nurse have written that down for somebody who came to the clinic?"
)
WORDS: Final = json.dumps(
    {
        "warnings": [
            {"finding": STILL_THERE.id, "message": "Columns of `known` still hold numbers that nobody has measured."},
            {
                "finding": SHARE.id,
                "message": "Whoever reads `missing_share` believes that few measurements are missing.",
            },
        ],
        "remarks": [
            {
                "findings": [STILL_THERE.id],
                "text": "A number that stands for a gap looks like any other number to a program. Every average over "
                "such a column is wrong, and nothing warns whoever reads it. What is the smallest value of each "
                "column in `known`, and can a patient have it?",
            }
        ],
    }
)


def attempt(case: CaseAtHand, mark: str) -> tuple[Cell, ...]:
    """The notebook with the steps before done and this one wrong; `mark` makes it one learner's own."""
    cells = case.cells(mark)
    return tuple(
        cell.model_copy(update={"source": f"# {mark}\n{_ATTEMPT}"}) if cell.id == SUBTASK else cell for cell in cells
    )
