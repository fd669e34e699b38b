from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.model import WireModel
from services.contracts.notebook import Place

EvidenceKind = Literal[
    "exception",  # the learner's code raised
    "check",  # an assert-style check failed
    "value",  # a named value differs from the reference's
    "call",  # a function's result differs from the reference's
    "missing",  # a name that must exist does not
    "incomplete",  # limits, early exit, forged output: no completion record
    "structure",  # the code differs from the nearest correct solution at these lines
    "input",  # a small input for which a function gives something else than the reference's
    "behaviour",  # how results come about: rows in both parts, luck of the seed, a hidden holdout, permuted labels
    "notebook",  # a cell is missing, duplicated or could not be matched
    "case",  # the case itself is at fault
]


class Evidence(WireModel):
    """One hard fact a finding rests on."""

    kind: EvidenceKind
    subject: str
    """What it is about: a check id, a value's name, a call, an exception type, a cell."""
    fact: str
    """The fact as a short machine-made sentence; shown to mentors and QA, never to learners."""
    aspect: str | None = None
    """What differs: type, shape, columns, dtypes, missing_values, numbers, order, text, length, keys …"""
    place: Place | None = None


HintStep = Literal["plan", "consequence", "location", "example"]


class Hint(WireModel):
    """One step of the ladder."""

    step: HintStep
    text: str


class Finding(WireModel):
    """One learner-facing consequence of evidence."""

    id: str
    kind: EvidenceKind
    severity: Literal["error", "warning", "info"]
    subtask: str
    message: str = Field(max_length=2_000)
    """The consequence in plain words. Never names the fix, never shows reference code or hidden expectations."""
    place: Place | None = None
    evidence: tuple[Evidence, ...]
    ladder: tuple[Hint, ...] = ()
    """plan -> consequence -> location -> small unrelated example; the learner opens them one at a time."""
    signature: str
    """Equal for learners with the same problem; see `feedback.findings.signature`."""
    confidence: float = Field(default=1.0, ge=0, le=1)
    mentor: str | None = None
    """A mentor's words for this known flaw, when the signature matches one."""
    remembered: str | None = None
    """Id of the remembered answer that `mentor` is from; None: the words are the case author's."""
    mentor_name: str | None = None
    mentor_wrote: datetime | None = None
