"""Measures: how much mentors are asked, and what answers are worth; over a period, and week by week."""

from datetime import UTC, datetime, timedelta
from typing import Final

from services.contracts.case import Slug
from services.contracts.model import WireModel

_WEEK: Final = timedelta(weeks=1)


class Figures(WireModel):
    """What is measured over some time."""

    judged: int | None = None
    """Failing submissions that were answered by Caseloop; None: `progress`, which counts them, is away."""
    escalated: int = 0
    remembered: int = 0
    """Times a remembered answer was given instead."""
    answered: int = 0
    first_answer_seconds_median: float | None = None
    hints_helpful_share: float | None = None
    """Of the machine's hints that were rated; None: none was, or `feedback`, which keeps them, is away."""
    helpful_share: float | None = None
    """Of mentors' own answers that were rated."""
    remembered_helpful_share: float | None = None
    minutes_saved: float = 0.0
    """Remembered answers times the median time that mentors took for one."""


class WeekFigures(Figures):
    """One week: from a Monday in UTC on, or from where the period begins."""

    begins: datetime


class Measures(Figures):
    """A period, and its weeks, the oldest first."""

    case: Slug | None
    """None: all of them."""
    since: datetime
    until: datetime
    weeks: tuple[WeekFigures, ...] = ()


class WeekCount(WireModel):
    """How many there were in a week; weeks without any are left out."""

    begins: datetime
    count: int


class WeekRatings(WireModel):
    """How many were rated in a week, and how many of them as helpful; weeks without any are left out."""

    begins: datetime
    rated: int
    helpful: int


def week_begins(since: datetime, until: datetime) -> tuple[datetime, ...]:
    """Where the weeks of a period begin: `since` itself, then every Monday at midnight in UTC before `until`."""
    start = since.astimezone(UTC)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begins, monday = [since], midnight - timedelta(days=midnight.weekday()) + _WEEK
    while monday < until:
        begins.append(monday)
        monday += _WEEK
    return tuple(begins)


def period_query(case: str | None, since: datetime, until: datetime) -> dict[str, str]:
    """The query by which services are asked for a period."""
    query = {"since": since.isoformat(), "until": until.isoformat()}
    return query if case is None else {**query, "case": case}
