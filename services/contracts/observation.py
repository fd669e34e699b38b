"""What running a submission showed, as plain JSON: made by the runner, compared by `feedback`, never a verdict."""

from typing import Any, Literal

from pydantic import Field, JsonValue, model_validator

from services.contracts.case import DataFile, Digest, ImageDigest
from services.contracts.limits import Limits
from services.contracts.model import WireModel
from services.contracts.notebook import Place

Value = dict[str, Any]
"""Summary of one value; `kind` names its shape. The kinds and their fields are in docs/reference/values.md:
scalar, text, list, tuple, dict, set, frozenset, array, series, frame, index, model, function, module, other."""


class CodeCell(WireModel):
    """A code cell to execute."""

    id: str
    source: str


class CheckCode(WireModel):
    """An assert-style check to run in a fork of its own after the learner's code has ended."""

    id: str
    source: str
    modules: dict[str, str] = Field(default_factory=dict)
    """Names that must be these modules while the check runs, whatever the learner bound them to."""
    programs: tuple[str, ...] = ()
    """Programs that the check finds as code objects, in a list called `__caseloop_programs__`; None for one that is no
    Python. What it runs can read the check's own text no more than theirs, but the code that came of both."""
    may_share: bool = False
    """Whether a fork may work on it that has worked on the one before it, where nothing that either calls can keep
    anything and nothing has changed. Only for checks that were written to be run together: they are the same for all
    learners, so they are compiled once."""
    operands: Literal["values", "outlines"] = "values"
    """How what it compares is told: as whole values, or only as what kind of thing each is and whether it holds
    anything foreign. Describing a table costs more than most checks."""


class Behaviour(WireModel):
    """A question about how results come about.

    `overlap`: (rows, other rows), how many of the latter are among the former, and how many of the former come after
    the first of the latter. `refit`: (model, rows, answers, test rows, test answers), what the model gives when it is
    trained anew. `folds`: (pairs of positions), the same as `overlap` for each pair. `fits`: (what holds the fitting),
    the same for the rows that models are fitted on and asked about while `sources` run once more. The answers are
    values of these kinds.
    """

    kind: Literal["overlap", "refit", "folds", "fits"]
    names: tuple[str, ...]
    sources: tuple[str, ...] = ()
    """The learner's own code, for `fits`."""

    @model_validator(mode="after")
    def _as_many_as_asked(self) -> "Behaviour":
        wanted = {"overlap": 2, "refit": 5, "folds": 1, "fits": max(len(self.names), 1)}
        if len(self.names) != wanted[self.kind]:
            raise ValueError(f"{self.kind} is not about {len(self.names)} names")
        return self


class Probe(WireModel):
    """A question asked after the learner's code has ended: a named value, the result of a call, or a behaviour."""

    id: str
    name: str | None = None
    call: str | None = None
    behaviour: Behaviour | None = None
    args: tuple[JsonValue, ...] = ()
    kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    exact: bool = False
    """True: the arguments are in the form that docs/reference/values.md calls exact; False: as in `CallProbe`."""
    trace: bool = False
    """True: of a call, the values that its variables take are wanted, too."""
    optional: bool = False
    """True: the run is complete without its answer. These come last, and have a short while altogether."""


class Keep(WireModel):
    """What the sandbox may keep of a run, so that a further run of the same owner need not begin anew."""

    owner: str = Field(min_length=1, max_length=64)
    """Whose code it is. Nobody else's run ever goes on from it."""
    then: Literal["edited", "more", "nothing"]
    """What is expected to come: the same cells with one of them `edited`, the same cells and `more` after them, or
    `nothing` further."""


