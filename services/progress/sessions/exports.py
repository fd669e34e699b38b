"""All that is kept of a learner's sessions in a case, as one JSON document for the learner."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from pydantic_core import to_json

from services.contracts.identity import ScopeClaims
from services.kit.clock import Clock
from services.kit.database import Database
from services.progress.repository import Owner
from services.progress.sessions.looks import looks_at
from services.progress.sessions.models import SessionRow
from services.progress.sessions.repository import EventRepository, SessionRepository
from services.progress.sessions.summaries import Summaries

_AT_ONCE: Final = 1_000
"""Events read at a time: no reader holds one state of the database while a slow browser takes it in."""


class Exports:
    """Writes exports."""

    def __init__(self, db: Database, summaries: Summaries, clock: Clock) -> None:
        self._db, self._summaries, self._clock = db, summaries, clock

    async def lines(self, scope: ScopeClaims) -> AsyncIterator[str]:
        """The lines of `{user, case, exported, choices, looks, sessions: [{case_version, summary, events}]}`."""
        owner = Owner(scope.user, scope.case)
        async with self._db.read() as session:
            repository = SessionRepository(session, owner)
            rows = await repository.all()
            choices = [{"record": row.record, "chosen": _iso(row.chosen)} for row in await repository.choices()]
            looks = [
                {"who": row.who, "role": row.role, "what": row.what, "item": row.item, "happened": _iso(row.happened)}
                for row in await looks_at(session, owner)
            ]
        head: dict[str, object] = {"user": owner.user, "case": owner.case, "exported": _iso(self._clock())}
        head |= {"choices": choices, "looks": looks}
        yield f'{_json(head)[:-1]},"sessions":[\n'
        for number, row in enumerate(rows):
            async for line in self._session(owner, row):
                yield line
            yield "]}\n" if number == len(rows) - 1 else "]},\n"
        yield "]}\n"

    async def _session(self, owner: Owner, row: SessionRow) -> AsyncIterator[str]:
        summary = (await self._summaries.one(owner, row)).model_dump_json()
        yield f'{{"case_version":{_json(row.case_version)},"summary":{summary},"events":[\n'
        start, comma = 0, ""
        while True:
            async with self._db.read() as session:
                events = await EventRepository(session, row.key).events(start, row.next_seq, _AT_ONCE)
            if not events:
                return
            for event in events:
                yield f"{comma}{event.model_dump_json()}\n"
                comma = ","
            start = events[-1].seq + 1


def _json(value: object) -> str:
    return to_json(value).decode()


def _iso(moment: datetime) -> str:
    return moment.isoformat()
