"""The texts of mails: plain text from templates."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2

from services.contracts.measures import Measures
from services.contracts.notebook import Place
from services.mentoring.models import EscalationRow, NoteRow
from services.mentoring.rows import COMMENTS

_REASONS: Final = {
    "unhelpful_hint": "a hint did not help",
    "repeated_failure": "the same problem several times",
    "low_confidence": "the machine is not sure",
    "unhelpful_answer": "an answer did not help",
}
_LONGEST_TITLE: Final = 100
_LONGEST_HEADLINE: Final = 300
"""It stands in the text, where there is more room than in a subject."""


@dataclass(frozen=True)
class Letter:
    """What a mail says."""

    subject: str
    text: str


def waits(row: EscalationRow, link: str) -> Letter:
    """To mentors: somebody waits. The learner's own words stay in Caseloop."""
    remembered = row.about_memory is not None
    again = row.mentor is not None or remembered
    text = _rendered(
        "waits",
        learner=row.learner,
        remembered=remembered,
        again=again,
        case_title=row.case_title,
        subtask_title=row.subtask_title,
        reason=_REASONS.get(row.reason, row.reason),
        headline=_line(row.headline, _LONGEST_HEADLINE),
        link=f"{link.rstrip('/')}/queue/{row.id}" if link else "",
    )
    what = "a remembered answer" if remembered else "a question"
    return Letter(f"Caseloop: {'again ' if again else ''}{what} about {_line(row.subtask_title)}", text)


def written(row: EscalationRow, note: NoteRow) -> Letter:
    """To the learner: a mentor has written."""
    comments = [f"{_where(comment.place)}: {comment.text}" for comment in COMMENTS.validate_json(note.comments)]
    text = _rendered(
        "written",
        mentor=note.name,
        is_answer=note.is_answer,
        case_title=row.case_title,
        subtask_title=row.subtask_title,
        text=note.text,
        comments=comments,
    )
    verb = "answered" if note.is_answer else "wrote about"
    return Letter(f"Caseloop: a mentor {verb} your question about {_line(row.subtask_title)}", text)


def digest(day: datetime, figures: Measures, waiting: int, longest: timedelta, link: str) -> Letter:
    """To mentors: how the day was."""
    share = figures.helpful_share
    text = _rendered(
        "digest",
        day=f"{day:%Y-%m-%d %H:%M}",
        waiting=waiting,
        longest=_hours(longest) if waiting else "",
        escalated=figures.escalated,
        answered=figures.answered,
        remembered=figures.remembered,
        share=None if share is None else round(share * 100),
        link=link,
    )
    return Letter(f"Caseloop: {waiting} in the mentors' queue, {figures.answered} answered since yesterday", text)


def _line(text: str, longest: int = _LONGEST_TITLE) -> str:
    """Author's and learners' text as one short line of printable characters: a header holds nothing else."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _where(place: Place) -> str:
    if place.line is None:
        return "the cell"
    if place.end_line in (None, place.line):
        return f"line {place.line}"
    return f"lines {place.line} to {place.end_line}"


def _hours(wait: timedelta) -> str:
    minutes = int(wait.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _rendered(name: str, **values: Any) -> str:
    return _environment().get_template(f"{name}.txt.jinja").render(values).strip() + "\n"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        # Plain text: there is nothing that could be interpreted.
        autoescape=False,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
