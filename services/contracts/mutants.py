"""case_uploader -> feedback: would the checks see these small faults in the reference?"""

from pydantic import Field

from services.contracts.case import Digest, Slug
from services.contracts.feedback import Fault, Verdict
from services.contracts.model import WireModel

MAX_BATCH = 64


class Mutant(WireModel):
    """The reference with one small fault."""

    answer: dict[str, str]
    """Answer cell id -> source with the fault; the other answer cells keep the reference's."""
    names: tuple[str, ...] = ()
    """Variables whose values tell whether it leaves what the reference leaves; empty: do not ask."""


class MutantsRequest(WireModel):
    """Judge a batch of mutants of one subtask of a version, which may be a draft."""

    version: Digest
    subtask: Slug
    mutants: tuple[Mutant, ...] = Field(max_length=MAX_BATCH)


class MutantVerdict(WireModel):
    """How one mutant was judged: with every seed that a submission may get, until one run refuses it."""

    verdict: Verdict
    fault: Fault = "none"
    seen_by: tuple[str, ...] = ()
    """What speaks against it, most telling first: `check total-check`, `compare scores`, `call best_day (2)` …"""
    same_result: bool = False
    """With every seed, all asked names and all that was printed are exactly the reference's."""
    detail: str = ""
    """Why it could not be judged."""
    seconds: float = 0
    """Its runs together; while others run beside it they take longer."""


class MutantsResult(WireModel):
    """One verdict for each mutant, in the order of the request."""

    verdicts: tuple[MutantVerdict, ...]
