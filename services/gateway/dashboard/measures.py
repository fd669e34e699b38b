"""Measures put together from what three services count. Pure."""

from collections.abc import Sequence
from typing import Any

from services.contracts.measures import Measures, WeekCount, WeekRatings


def with_counts(
    measures: Measures, judged: Sequence[WeekCount] | None, ratings: Sequence[WeekRatings] | None
) -> Measures:
    """What `mentoring` measured, with what `progress` judged and what `feedback` heard of hints; None: not known."""
    failing = None if judged is None else {week.begins: week.count for week in judged}
    rated = None if ratings is None else {week.begins: week for week in ratings}
    weeks = tuple(
        week.model_copy(
            update={
                **({} if failing is None else {"judged": failing.get(week.begins, 0)}),
                **_helpful([rated[week.begins]] if rated and week.begins in rated else []),
            }
        )
        for week in measures.weeks
    )
    whole = {} if failing is None else {"judged": sum(failing.values())}
    return measures.model_copy(update={"weeks": weeks, **whole, **_helpful(list((rated or {}).values()))})


def _helpful(ratings: Sequence[WeekRatings]) -> dict[str, Any]:
    rated = sum(week.rated for week in ratings)
    return {"hints_helpful_share": sum(week.helpful for week in ratings) / rated} if rated else {}
