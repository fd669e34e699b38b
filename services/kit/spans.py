"""Stretches of time as a table that others are joined with, so that one statement counts all of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from services.contracts.measures import week_begins
from services.kit.database import UtcDateTime
from services.kit.errors import CaseloopError

Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
WHOLE: Final = 0
"""Number of the span that is the whole period; the weeks follow it from 1 on."""
LONGEST: Final = timedelta(days=366)
_INSTANT: Final = timedelta(microseconds=1)


class PeriodRefused(CaseloopError):
    """The period makes no sense."""

    status, error = 422, "period_refused"


class Spans(NamedTuple):
    """A period and its weeks."""

    begins: tuple[datetime, ...]
    """Of the weeks."""
    table: Subquery

    def holds(self, moment: Moment) -> ColumnElement[bool]:
        """What to join on: the moment lies in the span."""
        return and_(moment >= self.table.c.begins, moment < self.table.c.ends)

    @property
    def number(self) -> ColumnElement[int]:
        """The span's number."""
        return self.table.c.number


def spans_of(since: datetime, until: datetime) -> Spans:
    """The period from `since` to `until`, both included, and its weeks."""
    begins = week_begins(since, until)
    end = until + _INSTANT
    rows: Sequence[tuple[datetime, datetime]] = [(since, end), *zip(begins, (*begins[1:], end), strict=True)]
    kind = UtcDateTime()
    table = union_all(
        *(
            select(
                literal(number).label("number"),
                literal(begin, kind).label("begins"),
                literal(stop, kind).label("ends"),
            )
            for number, (begin, stop) in enumerate(rows)
        )
    ).subquery("span")
    return Spans(begins, table)


def require_period(since: datetime, until: datetime) -> None:
    """Raise PeriodRefused for one that ends before it begins, or has more weeks than anybody looks at."""
    if not timedelta(0) <= until - since <= LONGEST:
        raise PeriodRefused(f"A period lasts up to {LONGEST.days} days; {since} to {until} does not.")
