"""Evidence together with what wording and grouping need to know about it."""

from dataclasses import dataclass

from feedback.evidence.asked import RunCell
from feedback.evidence.difference import Difference
from services.contracts.case import Check
from services.contracts.finding import Evidence
from services.contracts.observation import CodeError, Lost, Step


@dataclass(frozen=True, kw_only=True)
class Clue:
    """One hard fact of a run."""

    evidence: Evidence
    decides: bool = True
    """False: it explains, but the subtask can be approved in spite of it."""
    hidden: bool = False
    """It rests on something that a learner must not be shown: a hidden check, a hidden call."""


@dataclass(frozen=True, kw_only=True)
class Raised(Clue):
    """A cell stopped with an error."""

    cell: RunCell
    error: CodeError


@dataclass(frozen=True, kw_only=True)
class CheckFailed(Clue):
    """A check did not pass. `error` is None when its operands disagree or its answer is lost."""

    check: Check
    error: CodeError | None = None
    lost: Lost | None = None


@dataclass(frozen=True, kw_only=True)
class ValueDiffers(Clue):
    """A named value is not the reference's."""

    name: str
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class CallDiffers(Clue):
    """A call of a learner's function gave something else than the reference's. `error`: it raised instead."""

    function: str
    probe: int
    difference: Difference | None = None
    error: CodeError | None = None
    lost: Lost | None = None


@dataclass(frozen=True, kw_only=True)
class NameMissing(Clue):
    """A name that is asked for does not exist after the run."""

    name: str
    check: Check | None = None
    """The check that asked, when it was one."""


@dataclass(frozen=True, kw_only=True)
class Incomplete(Clue):
    """The run as a whole did not come to its end."""

    lost: Lost
    cell: RunCell | None = None


@dataclass(frozen=True, kw_only=True)
class Notebook(Clue):
    """An answer cell is not there, or is still as it was handed out."""

    names: frozenset[str] = frozenset()
    """What the reference binds in that cell: its absence explains theirs."""


@dataclass(frozen=True, kw_only=True)
class Counterexample(Clue):
    """A small input, made from what learners can read, for which a function gives something else."""

    function: str
    call: str
    """The call as a learner would write it."""
    given: str | None
    """What the learner's function gave, as Python; None: it raised, or there is no short form."""
    wanted: str | None
    """What the reference gave, as Python; None: there is no short form."""
    error: str | None
    """Type of the exception that it raised instead."""
    parting: Step | None = None
    """The first value of a variable that is not on the reference's way."""
    where: str | None = None
    """Where in the results `given` and `wanted` stand; None: they are the whole results."""


@dataclass(frozen=True, kw_only=True)
class Behaves(Clue):
    """Results come about in a way that the reference's do not."""

    names: tuple[str, ...]
    """Those of the question (`services.contracts.observation.Behaviour`)."""
    aspect: str
    """contamination, later-rows, shared-folds, later-folds, fitted-on-tested, fitted-on-later, fitted-on-test,
    fitted-elsewhere, seed or shuffled-answers."""
    count: int = 0
    """Of rows, where the aspect is about rows."""


@dataclass(frozen=True, kw_only=True)
class StructureDiffers(Clue):
    """The learner's code is not as in the nearest correct solution. It says where to look, never what is wrong."""

    change: str
    """A `feedback.evidence.structure.change.Change`."""
    near: float
    """1: little else differs from that solution; 0: they have nothing in common."""


@dataclass(frozen=True, kw_only=True)
class RepairChanges(Clue):
    """A verified repair changes the code here: the mistake is at this place. What the repair writes is in no clue."""

    near: float
    """1: the repair changes almost nothing; 0: as much as there is."""
    weight: int
    """About how many nodes change here."""


@dataclass(frozen=True, kw_only=True)
class CaseAtFault(Clue):
    """The case cannot judge anybody: its own reference fails."""