class RunRequest(WireModel):
    """Run these cells in order in a fresh sandbox of this environment, then the checks and probes."""

    environment: str = Field(min_length=1, max_length=64)
    """Key of the warm zygote: the case version's digest."""
    packages: Digest | None = None
    """Which environment of packages it runs in; None: the common one."""
    image: ImageDigest | None = None
    """The image with the same packages, where checks run in containers; None: the common one, or that of `packages`."""
    imports: tuple[str, ...] = ()
    data: tuple[DataFile, ...] = ()
    cells: tuple[CodeCell, ...]
    checks: tuple[CheckCode, ...] = ()
    probes: tuple[Probe, ...] = ()
    limits: Limits = Limits()
    seed: int = Field(default=0, ge=0, lt=2**32)
    keep: Keep | None = None
    """None: nothing is kept, and the run begins in a fresh sandbox. What is observed is the same in either case."""
    stop_on_error: bool = True
    """True: cells after the first failing one are not run. Probes and checks run in either case."""

    @model_validator(mode="after")
    def _optional_last(self) -> "RunRequest":
        optional = [probe.optional for probe in self.probes]
        if optional != sorted(optional):
            raise ValueError("optional probes come after all others")
        return self


class CodeError(WireModel):
    """An exception in learner's or check code."""

    type: str
    message: str
    place: Place | None = None
    """Last traceback frame inside a cell; None when the error has none (checks: the line of the check)."""


class CapturedText(WireModel):
    """What a cell printed: the first characters, and how many were dropped after them."""

    text: str = ""
    dropped: int = 0


Lost = Literal["time", "cpu", "memory", "ended", "output", "protocol"]
"""Why nothing more came: wall clock, CPU limit, memory limit, the process ended itself, it flooded the channel,
or it wrote something that is not the protocol."""


class CellOutcome(WireModel):
    """How one cell went."""

    id: str
    status: Literal["ok", "error", "lost", "not_run"]
    error: CodeError | None = None
    lost: Lost | None = None
    result: str | None = None
    """Text of the trailing expression, cut to the output limit."""
    stdout: CapturedText = CapturedText()
    stderr: CapturedText = CapturedText()
    wall_ms: float = 0
    cpu_ms: float = 0


class Operands(WireModel):
    """Both sides of one comparison inside an `assert`, as values or their outlines."""

    line: int
    op: str
    left: Value
    right: Value


class CheckOutcome(WireModel):
    """How one assert-style check went, with the operands of the comparisons it made."""

    id: str
    status: Literal["passed", "failed", "error", "lost"]
    error: CodeError | None = None
    lost: Lost | None = None
    operands: tuple[Operands, ...] = ()


class Step(WireModel):
    """A variable of a traced call has a new value, or the call gives something back."""

    place: Place
    name: str
    """`return` for what is given back."""
    text: str
    """The value, as short text."""


class ProbeOutcome(WireModel):
    """Answer to one probe. Exactly one of value, missing, error, lost is set."""

    id: str
    value: Value | None = None
    missing: bool = False
    error: CodeError | None = None
    lost: Lost | None = None
    trace: tuple[Step, ...] = ()
    """The first steps of a traced call, also of one that raised."""


class Observation(WireModel):
    """All that one run showed."""

    cells: tuple[CellOutcome, ...]
    checks: tuple[CheckOutcome, ...] = ()
    probes: tuple[ProbeOutcome, ...] = ()
    complete: bool
    """The completion record: the nonce made after the learner's code ended came back with exactly the asked
    check and probe ids, in order. False is the learner's failure, never an approval."""
    lost: Lost | None = None
    """Why it is not complete."""
    wall_ms: float = 0
    cpu_ms: float = 0


class CellStarted(WireModel):
    """Stream part of a run: a cell begins. Of those that follow each other at once not every one is told."""

    kind: Literal["cell_started"] = "cell_started"
    id: str
    index: int
    count: int


class RunFinished(WireModel):
    """Last stream part of a run."""

    kind: Literal["run_finished"] = "run_finished"
    observation: Observation


class RunFailed(WireModel):
    """Last stream part when the platform, not the learner, failed: no sandbox, no data."""

    kind: Literal["run_failed"] = "run_failed"
    error: str
    detail: str


RunEvent = CellStarted | RunFinished | RunFailed
