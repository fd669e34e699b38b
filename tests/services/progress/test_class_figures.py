"""What the database counts of a class is what the rules say; it takes a few statements, however many there are."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.contracts.progress import SubtaskState
from services.contracts.session import RecordingChoice
from services.kit.database import Database
from services.progress.classroom.repository import ClassRepository
from services.progress.classroom.rules import LONG_IN_ONE_STEP, MANY_ATTEMPTS, SILENT_AFTER, Learner, watch_of
from services.progress.models import StandingRow, SubmissionRow
from services.progress.sessions.models import SessionRow
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any
STEPS = ("load", "mean", "sum")
SECOND = timedelta(seconds=1)


def _standing(learner: str, subtask: str, chance: random.Random, now: datetime, number: int) -> list[Any]:
    edges = [SILENT_AFTER, LONG_IN_ONE_STEP, timedelta(hours=3)]
    updated = now - chance.choice(edges) + chance.choice((-SECOND, timedelta(), SECOND))
    begun = min(updated, now - chance.choice(edges) + chance.choice((-SECOND, timedelta(), SECOND)))
    standing = StandingRow(
        learner=learner,
        case_id="numbers",
        subtask=subtask,
        state=chance.choice(list(SubtaskState)),
        attempts=chance.choice((0, 1, MANY_ATTEMPTS - 1, MANY_ATTEMPTS)),
        last_number=1,
        updated=updated,
    )
    first = SubmissionRow(
        id=f"{number:032x}",
        learner=learner,
        case_id="numbers",
        case_version="1" * 64,
        subtask=subtask,
        digest=f"{number:064x}",
        number=1,
        cells=f"{number:064x}",
        recorded=begun,
        opened=begun,
        verdict="needs_work",
    )
    # A standing whose first version was never kept begins with its newest check.
    return [standing, first] if chance.random() < 0.9 else [standing]


def _recorded(learner: str, number: int, now: datetime, chance: random.Random) -> SessionRow:
    received = now - chance.choice((SILENT_AFTER + SECOND, SILENT_AFTER, timedelta(hours=1)))
    return SessionRow(
        learner=learner,
        case_id="numbers",
        case_version="1" * 64,
        session=f"{number:032x}",
        started=received,
        received=received,
        next_seq=1,
        events=1,
        bytes=1,
    )


async def _fill(db: Database, learners: Sequence[str], now: datetime) -> None:
    """Learners with steps and recordings on both sides of every edge that the rules have."""
    chance = random.Random(7)
    rows: list[Any] = []
    for name in learners:
        for subtask in STEPS[: chance.randrange(len(STEPS) + 1)]:
            rows += _standing(name, subtask, chance, now, len(rows))
        if not rows or rows[-1].learner != name or chance.random() < 0.3:
            rows.append(_recorded(name, len(rows), now, chance))
    async with db.write() as session:
        session.add_all(rows)


@pytest.mark.parametrize("case_steps", [None, 2, 3])
async def test_the_database_counts_what_the_rules_say(desk: Fixture, case_steps: int | None) -> None:
    names, now = [f"learner-{number:03}" for number in range(300)], desk.clock()
    await _fill(desk.db, names, now)
    async with desk.db.read() as session:
        repository = ClassRepository(session, "numbers", case_steps, now)
        counts = await repository.counts()
        watched = await repository.names(watch=True, after="", limit=None)
        people = await repository.people(None)

    def those(rules: set[str]) -> list[str]:
        return [name for name in names if {why.rule for why in watch_of(people[name], now, case_steps)} & rules]

    def finished(learner: Learner) -> bool:
        return learner.has_finished(case_steps)

    stuck, silent = those({"many_attempts", "long_in_one_step"}), those({"silent"})
    assert (counts.learners, counts.stuck, counts.silent) == (300, len(stuck), len(silent))
    assert counts.finished == sum(map(finished, people.values()))
    assert list(watched) == those({"many_attempts", "long_in_one_step", "silent"})
    assert counts.watched == len(watched)
    assert min(len(stuck), len(silent), counts.finished) > 5


@pytest.mark.parametrize("watch", [False, True])
async def test_a_class_of_any_size_takes_the_same_statements(desk: Fixture, statements: Fixture, watch: bool) -> None:
    # The look itself is written down once an hour, so the first one is not counted.
    await desk.mentor.class_view("numbers", desk.mentor_scope())
    with statements() as of_nobody:
        await desk.mentor.class_view("numbers", desk.mentor_scope(), watch=watch)
    await _fill(desk.db, [f"learner-{number:03}" for number in range(200)], desk.clock())
    with statements() as of_many:
        view = await desk.mentor.class_view("numbers", desk.mentor_scope(), watch=watch, limit=100)
    assert len(view.rows) > 50
    assert len(of_many) == len(of_nobody)


async def test_a_list_of_sessions_takes_the_same_statements_whatever_is_missing(
    desk: Fixture, statements: Fixture, batch_of: Fixture, event_of: Fixture
) -> None:
    await desk.client.choose_recording(RecordingChoice(record=True), desk.scope())
    await desk.client.record(batch_of(event_of(0, "focus"), event_of(2, "focus")), desk.scope())
    await desk.mentor.sessions_of("ada", "numbers", desk.mentor_scope())
    with statements() as of_one:
        await desk.mentor.sessions_of("ada", "numbers", desk.mentor_scope())
    for digit in "23456789":
        # The numbers 0 and 2 to 8 never come.
        await desk.client.record(batch_of(event_of(1, "focus"), event_of(9, "focus"), session=digit), desk.scope())
    with statements() as of_many:
        found = await desk.mentor.sessions_of("ada", "numbers", desk.mentor_scope())
    assert [[(gap.first, gap.last) for gap in one.gaps] for one in found] == [[(0, 0), (2, 8)]] * 8 + [[(1, 1)]]
    assert len(of_many) == len(of_one)
