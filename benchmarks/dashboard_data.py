"""A school of a thousand learners in the databases of `progress` and `mentoring`, put there in bulk."""

import json
import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import Table, insert

from services.contracts.clients.progress import ProgressClient
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.identity import Role
from services.contracts.notebook import Cell, Place
from services.contracts.session import EventBatch, RecordingChoice, SessionEvent
from services.kit.database import Database
from services.kit.scope import ScopeMinter
from services.mentoring.models import ContentRow, EscalationRow, NoteRow, WordRow
from services.mentoring.rows import CELLS
from services.mentoring.sought import name_of, words_of
from services.mentoring.urgency import rank
from services.progress.models import StandingRow, SubmissionRow
from services.progress.sessions.measures import Measures
from services.progress.sessions.models import EventRow, SessionRow
from services.progress.sessions.summaries import MEASURES

VERSION: Final = "1" * 64
STEPS: Final = 4
_AT_ONCE: Final = 20_000
_SIGNATURES: Final = 400
_WAITING: Final = 0.2
"""Share of the escalations that are still open."""
_SESSION_EVENTS: Final = 2_000
"""Of a session of twelve minutes."""
_CELLS: Final = 12
_QUESTION: Final = "I do not see what is missing."
_BATCH: Final = 200


@dataclass(frozen=True)
class School:
    """How much there is."""

    learners: int
    cases: int
    escalations: int
    events: int

    @property
    def names(self) -> list[str]:
        """Of the learners."""
        return [f"learner-{number:04}" for number in range(self.learners)]

    @property
    def ids(self) -> list[str]:
        """Of the cases."""
        return [f"case-{number:02}" for number in range(self.cases)]


async def fill_progress(db: Database, school: School) -> None:
    """Every learner in every case, and recorded sessions of twelve minutes."""
    chance, now = random.Random(1), datetime.now(UTC)
    await _put(db, StandingRow.__table__, _standings(school, chance, now))
    await _put(db, SubmissionRow.__table__, _submissions(school, chance, now))
    sessions = school.events // _SESSION_EVENTS
    await _put(db, SessionRow.__table__, _sessions(school, sessions, now))
    await _put(db, EventRow.__table__, _events(sessions))


async def fill_mentoring(db: Database, school: School) -> list[str]:
    """Escalations, a fifth of them open, each with a notebook, a feedback and a conversation; returns their ids."""
    chance, now = random.Random(2), datetime.now(UTC)
    rows = list(_escalations(school, chance, now))
    ids = [row["id"] for row in rows]
    await _put(db, EscalationRow.__table__, iter(rows))
    await _put(db, WordRow.__table__, _words(rows))
    cells, feedback = CELLS.dump_json(_notebook()).decode(), _feedback().model_dump_json()
    content = ({"escalation": one, "cells": cells, "feedback": feedback, "help": "{}"} for one in ids)
    await _put(db, ContentRow.__table__, content)
    await _put(db, NoteRow.__table__, _notes(rows))
    return ids


async def record_two_hours(client: ProgressClient, minter: ScopeMinter, user: str, case: str) -> tuple[str, int]:
    """Record a session of two hours as a browser does it; returns its id and how many events it has.

    An edit every half second with a cursor now and then, in twelve cells; runs, pastes and checks in between.
    """
    session, started, events = secrets.token_hex(16), datetime.now(UTC), tuple(_two_hours())
    scope = minter.mint(user=user, role=Role.LEARNER, case=case, case_version=VERSION)
    await client.choose_recording(RecordingChoice(record=True), scope)
    for start in range(0, len(events), _BATCH):
        batch = EventBatch(session=session, started=started, events=events[start : start + _BATCH])
        await client.record(batch, scope)
    return session, len(events)


