from dataclasses import dataclass
from typing import Literal

ToolName = Literal["ruff", "mypy", "bandit", "vulture", "caseloop"]
Severity = Literal["error", "warning", "advice"]
Category = Literal["correctness", "security", "types", "dead_code", "readability", "data_science"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace a range of the joined module; lines and columns are 1-based, the end column is the first that stays."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True)
class SafeFix:
    """A change that the tool marks as safe."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a tool said about one place of the joined module."""

    tool: ToolName
    rule: str
    """The rule's own code: F841, attr-defined, B301 …"""
    line: int
    """1-based, in the joined module."""
    message: str
    end_line: int | None = None
    column: int | None = None
    """1-based, in characters."""
    end_column: int | None = None
    """1-based, the first character after the flagged code, on `end_line`."""
    fix: SafeFix | None = None
    name: str = ""
    """The tool's readable name of the rule, where it tells one."""
    severity: Severity | None = None
    """Set where the tool knows better than the rule's explanation how much this one weighs."""
