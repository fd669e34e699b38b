"""How much may be tried for a step's cell as a whole: decided by what it takes to run it, measured once a version."""

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from feedback.hints.sandbox_trials import Cost, SandboxTrials
from feedback.repair.cell_search import CellEffort
from feedback.repair.cells import CorrectCells, forms
from feedback.repair.deadline import OutOfTime

_MOST: Final = 60
"""Programs in one run."""
_FEWEST: Final = 8
"""Where there is no time for so many, nothing is looked for: too little would be found to be worth the wait."""
_SIDE_BY_SIDE: Final = 2
"""Sieves, as questions are worked on."""
_FIRST: Final = 0.4
"""Of the time that is left for programs, that of the first run; what it lets through is tried apart in the rest."""
_SESSION: Final = 0.05
"""Seconds for whatever a run takes beside its cells and programs."""
_REWRITTEN: Final = 20
"""Other forms of each function of the reference."""
_REWRITING: Final = 5.0
"""Seconds that trying these may take, once a version."""
_LEAST: Final = 0.1
"""Seconds that one program may take however little the reference does: copying a process takes some of it."""
_TIMES: Final = 8
"""Times the reference's processor time, what one program may take by the clock."""
_LONGEST: Final = 5.0


@dataclass(frozen=True)
class Cells:
    """What is the same for all who work on a step whose cell is repaired as a whole."""

    answers: CorrectCells
    cost: Cost

    @property
    def before(self) -> float:
        """Seconds for the cells before it."""
        return self.cost.before

    def effort(self, seconds: float) -> CellEffort | None:
        """What there is time for in so many seconds; None: for nothing that would be worth it.

        A cell that trains a model for a second is not repaired while somebody waits for a check; for a hint, which may
        take longer, it is.
        """
        left = seconds - self.cost.before - _SESSION - self.cost.apart
        programs = int(left * _FIRST * _SIDE_BY_SIDE / max(self.cost.each, 1e-4))
        return CellEffort(seconds, min(programs, _MOST)) if programs >= _FEWEST else None

    def each(self, usual: float) -> float:
        """Seconds of one program, at most."""
        return min(_LONGEST, max(usual, _LEAST, _TIMES * self.cost.apart))


def prepared(sources: Sequence[str], fixed: frozenset[str], trials: SandboxTrials) -> Cells:
    """Measure the step, and have its reference's functions written in other ways.

    Args:
        sources: the accepted answers' cells, the reference's first.
        fixed: names that somebody else asks for.
        trials: after the reference's own cells; who prepares a step may have gone wrong in an earlier one.

    Raises:
        OutOfTime: there was no time to measure, or the reference did not pass, which it does where there is.
    """
    answers = CorrectCells(sources, fixed)
    cost = trials.cost()
    if cost is None:
        raise OutOfTime
    others = itertools.islice(forms(sources[0], _REWRITTEN), int(_REWRITING / max(cost.apart, 1e-4)))
    programs = list(others)
    with contextlib.suppress(OutOfTime):
        answers.learn(one for one, right in zip(programs, trials.passed(programs), strict=True) if right)
    return Cells(answers, cost)