async def _put(db: Database, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    assert isinstance(table, Table)
    while part := list(islice(rows, _AT_ONCE)):
        async with db.write() as session:
            await session.execute(insert(table), part)


def _standings(school: School, chance: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    for learner in school.names:
        for case in school.ids:
            for step in range(STEPS):
                yield {
                    "learner": learner,
                    "case_id": case,
                    "subtask": f"step-{step}",
                    "state": chance.choice(("in_progress", "approved", "approved", "polished")),
                    "attempts": chance.randrange(1, 9),
                    "points": 1.0,
                    "last_number": 1,
                    "quota": None,
                    "updated": now - timedelta(hours=chance.randrange(300)),
                }


def _submissions(school: School, chance: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    number = 0
    for learner in school.names:
        for case in school.ids:
            for step in range(STEPS):
                number += 1
                recorded = now - timedelta(hours=300 + chance.randrange(100))
                yield {
                    "id": f"{number:032x}",
                    "learner": learner,
                    "case_id": case,
                    "case_version": VERSION,
                    "subtask": f"step-{step}",
                    "digest": f"{number:064x}",
                    "number": 1,
                    "cells": f"{number:064x}",
                    "recorded": recorded,
                    "opened": recorded,
                    "verdict": "needs_work",
                    "points": 0.0,
                    "headline": "One value differs.",
                    "feedback": None,
                }


def _sessions(school: School, sessions: int, now: datetime) -> Iterator[dict[str, Any]]:
    measures = MEASURES.dump_json(Measures(first=0, last=720_000, active=400_000, runs=20)).decode()
    for key in range(1, sessions + 1):
        started = now - timedelta(hours=key % 500)
        yield {
            "key": key,
            "learner": school.names[key % school.learners],
            "case_id": school.ids[key // school.learners % school.cases],
            "case_version": VERSION,
            "session": f"{key:032x}",
            "started": started,
            "received": started + timedelta(minutes=12),
            "next_seq": _SESSION_EVENTS,
            "events": _SESSION_EVENTS,
            "bytes": _SESSION_EVENTS * 90,
            "measures": measures,
        }


def _events(sessions: int) -> Iterator[dict[str, Any]]:
    data = [json.dumps({"at": at, "removed": 0, "inserted": "total = 0\n"}) for at in range(200)]
    for key in range(1, sessions + 1):
        for seq in range(_SESSION_EVENTS):
            yield {"session": key, "seq": seq, "at": seq * 360, "kind": "edit", "cell": "a", "data": data[seq % 200]}


def _escalations(school: School, chance: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    names, cases = school.names, school.ids
    for number in range(school.escalations):
        # No two of them are about the same learner and case: one learner has one open question a step.
        learner, case = names[number % len(names)], cases[number // len(names) % len(cases)]
        opened = now - timedelta(minutes=chance.randrange(1, 100_000))
        waits = chance.random() < _WAITING
        answered = None if waits else opened + timedelta(minutes=chance.randrange(5, 500))
        yield {
            "seq": number + 1,
            "id": secrets.token_hex(16),
            "learner": learner,
            "case_id": case,
            "case_version": VERSION,
            "case_title": f"The case {case}",
            "subtask": "step-0",
            "subtask_title": "The first step",
            "submission": secrets.token_hex(16),
            "number": 4,
            "state": "waiting" if waits else chance.choice(("answered", "rated")),
            "reason": "repeated_failure",
            "signature": f"value:total:numbers:{chance.randrange(_SIGNATURES)}",
            "headline": "The total is not the sum of all rows.",
            "email": "",
            "opened": opened,
            "updated": answered or opened,
            "waiting_since": opened,
            "rank": rank(case, opened, {}),
            "mentor": None if waits else chance.choice(("grace", "linus", "edsger")),
            "first_answer": answered,
            "first_answer_seconds": None if answered is None else (answered - opened).total_seconds(),
            "answered": answered,
            "handled_seconds": None if waits else 240.0,
            "rated": None,
            "helpful": None,
            "reopened": 0,
        }


def _words(escalations: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in escalations:
        text = f"{row['headline']} {row['subtask_title']} {row['case_title']} {_QUESTION} {row['id']}"
        for word in (name_of(row["learner"]), *words_of(text)):
            yield {"escalation": row["seq"], "word": word}


def _notes(escalations: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in escalations:
        for author, text in (("learner", _QUESTION), ("mentor", "Look at the last row. " * 20)):
            if author == "learner" or row["answered"] is not None:
                yield {
                    "id": secrets.token_hex(16),
                    "escalation": row["id"],
                    "author": author,
                    "name": row["learner"] if author == "learner" else row["mentor"],
                    "text": text,
                    "comments": "[]",
                    "written": row["answered"] or row["opened"],
                    "is_answer": author == "mentor",
                }


def _notebook() -> tuple[Cell, ...]:
    code = "for row in table.itertuples():\n    total = total + row.price * row.quantity\n" * 5
    return tuple(Cell(id=f"cell-{number}", source=code) for number in range(_CELLS))


def _feedback() -> Feedback:
    evidence = Evidence(kind="value", subject="total", fact="total is 17 and not 19", place=Place(cell="cell-3"))
    found = Finding(
        id="f1",
        kind="value",
        severity="error",
        subtask="step-0",
        message="The value total is not what the data gives.",
        place=Place(cell="cell-3", line=1),
        evidence=(evidence,) * 4,
        signature="value:total:numbers",
    )
    return Feedback(verdict=Verdict.NEEDS_WORK, headline="One value differs.", findings=(found,) * 3, max_points=4)


def _two_hours() -> Iterator[SessionEvent]:
    chance, seq = random.Random(3), 0
    cells = [{"id": cell.id, "kind": "code", "source": cell.source} for cell in _notebook()]
    lengths = {str(cell["id"]): len(str(cell["source"])) for cell in cells}
    yield _event(seq, 0, "snapshot", None, cells=cells)
    for at in range(500, 7_200_000, 500):
        cell = f"cell-{at // 60_000 % _CELLS}"
        happened: list[tuple[str, dict[str, Any]]] = []
        if at % 30_000 == 0:
            happened = [("run", {}), ("result", {"ok": chance.random() < 0.7, "error": None})]
        elif at % 47_500 == 0:
            happened = [("paste", {"length": 120, "large": True})]
        elif at % 2_000 == 0:
            happened = [("cursor", {})]
        removed = chance.randrange(4) if lengths[cell] > 500 else 0
        inserted = "".join(chance.choices("abc def = 1\n", k=chance.randrange(1, 5)))
        lengths[cell] += len(inserted) - removed
        happened.append(("edit", {"at": chance.randrange(400), "removed": removed, "inserted": inserted}))
        for kind, data in happened:
            seq += 1
            yield _event(seq, at, kind, cell, **data)


def _event(seq: int, at: int, kind: str, cell: str | None, /, **data: Any) -> SessionEvent:
    return SessionEvent.model_validate({"seq": seq, "at": at, "kind": kind, "cell": cell, "data": data})
