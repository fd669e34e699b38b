from typing import Literal

from pydantic import Field

from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell, Place


class LintFinding(WireModel):
    """One remark of the style review."""

    tool: Literal["ruff", "mypy", "bandit", "vulture", "caseloop"]
    rule: str
    """The rule's own code: F841, attr-defined, B301 …"""
    name: str
    """Readable name: unused-variable."""
    severity: Literal["error", "warning", "advice"]
    category: Literal["correctness", "security", "types", "dead_code", "readability", "data_science"]
    place: Place
    column: int | None = None
    message: str
    why: str
    """Why it matters in practice, one or two sentences."""
    url: str | None = None
    """The rule's documentation."""
    also: tuple[str, ...] = ()
    """Rules of other tools that said the same and were folded in: `bandit:B307`."""


class ReviewRequest(WireModel):
    """Review the notebook as one module."""

    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    editable: tuple[str, ...] = ()
    """Only remarks in these cells are returned; empty: in all."""
    python: str = "3.11"


class ToolRun(WireModel):
    """How one tool fared."""

    tool: str
    status: Literal["ok", "failed", "timed_out"]
    wall_ms: float
    detail: str = ""


class LintReport(WireModel):
    """Syntactic feedback for one notebook."""

    findings: tuple[LintFinding, ...]
    """Ranked, most important first; deduplicated over tools."""
    tools: tuple[ToolRun, ...]
    dropped: int = 0
    """Findings beyond the cap that are not shown."""
