"""Innocent texts: what a mentor, a manual, the case itself or the learner's own code says."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from feedback.firewall import NOBODY, Own
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell

TEXTS = Path(__file__).with_name("firewall_texts")


@dataclass(frozen=True)
class Innocent:
    """A text that must pass, and whose own code it may quote."""

    kind: str
    text: str
    own: Own = NOBODY
    before: tuple[str, ...] = ()


def innocents(case: AuthorCase, findings: list[str]) -> Iterator[Innocent]:
    """Everything innocent about a case; `findings`: sentences of the rule-based words."""
    written = tomllib.loads((TEXTS / f"{case.id}.toml").read_text("utf-8"))
    for kind in ("topic", "documentation"):
        yield from (Innocent(kind, text) for text in written[kind])
    talk = [text for pair in zip(written["topic"], written["documentation"], strict=False) for text in pair]
    yield from (Innocent("in a conversation", text, before=tuple(talk[:i])) for i, text in enumerate(talk))
    for cell in case.cells:
        if cell.kind == "markdown":
            yield Innocent("instructions", cell.source)
            yield from (Innocent("instructions", part) for part in cell.source.split("\n\n") if len(part) > 40)
    for subtask in case.subtasks:
        yield from (Innocent("plan", text) for text in (subtask.plan,) if text)
        yield from (Innocent("example", text) for text in (subtask.example,) if text)
        yield from (Innocent("hint", check.hint) for check in subtask.checks if check.hint)
        for cell_id, source in subtask.starter.items():
            own = Own.of([Cell(id=cell_id, source=source)])
            yield Innocent("starter quoted", f"You have not changed this yet:\n\n```python\n{source}\n```", own)
    for flaw in case.flaws:
        yield Innocent("mentor's words", flaw.words)
        for cell_id, source in flaw.answer.items():
            yield from _quoted(Own.of([Cell(id=cell_id, source=source)]), source)
    yield from (Innocent("rule-based words", text) for text in findings)


def _quoted(own: Own, source: str) -> Iterator[Innocent]:
    yield Innocent("own code quoted", f"You wrote:\n\n```python\n{source}\n```\n\nWhat happens at the edges?", own)
    lines = [
        line.strip() for line in source.split("\n") if len(line.strip()) > 12 and not line.strip().startswith('"""')
    ]
    for line in lines[:: max(1, len(lines) // 3)]:
        yield Innocent("own line quoted", f"Look at `{line}` once more: what does it do with an empty entry?", own)
