"""`caseloop serve backup`: a backup now and then, for as long as the process lives."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from rich.console import Console

from infra.backup.errors import BackupError, BackupFailed
from infra.backup.keys import Lock, read_recipients
from infra.backup.settings import BackupSettings
from infra.backup.showing import Shown
from infra.backup.taking import take
from infra.backup.targets import backups, made_at, prune
from infra.backup.wiring import words_of_neighbours
from infra.settings import EmbeddedSettings
from services.kit.database import DatabaseMisconfigured
from services.kit.objects import ObjectStoreFailed
from vault.errors import VaultError

_log = structlog.get_logger(__name__)
_IN_THE_WAY: Final = (BackupError, DatabaseMisconfigured, ObjectStoreFailed, VaultError, OSError)
_AGAIN: Final = timedelta(minutes=10)
"""After one that failed."""
_LATE: Final = 2
"""Intervals without a backup after which something is wrong."""


async def serve_backups(settings: EmbeddedSettings, wanted: BackupSettings) -> int:
    """Make backups until the process is ended. Raises BackupFailed, KeyRefused for what can never work."""
    folder, recipients = _required(wanted)
    locks = read_recipients([str(recipients)])
    while True:
        await asyncio.sleep(seconds_until_due(folder, wanted, datetime.now(UTC)))
        if not await back_up(settings, wanted, folder, locks):
            await asyncio.sleep(min(_AGAIN, timedelta(hours=wanted.every_hours)).total_seconds())


async def back_up(settings: EmbeddedSettings, wanted: BackupSettings, folder: Path, locks: Sequence[Lock]) -> bool:
    """Make one, and delete those that are too many; False where something was in the way, which is logged."""
    try:
        taken = await take(settings, folder, locks, datetime.now(UTC), Shown(Console(stderr=True, quiet=True)))
        old = prune(folder, wanted.keep)
    except _IN_THE_WAY as error:
        _log.error("no backup was made", reason=str(error))
        return False
    made = taken.made
    _log.info(
        "backup made", file=taken.file.name, bytes=taken.size, sha256=taken.digest, deleted=[file.name for file in old]
    )
    if made.files.left_out:
        _log.warning("files are left out", count=len(made.files.left_out), such_as=made.files.left_out[:3])
    for line in words_of_neighbours(made.head, made.end):
        _log.info(line)
    if made.end.lacking:
        _log.error("objects that rows name are gone or damaged", objects={**made.end.lacking})
    return True


def seconds_until_due(folder: Path, wanted: BackupSettings, now: datetime) -> float:
    """How long the next one has time."""
    newest = backups(folder)[:1]
    due = made_at(newest[0]) + timedelta(hours=wanted.every_hours) if newest else now
    return max((due - now).total_seconds(), 0.0)


def is_recent(wanted: BackupSettings, now: datetime) -> bool:
    """Whether there is a backup, and the newest is no older than two intervals."""
    try:
        newest = backups(wanted.folder)[:1] if wanted.folder else []
    except OSError:
        return False
    return bool(newest) and now - made_at(newest[0]) <= _LATE * timedelta(hours=wanted.every_hours)


def _required(wanted: BackupSettings) -> tuple[Path, Path]:
    if wanted.folder is None or wanted.recipients is None:
        missing = "FOLDER" if wanted.folder is None else "RECIPIENTS"
        raise BackupFailed(f"CASELOOP_BACKUP_{missing} is not set; docs/how-to/backup.md says what it is")
    if not wanted.folder.is_dir():
        raise BackupFailed(f"CASELOOP_BACKUP_FOLDER={wanted.folder} is no folder; mount it")
    return wanted.folder, wanted.recipients
