"""What people say about the same items as the judge: a JSON line each, kept so that they serve every later run."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from evaluation.judge.opinion import majority
from evaluation.judge.questions import Said
from evaluation.judge.record import Lines
from services.contracts.case import Digest, Slug
from services.contracts.model import WireModel

LABELS: Final = "labels.jsonl"
Drawn = Literal["at_random", "picked"]
"""`at_random`: chance alone chose the item, so labels of this kind speak for all items. `picked`: because the judge was
unsure or a person disagreed; they show where the judge fails, and would make it look worse than it is."""


class Label(WireModel):
    """One person's answer to one question about one feedback."""

    item: Digest
    """As `Opinion.item`: the same code, feedback and question in another run is the same item."""
    question: Slug
    answer: Said
    by: str = Field(min_length=1, max_length=255)
    at: datetime
    drawn: Drawn = "at_random"
    note: str = Field(default="", max_length=2_000)


class LabelsUnreadable(Exception):
    """A file of labels holds something else; the message names file and line."""


def read_labels(path: Path) -> list[Label]:
    """Every label of a file; a person's later answer to the same item replaces the earlier one.

    Raises LabelsUnreadable, also for a file that does not exist.
    """
    newest: dict[tuple[str, str], Label] = {}
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise LabelsUnreadable(
            f"{path} cannot be read ({error.strerror}); `caseloop eval judge label` writes one"
        ) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label = _label(path, number, line)
        newest.pop((label.item, label.by), None)
        newest[label.item, label.by] = label
    return list(newest.values())


def _label(path: Path, number: int, line: bytes) -> Label:
    try:
        return Label.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the line"
        raise LabelsUnreadable(f"{path}, line {number}: {place}: {first['msg']}") from error


def add_labels(path: Path, labels: Sequence[Label]) -> None:
    """Add labels to a file, which is made if need be. Raises RecordInUse."""
    with Lines(path, Label) as file:
        file.add(labels)


class Agreed(WireModel):
    """What the people who looked at one item say together."""

    item: Digest
    question: Slug
    answer: Said
    """What most of them say; a tie is `cannot_tell`."""
    at_random: Said | None
    """What those say who got it by chance; None: nobody did. A second look at items on which judge and person disagree
    must not count here: it could only bring the two closer."""
    answers: dict[str, Said]
    """Who said what."""


def agreed(labels: Iterable[Label]) -> dict[str, Agreed]:
    """Labels by item."""
    by_item: dict[str, list[Label]] = {}
    for label in labels:
        by_item.setdefault(label.item, []).append(label)
    return {
        item: Agreed(
            item=item,
            question=mine[0].question,
            answer=majority([label.answer for label in mine]),
            at_random=_together([label.answer for label in mine if label.drawn == "at_random"]),
            answers={label.by: label.answer for label in mine},
        )
        for item, mine in by_item.items()
    }


def _together(answers: list[Said]) -> Said | None:
    return majority(answers) if answers else None


def known_labels(*paths: Path) -> list[Label]:
    """The labels of those files that exist; the same label in two files counts once."""
    merged: dict[tuple[str, str], Label] = {}
    for path in paths:
        if path.exists():
            merged |= {(label.item, label.by): label for label in read_labels(path)}
    return list(merged.values())
