"""What a check or publication tells while it goes on."""

from typing import Literal

from case_uploader.format.problem import CaseProblem
from services.contracts.case import CaseSummary
from services.contracts.model import WireModel


class Reading(WireModel):
    """The folder is being read."""

    kind: Literal["reading"] = "reading"
    folder: str


class Storing(WireModel):
    """The draft and its data are being stored."""

    kind: Literal["storing"] = "storing"
    files: int
    size: int
    """Bytes of data together."""


class Trying(WireModel):
    """A trial begins."""

    kind: Literal["trying"] = "trying"
    what: str
    index: int
    """1-based."""
    count: int


class Rejected(WireModel):
    """Last step: the case has errors; nothing was published and nothing remains."""

    kind: Literal["rejected"] = "rejected"
    problems: tuple[CaseProblem, ...]


class Passed(WireModel):
    """Last step of a check: the case could be published as this version."""

    kind: Literal["passed"] = "passed"
    case: str
    version: str
    notes: tuple[CaseProblem, ...] = ()
    trials: int


class Published(WireModel):
    """Last step of a publication."""

    kind: Literal["published"] = "published"
    summary: CaseSummary
    fresh: bool
    """False: this very content was the newest version already."""
    notes: tuple[CaseProblem, ...] = ()


Step = Reading | Storing | Trying | Rejected | Passed | Published
