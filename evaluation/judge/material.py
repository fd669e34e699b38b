"""What the judge reads about a sample: the learner's notebook, and the feedback as a learner sees it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from evaluation.judge.questions import Question, Reference
from evaluation.runs.result import Answer
from evaluation.suites.sample import Problem, Sample
from feedback.prompts.channel import harmless
from services.contracts.feedback import Feedback, Verdict
from services.contracts.notebook import Cell, Place

NOTEBOOK_CHARS = 16_000
"""Of all cells together; short cells are whole, long ones share what is left."""
FEEDBACK_CHARS = 8_000
_SUBJECT_CHARS = 2_000
_SOLUTION_CHARS = 8_000
_MAX_CELLS = 80


@dataclass(frozen=True)
class Item:
    """One question about one answer of the pipeline."""

    question: Question
    sample: Sample
    feedback: Feedback
    problem: Problem | None = None
    solution: str = ""
    """The author's code for the step, where it is known. Shown for a second opinion only."""

    @property
    def subject(self) -> str:
        """The problem's words; empty where the question is about the whole feedback."""
        return self.problem.about if self.problem else ""

    @property
    def digest(self) -> str:
        """Sha256 of what is judged. Equal in two runs that said the same to the same code."""
        code = [[cell.kind, cell.source] for cell in self.sample.cells]
        judged = [self.question.wording, self.sample.case, self.sample.subtask, code, self.told, self.subject]
        return hashlib.sha256(json.dumps(judged, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def told(self) -> JsonValue:
        """The feedback as data."""
        return shown(self.feedback)

    @property
    def characters(self) -> int:
        """Length of what the feedback says."""
        return sum(map(len, _texts(self.told)))

    @property
    def texts(self) -> dict[str, JsonValue]:
        """What is judged, in members that a prompt may hold."""
        texts: dict[str, JsonValue] = {"notebook": notebook(self.sample.cells), "feedback": self.told}
        return texts | ({"problem": harmless(self.subject, _SUBJECT_CHARS)} if self.problem else {})

    @property
    def reference(self) -> dict[str, JsonValue]:
        """What the judge sees after it has committed itself; empty where nothing is known."""
        made: dict[str, JsonValue] = {}
        for kind in self.question.reference:
            made |= self._reference(kind)
        return made

    def _reference(self, kind: Reference) -> dict[str, JsonValue]:
        expected = self.sample.expected
        if kind == "solution":
            return {"solution": harmless(self.solution, _SOLUTION_CHARS)} if self.solution.strip() else {}
        made: dict[str, JsonValue] = {}
        if expected.verdict is not None:
            made["verdict"] = expected.verdict.value
        if expected.problems:
            made["problems"] = [_problem(problem) for problem in expected.problems]
        return made


def items(questions: Sequence[Question], sample: Sample, answer: Answer, solution: str = "") -> Iterator[Item]:
    """Everything that the judge is asked about one answer."""
    for question in questions:
        if question.when == "needs_work" and answer.feedback.verdict is not Verdict.NEEDS_WORK:
            continue
        if question.about == "feedback":
            yield Item(question, sample, answer.feedback, solution=solution)
            continue
        for problem in sample.expected.problems:
            yield Item(question, sample, answer.feedback, problem, solution)


def shown(feedback: Feedback) -> JsonValue:
    """The feedback as a learner may come to see it, hints included, without what the machine knows beside it."""
    left = _Budget(FEEDBACK_CHARS)
    told: dict[str, JsonValue] = {
        "verdict": feedback.verdict.value,
        "headline": left.take(feedback.headline),
        "warnings": [_placed(left.take(one.message), one.place) for one in feedback.warnings],
        "remarks": [left.take(remark) for remark in feedback.remarks],
        "findings": [
            _placed(left.take(finding.mentor or finding.message), finding.place) for finding in feedback.findings
        ],
    }
    hints = [left.take(hint.text) for finding in feedback.findings for hint in finding.ladder]
    return told | ({"hints": list(dict.fromkeys(hints))} if hints else {})


def notebook(cells: Sequence[Cell]) -> list[JsonValue]:
    """The learner's cells with numbered lines; what is too long is cut and says so."""
    kept = [cell for cell in cells if cell.source.strip()][:_MAX_CELLS]
    numbered = [_numbered(cell.source) for cell in kept]
    room = _fair([len(text) for text in numbered], NOTEBOOK_CHARS)
    return [
        {"cell": harmless(cell.id, 64), "kind": cell.kind, "lines": harmless(text, limit)}
        for cell, text, limit in zip(kept, numbered, room, strict=True)
    ]


class _Budget:
    """So many characters for all texts together."""

    def __init__(self, characters: int) -> None:
        self._left = characters

    def take(self, text: str) -> str:
        kept = harmless(text, max(self._left, 0))
        self._left -= len(kept)
        return kept


def _fair(lengths: Sequence[int], total: int) -> list[int]:
    """Room for each: whole where that fits, otherwise an equal share of what the shorter ones leave."""
    room, left = [0] * len(lengths), total
    for rank, index in enumerate(sorted(range(len(lengths)), key=lambda at: lengths[at])):
        room[index] = min(lengths[index], left // (len(lengths) - rank))
        left -= room[index]
    return room


def _numbered(source: str) -> str:
    # Nobody reads more of one cell; numbering a huge one would only cost time.
    lines = source[: 2 * NOTEBOOK_CHARS].split("\n")
    return "\n".join(f"{number}| {line}" for number, line in enumerate(lines, 1))


def _placed(message: str, place: Place | None) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"says": message}
    if place is not None:
        told["cell"] = harmless(place.cell, 64)
        if place.line is not None:
            told["lines"] = [place.line, place.end_line or place.line]
    return told


def _problem(problem: Problem) -> dict[str, JsonValue]:
    place = Place(cell=problem.cell, line=problem.line, end_line=problem.end_line) if problem.cell else None
    return _placed(harmless(problem.about, _SUBJECT_CHARS), place)


def _texts(value: JsonValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for member in value.values():
                yield from _texts(member)
