"""What learners said of hints, by week: numbers for mentors alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import feedback.assistance.models
import feedback.chat.models
from feedback.hints.models import HintRow
from feedback.hints.ratings import HintRatings
from feedback.mentors import NotAMentor
from services.contracts.identity import Role, ScopeClaims
from services.kit.database import Database
from services.kit.spans import PeriodRefused
from tests.databases import on_sqlite

FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
OWNERS = (feedback.assistance.models, feedback.chat.models)


def rated(number: int, case: str, helpful: bool | None, when: datetime) -> HintRow:
    return HintRow(
        id=f"{number:032x}",
        learner=f"learner-{number}",
        case_id=case,
        case_version="1" * 64,
        subtask="mean",
        kind="plan",
        digest="1" * 64,
        cells="[]",
        scope="{}",
        state="ready",
        stage="done",
        counted=True,
        asked=when,
        words_by="rules",
        helpful=helpful,
        rated=None if helpful is None else when,
    )


@pytest.fixture
async def ratings(tmp_path: Path) -> AsyncIterator[HintRatings]:
    db = Database(on_sqlite("feedback", tmp_path / "feedback.sqlite"))
    said = [
        ("shop", True, FRIDAY),
        ("shop", False, FRIDAY + timedelta(hours=1)),
        ("shop", None, FRIDAY + timedelta(hours=1)),
        ("shop", True, MONDAY),
        ("bank", True, MONDAY),
        ("bank", True, FRIDAY - timedelta(seconds=1)),
    ]
    async with db.write() as session:
        session.add_all(rated(number, *one) for number, one in enumerate(said))
    yield HintRatings(db)
    await db.close()


def mentor(role: Role = Role.MENTOR, case: str = "*") -> ScopeClaims:
    return ScopeClaims(user="mia", role=role, case=case, case_version="*", expires=MONDAY)


async def test_each_rating_counts_in_its_week(ratings: HintRatings) -> None:
    until = MONDAY + timedelta(hours=1)
    weeks = await ratings.by_week(mentor(), None, FRIDAY, until)
    assert [(week.begins, week.rated, week.helpful) for week in weeks] == [(FRIDAY, 2, 1), (MONDAY, 2, 2)]
    weeks = await ratings.by_week(mentor(), "shop", FRIDAY, until)
    assert [(week.rated, week.helpful) for week in weeks] == [(2, 1), (1, 1)]
    assert await ratings.by_week(mentor(case="bank"), "shop", FRIDAY, until) == ()


async def test_learners_and_senseless_periods_are_refused(ratings: HintRatings) -> None:
    with pytest.raises(NotAMentor):
        await ratings.by_week(mentor(Role.LEARNER), None, FRIDAY, MONDAY)
    with pytest.raises(PeriodRefused):
        await ratings.by_week(mentor(), None, MONDAY, FRIDAY)
