"""Which kind of system is backed up and restored into."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from infra.backup.embedded import Home
from infra.backup.errors import BackupFailed
from infra.backup.home_restoring import Restored, restore_home
from infra.backup.host import Host
from infra.backup.host_restoring import restore_host
from infra.backup.keycloak import words_of_keycloak
from infra.backup.keys import Opener
from infra.backup.manifest import End, Head
from infra.backup.showing import Shown
from infra.backup.system import Source
from infra.settings import EmbeddedSettings


def open_source(settings: EmbeddedSettings) -> Source:
    """The system that the settings name. Raises BackupFailed where there is none."""
    if not settings.home.is_dir():
        raise BackupFailed(f"there is no {settings.home}: nothing was kept yet, or CASELOOP_HOME names another folder")
    match settings.mode:
        case "embedded":
            return Home(settings)
        case "production":
            return Host(settings)


def words_of_neighbours(head: Head, end: End) -> list[str]:
    """One line for each part that is not Caseloop's own, where there is such a part: whether it is in an archive."""
    match head.mode:
        case "embedded":
            return []
        case "production":
            return [words_of_keycloak(end)]


async def restore(
    settings: EmbeddedSettings, file: Path, openers: Sequence[Opener], now: datetime, shown: Shown, *, replace: bool
) -> Restored:
    """Restore into the system that the settings name. Raises RestoreRefused, ArchiveRefused, VaultError."""
    match settings.mode:
        case "embedded":
            return await restore_home(settings, file, openers, now, shown, replace=replace)
        case "production":
            return await restore_host(settings, file, openers, now, shown, replace=replace)
