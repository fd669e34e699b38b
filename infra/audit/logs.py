"""The logs of deeds of all services, and reading them."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader import wiring as cases_wiring
from case_uploader.models import ActionRow
from feedback import wiring as feedback_wiring
from feedback.chat.models import AuditRow as ChatRow
from services.kit.audit_chain import ChainBroken, Chained, Head, verified
from services.kit.database import Database
from services.kit.migrations import migrate
from services.kit.settings import Settings
from services.mentoring import wiring as mentoring_wiring
from services.mentoring.models import AuditRow as MentoringRow
from services.progress import wiring as progress_wiring
from services.progress.sessions.models import LookRow

_TIMES: Final = ("happened", "at")
_PEOPLE: Final = ("who", "by")
_DEEDS: Final = ("action", "what")


@dataclass(frozen=True)
class Log:
    """One service's log."""

    service: str
    package: str
    row: type[Chained]
    database: Callable[[Settings], Database]

    @asynccontextmanager
    async def opened(self, settings: Settings) -> AsyncIterator[AsyncSession | None]:
        """A session that reads it; None where the service has kept nothing yet.

        Raises DatabaseMisconfigured, MigrationFailed.
        """
        db = self.database(settings)
        try:
            if not _is_there(db):
                yield None
                return
            await migrate(db, self.package)
            async with db.read() as session:
                yield session
        finally:
            await db.close()


def _is_there(db: Database) -> bool:
    """SQLite would make the file; in production the schema is there before the service."""
    return not db.is_sqlite or Path(str(make_url(db.url).database)).exists()


LOGS: Final = (
    Log("mentoring", "services.mentoring", MentoringRow, mentoring_wiring.open_database),
    Log("progress", "services.progress", LookRow, progress_wiring.open_database),
    Log("feedback", "feedback", ChatRow, feedback_wiring.open_database),
    Log("cases", "case_uploader", ActionRow, cases_wiring.open_tables),
)


@dataclass(frozen=True)
class Verdict:
    """What following a log has shown."""

    service: str
    head: Head | None = None
    """Where it ends; None: it is broken, or there is none."""
    broken: str = ""


@dataclass(frozen=True)
class Entry:
    """One deed."""

    service: str
    seq: int
    when: str
    who: str
    what: str
    more: Mapping[str, str]
    """The other columns that say something."""


async def follow(settings: Settings, known: Mapping[str, Sequence[Head]]) -> list[Verdict]:
    """Verify every log from its first entry on. `known`: service -> where its log once ended."""
    verdicts = []
    for log in LOGS:
        noted = known.get(log.service, ())
        async with log.opened(settings) as session:
            if session is None:
                gone = "it was there before and is gone" if any(head.entries for head in noted) else ""
                verdicts.append(Verdict(log.service, broken=gone))
                continue
            try:
                verdicts.append(Verdict(log.service, await verified(session, log.row, noted)))
            except ChainBroken as broken:
                verdicts.append(Verdict(log.service, broken=str(broken)))
    return verdicts


async def newest(settings: Settings, services: Iterable[str], count: int) -> list[Entry]:
    """The last deeds in these services' logs, oldest first."""
    found: list[Entry] = []
    for log in LOGS:
        if log.service in services:
            async with log.opened(settings) as session:
                if session is not None:
                    query = select(log.row).order_by(log.row.seq.desc()).limit(count)
                    found += [_entry(log.service, row) for row in (await session.scalars(query)).all()]
    return sorted(found, key=lambda entry: (entry.when, entry.service, entry.seq))[-count:]


def _entry(service: str, row: Chained) -> Entry:
    columns: dict[str, Any] = {one.key: getattr(row, one.key) for one in inspect(type(row)).column_attrs}
    columns.pop("link")

    def taken(names: Sequence[str]) -> Any:
        return next(columns.pop(name) for name in names if name in columns)

    seq, when, who = columns.pop("seq"), taken(_TIMES), taken(_PEOPLE)
    what = taken(_DEEDS)
    more = {key: str(value) for key, value in columns.items() if value not in (None, "", 0)}
    return Entry(service, seq, when.isoformat(timespec="seconds"), who, what, more)
