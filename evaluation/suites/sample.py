"""One question to the feedback pipeline, with what a good answer to it would be."""

import hashlib
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from services.contracts.case import Slug
from services.contracts.feedback import Verdict
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell

Source = Literal[
    "reference",  # the author's own solution: approved, nothing to say
    "variant",  # an accepted alternative: the same
    "starter",  # the notebook as it is handed out
    "flaw",  # a known mistake with a mentor's words
    "mutant",  # the reference with one operator changed that the checks are known to catch
    "memory",  # a mentor's remembered answer with the code it was given for
    "dispute",  # learner and machine disagreed, and a person decided
    "submission",  # a stored, pseudonymised submission
    "written",  # by hand, from a JSONL file
    "hostile",  # tries to make the feedback lie, leak or stray
]


class Problem(WireModel):
    """One thing that a good mentor would point at."""

    about: str = Field(min_length=1, max_length=2_000)
    """In a mentor's words."""
    cell: str | None = None
    line: int | None = Field(default=None, ge=1)
    end_line: int | None = Field(default=None, ge=1)
    signature: str | None = None
    """Of the finding that stands for it, where one is known."""

    @model_validator(mode="after")
    def _lines_belong_to_a_cell(self) -> Self:
        if self.line is not None and self.cell is None:
            raise ValueError("a line is given without the cell it is in")
        if self.end_line is not None and (self.line is None or self.end_line < self.line):
            raise ValueError("end_line must not come before line")
        return self


class Expected(WireModel):
    """What a good mentor would say. What is None or empty is not known, and is not scored."""

    verdict: Verdict | None = None
    problems: tuple[Problem, ...] = ()
    must_not_say: tuple[str, ...] = ()
    """Pieces of text that no answer may hold, whatever their case and spacing."""

    @property
    def known(self) -> bool:
        """Whether anything at all can be scored against it."""
        return self.verdict is not None or bool(self.problems or self.must_not_say)


class Sample(WireModel):
    """A learner's code for one subtask of a case version, and what is expected of the feedback to it."""

    id: str = Field(pattern=r"^[\w.:/-]{1,200}$")
    """Unique in its suite."""
    case: Slug
    """Results are clustered by it: samples of one case are no independent witnesses."""
    version: str | None = None
    """Digest of the case version; None: the current one."""
    subtask: Slug
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    """The learner's whole notebook."""
    expected: Expected = Expected()
    source: Source = "written"
    tags: tuple[Slug, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Sha256 of all that is asked and expected: equal digests may share a result."""
        return hashlib.sha256(self.model_dump_json(exclude={"metadata"}).encode()).hexdigest()


class Suite(WireModel):
    """Samples in a fixed order."""

    id: Slug
    title: str = ""
    samples: tuple[Sample, ...]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for sample in self.samples:
            if sample.id in seen:
                raise ValueError(f"two samples have the id {sample.id!r}")
            seen.add(sample.id)
        return self

    @property
    def digest(self) -> str:
        """Sha256 over the samples' digests, in order."""
        return hashlib.sha256("".join(sample.digest for sample in self.samples).encode()).hexdigest()
