"""Jobs in a service's own job table that are about somebody who is to be forgotten."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

_CHUNK: Final = 500
"""Values that one statement takes; SQLite has a limit of its own."""


async def drop_jobs_about(session: AsyncSession, table: Table, names: Collection[str], keep: str | None = None) -> None:
    """Delete jobs, also those that have ended, whose key or payload names one of these.

    A worker that has one in its hands loses its lease. `keep`: the job that does this, which stays.
    """
    wanted = set(names)
    kept = await session.execute(select(table.c.id, table.c.key, table.c.payload))
    about = [row.id for row in kept if row.id != keep and wanted & {*_texts(row.payload), row.key}]
    for at in range(0, len(about), _CHUNK):
        await session.execute(delete(table).where(table.c.id.in_(about[at : at + _CHUNK])))


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
