"""What a check or publication tells while it goes on."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from case_uploader.format.problem import CaseProblem
from services.contracts.case import CaseSummary
from services.contracts.case_report import CaseReport
from services.contracts.model import WireModel


class Received(WireModel):
    """The whole archive is here and is what was sent."""

    kind: Literal["received"] = "received"
    size: int
    """Bytes."""


class Again(WireModel):
    """The work begins anew: the service was stopped in the middle, or a part of the platform was away."""

    kind: Literal["again"] = "again"
    attempt: int
    why: str


class Unpacking(WireModel):
    """The archive is being looked through and unpacked."""

    kind: Literal["unpacking"] = "unpacking"


class Building(WireModel):
    """The environment that the case asks for is being made."""

    kind: Literal["building"] = "building"
    requirements: tuple[str, ...]
    line: str = ""
    """What the installer says."""


class Built(WireModel):
    """The environment is there."""

    kind: Literal["built"] = "built"
    digest: str | None
    """None: the common one, of which the case gets an image of its own."""
    fresh: bool
    """False: it was made before, for equal requirements."""
    image: str | None = None
    """`sha256:…` of the image made of the same packages; None: learners have no containers."""


class Queueing(WireModel):
    """Another upload of the same case comes first."""

    kind: Literal["queueing"] = "queueing"
    case: str


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


class Mutating(WireModel):
    """Small faults are put into the reference, to see whether the checks catch them."""

    kind: Literal["mutating"] = "mutating"
    done: int
    count: int
    missed: int
    """So far."""


class Reported(WireModel):
    """What the case's CI found; it comes directly before the last step."""

    kind: Literal["report"] = "report"
    report: CaseReport


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
    kept: bool = False
    """True: the version waits for somebody to publish it."""


class Published(WireModel):
    """Last step of a publication."""

    kind: Literal["published"] = "published"
    summary: CaseSummary
    fresh: bool
    """False: this very content was the newest version already."""
    notes: tuple[CaseProblem, ...] = ()


class Failed(WireModel):
    """Last step: the platform could not do its part; nothing was published and nothing remains."""

    kind: Literal["failed"] = "failed"
    detail: str


Step = (
    Received
    | Again
    | Unpacking
    | Queueing
    | Building
    | Built
    | Reading
    | Storing
    | Trying
    | Mutating
    | Reported
    | Rejected
    | Passed
    | Published
    | Failed
)
Last = Rejected | Passed | Published | Failed
"""A step after which nothing follows."""
STEP: TypeAdapter[Step] = TypeAdapter(Annotated[Step, Field(discriminator="kind")])
