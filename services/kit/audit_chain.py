"""Logs of deeds whose entries hold each other: each names, in 64 digits, all that stands before it.

The digits are SHA-256 over the entry before and this one's content. Whoever changes, inserts or removes an entry has to
write all later ones anew, and then the last one's digits are others than somebody has noted down elsewhere.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnDefault, String, event, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Session, mapped_column

NOTHING: Final = "0" * 64
"""What stands before the first entry."""
_OWN: Final = frozenset({"seq", "link"})
_READ: Final = 1_000


class Chained:
    """A log's row. Add it in the transaction of the deed; `link` is filled in when it is written."""

    seq: Mapped[int] = mapped_column(primary_key=True)
    link: Mapped[str] = mapped_column(String(64))


class ChainBroken(Exception):
    """An entry does not follow from those before it; the message names it."""


@dataclass(frozen=True)
class Head:
    """How far a log goes."""

    entries: int
    seq: int
    """Number of the last entry; 0 where there is none."""
    link: str


def linked(before: str, content: Mapping[str, Any]) -> str:
    """The digits of an entry with this content (column -> value), after one with the digits `before`."""
    written = json.dumps({name: _plain(value) for name, value in content.items()}, sort_keys=True)
    return hashlib.sha256(f"{before}\n{written}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    # A database that forgets zones was given UTC.
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()


async def verified(session: AsyncSession, log: type[Chained], known: Sequence[Head] = ()) -> Head:
    """Follow a log from its first entry to its last. `known`: where it once ended; it must still go through there.

    Raises ChainBroken.
    """
    name = inspect(log).local_table.name
    last = Head(0, 0, NOTHING)
    wanted = {head.seq: head.link for head in known if head.seq}
    while rows := (await session.scalars(select(log).where(log.seq > last.seq).order_by(log.seq).limit(_READ))).all():
        for row in rows:
            if row.link != linked(last.link, _content(row)):
                raise ChainBroken(f"{name}: entry {row.seq} does not follow from what stands before it")
            if wanted.pop(row.seq, row.link) != row.link:
                raise ChainBroken(f"{name}: up to entry {row.seq} the log was written anew")
            last = Head(last.entries + 1, row.seq, row.link)
        session.expunge_all()
    if wanted:
        raise ChainBroken(f"{name}: entry {max(wanted)} was there before and is gone")
    return last


async def end_of(session: AsyncSession, log: type[Chained]) -> Head:
    """Where a log ends, as it says itself; `verified` follows it there."""
    entries = int(await session.scalar(select(func.count()).select_from(log)) or 0)
    last = (await session.execute(select(log.seq, log.link).order_by(log.seq.desc()).limit(1))).one_or_none()
    return Head(entries, *last) if last else Head(0, 0, NOTHING)


def _content(row: Chained) -> dict[str, Any]:
    return {
        attribute.key: getattr(row, attribute.key)
        for attribute in inspect(type(row)).column_attrs
        if attribute.key not in _OWN
    }


@event.listens_for(Session, "before_flush")
def _link_new_entries(session: Session, *_: object) -> None:
    new = [row for row in session.new if isinstance(row, Chained)]
    # as they will be numbered
    new.sort(key=lambda row: (type(row).__name__, inspect(row).insert_order))
    for log, rows in groupby(new, key=type):
        _fill_in(session, log, list(rows))


def _fill_in(session: Session, log: type[Chained], rows: Sequence[Chained]) -> None:
    if session.get_bind().dialect.name != "sqlite":
        # To the end of the transaction: two that go on from the same entry would break the chain.
        key = zlib.crc32(f"log {inspect(log).local_table.name}".encode())
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
    before = session.scalar(select(log.link).order_by(log.seq.desc()).limit(1)) or NOTHING
    for row in rows:
        _write_defaults(row)
        row.link = before = linked(before, _content(row))


def _write_defaults(row: Chained) -> None:
    for attribute in inspect(type(row)).column_attrs:
        (column,) = attribute.columns
        default = getattr(column, "default", None)
        if getattr(row, attribute.key) is None and isinstance(default, ColumnDefault) and default.is_scalar:
            setattr(row, attribute.key, default.arg)
