from typing import Literal

from pydantic import Field

from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell, Place

LintTool = Literal["ruff", "mypy", "bandit", "vulture", "caseloop"]
"""`caseloop`: our own rules."""
FIRST_FINDINGS = 7
"""Findings that are shown at once; the rest on demand. Nobody works through more in one go."""


class TextEdit(WireModel):
    """Replace a range of one cell's text.

    Lines and columns are 1-based; columns count Unicode characters, and `end_column` is the first one that stays.
    """

    cell: str
    line: int = Field(ge=1)
    column: int = Field(ge=1)
    end_line: int = Field(ge=1)
    end_column: int = Field(ge=1)
    text: str


class Fix(WireModel):
    """A change that the tool itself marks as safe: the code does the same afterwards."""

    title: str
    """What the change does: «Remove unused import: `os`»."""
    edits: tuple[TextEdit, ...]
    """In order of place and without overlap. They fit the cells as they were sent for review, and no others."""


class LintFinding(WireModel):
    """One remark of the style review."""

    id: str
    """Equal in the next review while the rule still breaks at this code, wherever the code has moved to in its cell."""
    tool: LintTool
    rule: str
    """The rule's own code: F841, attr-defined, B301 …"""
    name: str
    """Readable name: unused-variable."""
    severity: Literal["error", "warning", "advice"]
    category: Literal["correctness", "security", "types", "dead_code", "readability", "data_science"]
    place: Place
    column: int | None = None
    """1-based, in characters of `place.line`."""
    end_column: int | None = None
    """The first character after the flagged code, on `place.end_line`; None: to the end of that line."""
    message: str
    why: str
    """Why it matters in practice, one or two sentences."""
    url: str | None = None
    """The rule's documentation."""
    also: tuple[str, ...] = ()
    """Rules of other tools that said the same and were folded in: `bandit:B307`."""
    fix: Fix | None = None
    """None: there is no change that is certainly safe."""


class ReviewRequest(WireModel):
    """Review the notebook as one module."""

    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    editable: tuple[str, ...] = ()
    """Only remarks in these cells are returned; empty: in all."""
    python: str = "3.11"
    executions: dict[str, int] = Field(default_factory=dict, max_length=MAX_CELLS)
    """Cell id -> execution count, of the cells that have one. Empty: nothing is known about the order of running."""
    tools: tuple[LintTool, ...] = ()
    """Only these tools look; empty: all that are installed."""


class ToolRun(WireModel):
    """How one tool fared."""

    tool: str
    status: Literal["ok", "failed", "timed_out"]
    wall_ms: float
    detail: str = ""


class LintReport(WireModel):
    """Syntactic feedback for one notebook."""

    findings: tuple[LintFinding, ...]
    """Ranked by consequence, most important first; deduplicated over tools."""
    tools: tuple[ToolRun, ...]
    """A tool that failed or was too slow is missing: a report without its findings proves nothing."""
    dropped: int = 0
    """Findings beyond the cap that are not sent."""
    first: int = FIRST_FINDINGS
    """How many of `findings` to show at once."""
