"""A case as the services see it. The learner's view never holds reference code or hidden checks."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from services.contracts.identity import AiMode, MayRemain, ScopeMode, Strictness
from services.contracts.limits import Limits
from services.contracts.model import MOST, WireModel
from services.contracts.notebook import Cell

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
"""Lower-case letters, digits and dashes: safe in paths, addresses and certificates."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""sha256 in hex."""
ImageDigest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""A container image by its content."""
Level = Literal["introductory", "intermediate", "advanced"]


class HintQuotas(WireModel):
    """Hints of each kind, and of all kinds together; None is unlimited. Defaults as in arXiv 2510.14457's system."""

    plan: int | None = Field(default=1, ge=0, le=MOST)
    debug: int | None = Field(default=3, ge=0, le=MOST)
    optimize: int | None = Field(default=1, ge=0, le=MOST)
    overall: int | None = Field(default=None, ge=0, le=MOST)


class Quotas(WireModel):
    """Per learner and subtask; None is unlimited."""

    checks: int | None = Field(default=None, ge=1, le=MOST)
    hints: HintQuotas = HintQuotas()
    messages: int | None = Field(default=None, ge=0, le=MOST)
    """Messages to the assistant."""


class Style(WireModel):
    """What a case wants of the style review and of the marks while typing."""

    live_errors: bool = True
    """Mark what is certain to fail while the learner types; done in the browser alone."""
    may_remain: MayRemain = "advice"


class Compare(WireModel):
    """A named value to compare with the reference's own after the learner's code has run."""

    name: str
    order: Literal["exact", "ignore"] = "exact"
    """`ignore`: rows (or elements) may come in any order."""
    columns: Literal["exact", "ignore_order", "at_least"] = "exact"
    dtypes: Literal["exact", "kind", "ignore"] = "kind"
    """`kind`: int32 equals int64, string equals object of strings."""
    relative_tolerance: float = Field(default=1e-6, ge=0)
    absolute_tolerance: float = Field(default=1e-9, ge=0)
    decides: bool = True
    """False: a difference explains a failed check, but never fails the subtask by itself."""


class Holdout(WireModel):
    """Answers to the rows that a call forecasts. The metric decides, not each forecast; the answers are never sent."""

    answers: tuple[float | int | bool | str, ...] = Field(min_length=1, max_length=200)
    metric: Literal["mean_absolute_error", "root_mean_squared_error", "error_rate"] = "mean_absolute_error"
    within: float = Field(default=1.1, ge=1)
    """The learner's metric may be this many times the reference's own, plus `slack`."""
    slack: float = Field(default=0.0, ge=0)


class CallProbe(WireModel):
    """A call of a learner's function with plain JSON arguments; its result is compared with the reference's."""

    call: str
    args: tuple[JsonValue, ...] = ()
    """Plain JSON, or {"array": […]}, {"frame": {column: […]}}, {"series": […]} for a numpy or pandas object."""
    kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    hidden: bool = True
    """True: the arguments and the expected value are never shown to a learner."""
    relative_tolerance: float = Field(default=1e-6, ge=0)
    absolute_tolerance: float = Field(default=1e-9, ge=0)
    holdout: Holdout | None = None
    """What the forecasts are measured by instead of being compared one by one with the reference's."""


class Check(WireModel):
    """An assert-style check: the code of one test cell, or its hidden part."""

    id: str
    """`<grade_id>` for the visible part, `<grade_id>/hidden` for the hidden part."""
    cell: str
    """Id of the check cell in the notebook."""
    hidden: bool
    source: str
    points: float = Field(default=0, ge=0, allow_inf_nan=False)
    hint: str | None = None
    """What the author wants a learner to hear when it fails (never the fix)."""


class SubtaskView(WireModel):
    """A subtask as learners may see it."""

    id: Slug
    title: str
    index: int = Field(ge=0)
    points: float = Field(ge=0, allow_inf_nan=False)
    cells: tuple[str, ...]
    """Ids of all its cells in order: instructions, answer cells, visible check cells."""
    answer_cells: tuple[str, ...]
    """Ids of the cells the learner edits."""


