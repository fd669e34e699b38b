"""Restoring a home on one machine: made whole beside its place, then put there in one step."""

import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from infra.audit.logs import follow
from infra.backup.archive import ArchiveReader, Member
from infra.backup.checking import Checked, check, opened, words_of
from infra.backup.embedded import MADE_AGAIN, SQLITE, databases
from infra.backup.errors import ArchiveRefused, RestoreRefused
from infra.backup.files import FILES
from infra.backup.kept import KEPT
from infra.backup.keys import Opener
from infra.backup.making import OBJECTS
from infra.backup.manifest import End
from infra.backup.placing import Placing, require_room
from infra.backup.showing import Shown
from infra.backup.sqlite_copies import check as check_database
from infra.machine import CannotStart
from infra.one_instance import only_instance
from infra.settings import EmbeddedSettings
from services.kit.migrations import MigrationFailed
from services.kit.objects import ObjectStore
from services.kit.settings import Settings
from services.kit.wiring import open_objects
from vault.files import sync_folder

_PRIVATE: Final = 0o700


@dataclass(frozen=True)
class Restored:
    """What was done."""

    checked: Checked
    aside: Path | None = None
    """Where what was there before lies now."""
    remarks: list[str] = field(default_factory=list)
    """What a person should look at."""


async def restore_home(
    settings: EmbeddedSettings, file: Path, openers: Sequence[Opener], now: datetime, shown: Shown, *, replace: bool
) -> Restored:
    """Put a backup into an empty home; `replace`: also into one in use, which is moved aside, not deleted.

    Until the last step nothing of the home is touched. Raises RestoreRefused, ArchiveRefused.
    """
    # A link to it stays where it is.
    home = settings.home.resolve()
    with _alone(settings):
        _require_empty(home, replace)
        checked = check(file, openers, shown)
        if checked.head.mode != settings.mode:
            raise RestoreRefused(f"{file} is of {checked.head.mode} mode, and this system of {settings.mode} mode")
        home.parent.mkdir(parents=True, exist_ok=True)
        require_room(home.parent, checked.bytes)
        staged = home.with_name(f".{home.name}.restoring-{secrets.token_hex(4)}")
        staged.mkdir(mode=_PRIVATE)
        made = settings.model_copy(update={"home": staged})
        try:
            with opened(file, openers) as archive:
                await _Staging(made, shown).fill(archive)
            remarks = [*words_of(checked.end.lacking), *await _looked_at(made, checked.end)]
            return Restored(checked, _exchanged(staged, home, now), remarks)
        except OSError as error:
            raise RestoreRefused(f"{staged} cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)


class _Staging:
    """A home in the making."""

    def __init__(self, staged: Settings, shown: Shown) -> None:
        self._staged, self._shown = staged, shown
        self._stores: dict[str, ObjectStore] = {}

    async def fill(self, archive: ArchiveReader) -> None:
        """Put everything into its place."""
        with self._shown.stage("restoring") as stage, Placing(self._staged.home) as placing:
            for member in archive.members():
                where, *rest = member.parts
                if where == OBJECTS:
                    await self._object(member, *rest)
                elif where in (SQLITE, FILES):
                    placing.put(member, rest)
                stage.step(member.size)

    async def _object(self, member: Member, service: str, digest: str) -> None:
        if service not in self._stores:
            (folder,) = (kept.objects.folder(self._staged) for kept in KEPT if kept.service == service and kept.objects)
            self._stores[service] = open_objects(self._staged.mode, service, folder)
        if await self._stores[service].put(_parts(member)) != digest:
            raise ArchiveRefused(f"the object {digest} in it is damaged")


async def _parts(member: Member) -> AsyncIterator[bytes]:
    for part in member.chunks():
        yield part


@contextlib.contextmanager
def _alone(settings: EmbeddedSettings) -> Iterator[None]:
    """Nobody starts Caseloop on this home meanwhile. Raises RestoreRefused where it runs."""
    if not settings.home.exists():
        yield
        return
    try:
        with only_instance(settings):
            yield
    except CannotStart as error:
        raise RestoreRefused(str(error)) from error


def _require_empty(home: Path, replace: bool) -> None:
    if not replace and (found := _content(home)):
        raise RestoreRefused(
            f"{home} is in use: it holds {', '.join(found[:5])}{' …' if len(found) > 5 else ''}. Name another home by "
            "CASELOOP_HOME, or say --replace: then it is moved aside, and nothing of it is deleted"
        )


def _content(home: Path) -> list[str]:
    """What a home holds that is not made again."""
    if not home.is_dir():
        return []
    return sorted(one.name for one in home.iterdir() if one.name not in MADE_AGAIN and not _is_hollow(one))


def _is_hollow(place: Path) -> bool:
    """Whether it is a folder with nothing in it but folders."""
    if place.is_symlink() or not place.is_dir():
        return False
    return not any(files for _, _, files in os.walk(place))


async def _looked_at(made: Settings, end: End) -> list[str]:
    """What is wrong with the logs of deeds. Raises ArchiveRefused for a database that is none."""
    for file in databases(made.home):
        if wrong := check_database(file):
            raise ArchiveRefused(f"its database {file.name} is damaged: {wrong}")
    try:
        verdicts = await follow(made, {service: [head] for service, head in end.logs.items()})
    except MigrationFailed as error:
        raise ArchiveRefused(f"its tables cannot be brought up to date: {error}") from error
    return [f"the log of {verdict.service} is not whole: {verdict.broken}" for verdict in verdicts if verdict.broken]


def _exchanged(staged: Path, home: Path, now: datetime) -> Path | None:
    """Put the new home in its place; returns where the old one lies now. Raises RestoreRefused."""
    os.sync()
    aside = home.with_name(f"{home.name}.before-restore-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}")
    was_there, worth_keeping = home.exists(), bool(_content(home))
    try:
        if was_there:
            home.rename(aside)
        try:
            staged.rename(home)
        except OSError:
            if was_there:
                aside.rename(home)
            raise
    except OSError as error:
        raise RestoreRefused(
            f"{home} cannot be put in its place ({error.strerror}); is it a mount point? Name a folder in it by "
            "CASELOOP_HOME"
        ) from error
    sync_folder(home.parent)
    if not worth_keeping:
        shutil.rmtree(aside, ignore_errors=True)
        return None
    return aside