class Flaw(WireModel):
    """A known mistake with a mentor's words, from `flaws.yaml`."""

    id: Slug
    subtask: Slug
    title: str
    answer: dict[str, str]
    """Answer cell id -> source with the mistake (other answer cells keep the reference's source)."""
    words: str
    """What a mentor would say: the consequence, never the fix."""


class Subtask(WireModel):
    """A subtask with all that must never reach a learner."""

    view: SubtaskView
    starter: dict[str, str]
    """Answer cell id -> source the learner starts from."""
    reference: dict[str, str]
    """Answer cell id -> source of the reference solution."""
    checks: tuple[Check, ...]
    compare: tuple[Compare, ...] = ()
    probes: tuple[CallProbe, ...] = ()
    watch: tuple[str, ...] = ()
    """Names inferred from the reference that explain a failure (as `Compare(decides=False)`)."""
    plan: str | None = None
    """First step of the hint ladder, in the author's words."""
    example: str | None = None
    """Last step: a small unrelated example."""


class DataFile(WireModel):
    """One file of the case's dataset."""

    path: str
    """Relative to the case folder, with forward slashes: `data/ames.csv`."""
    digest: Digest
    size: int = Field(ge=0)


class CaseSummary(WireModel):
    """A published case in a list, as everybody may see it."""

    id: Slug
    version: Digest
    number: int = Field(ge=1)
    """1 for the first published version, counting up."""
    title: str
    summary: str
    level: Level
    minutes: int = Field(gt=0)
    subtasks: int = Field(ge=1)
    published: datetime


class CaseOutline(WireModel):
    """A published case with the titles of its subtasks, for a page that names those of every case."""

    id: Slug
    version: Digest
    title: str
    subtasks: tuple[SubtaskView, ...]


class LearnerCase(WireModel):
    """A case version as a learner's environment may see it."""

    id: Slug
    version: Digest
    number: int
    title: str
    summary: str
    level: Level
    minutes: int
    ai_mode: AiMode
    strictness: Strictness
    topics: tuple[str, ...]
    scope_mode: ScopeMode = "soft"
    languages: tuple[str, ...] = ()
    style: Style = Style()
    quotas: Quotas
    subtasks: tuple[SubtaskView, ...]
    notebook: dict[str, JsonValue]
    """The learner's notebook (nbformat 4.5 JSON): starters, visible checks, no solution, no hidden test."""
    data: tuple[DataFile, ...]
    environment: Digest | None = None
    """Which environment of packages it needs; None: the common one."""
    image: ImageDigest | None = None
    """Which image a container for it is made of; None: the common one, or there was none where it was published."""


class AuthorCase(WireModel):
    """A case version with its reference. Only `feedback` and `case_uploader` ever hold one."""

    id: Slug
    version: Digest
    title: str
    limits: Limits
    strictness: Strictness
    quotas: Quotas
    subtasks: tuple[Subtask, ...]
    cells: tuple[Cell, ...]
    """Every cell of the learner's notebook in order: the source of truth for locked and check cells."""
    imports: tuple[str, ...]
    """Modules the reference imports: what the runner's zygote loads."""
    modules: dict[str, str] = Field(default_factory=dict)
    """Top-level aliases the reference binds to modules: {"pd": "pandas"}."""
    data: tuple[DataFile, ...]
    flaws: tuple[Flaw, ...] = ()
    variants: tuple[dict[str, str], ...] = ()
    """Accepted alternatives: answer cell id -> source."""
    learn_from_approved: bool = False
    """Whether answers that learners were approved for tell, like variants, where others go wrong."""
    environment: Digest | None = None
    """Which environment of packages it needs; None: the common one."""
    image: ImageDigest | None = None
    """Which image a container for it is made of; None: the common one, or there was none where it was published."""

    def subtask(self, subtask_id: str) -> Subtask | None:
        """The subtask of that id, or None."""
        return next((s for s in self.subtasks if s.view.id == subtask_id), None)
