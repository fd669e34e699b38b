"""Restoring a system of containers: everything is made ready first, and takes its place when all of it is there."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from sqlalchemy.exc import SQLAlchemyError

from infra.audit.logs import follow
from infra.backup.archive import ArchiveReader, Member
from infra.backup.checking import Checked, check, opened, words_of
from infra.backup.embedded import SQLITE
from infra.backup.errors import ArchiveRefused, BackupFailed, RestoreRefused
from infra.backup.files import FILES
from infra.backup.home_restoring import Restored
from infra.backup.host import (
    COLUMNS,
    HOMES,
    HUB,
    SEQUENCES,
    SERVICES,
    TABLES,
    host_has,
    host_holds,
    open_stores,
    opened_databases,
    work_of,
)
from infra.backup.hub_tables import HUB_SCHEMA, has_people, make_anew
from infra.backup.kept import KEPT
from infra.backup.keycloak import PLACE as KEYCLOAK
from infra.backup.keycloak import opened_keycloak
from infra.backup.keycloak_restoring import KeycloakFilling, emptied, require_fits
from infra.backup.keys import Opener
from infra.backup.making import OBJECTS, SECRETS
from infra.backup.placing import Placing, require_room
from infra.backup.showing import Shown
from infra.backup.sqlite_copies import check as check_database
from infra.backup.work_folder import STAGED, alone, clear
from services.kit.objects import ObjectStore, ObjectStoreFailed
from services.kit.settings import Settings
from services.kit.table_copies import CopyFailed, Tables, all_or_nothing
from vault.files import private_folder
from vault.wiring import open_vault

_T = TypeVar("_T")
_PACKAGES: Final = {kept.service: kept.package for kept in KEPT}
_LONGEST_DOCUMENT: Final = 1024 * 1024


async def restore_host(
    settings: Settings, file: Path, openers: Sequence[Opener], now: datetime, shown: Shown, *, replace: bool
) -> Restored:
    """Put a backup into a system that was set up and never used; `replace`: also over one in use.

    Services must be stopped. Roles, schemas and Vault's engines are there already, as set-up makes them, and Keycloak's
    tables, as its first start makes them. Objects are put first, which changes nothing for anybody; then folders take
    their places, tables are committed, and secrets written. Raises RestoreRefused, ArchiveRefused, and what the vault
    raises.
    """
    work = private_folder(work_of(settings))
    try:
        with alone(work):
            clear(work)
            return await _restore(settings, file, openers, now, shown, replace)
    except BackupFailed as error:
        raise RestoreRefused(str(error)) from error
    except (SQLAlchemyError, CopyFailed) as error:
        raise RestoreRefused(f"PostgreSQL refuses: {error}") from error
    except ObjectStoreFailed as error:
        raise RestoreRefused(str(error)) from error
    except OSError as error:
        raise RestoreRefused(f"{settings.home} cannot be written: {error.strerror or error}") from error


async def _restore(
    settings: Settings, file: Path, openers: Sequence[Opener], now: datetime, shown: Shown, replace: bool
) -> Restored:
    work = work_of(settings)
    async with (
        opened_databases(settings) as databases,
        opened_keycloak() as keycloaks,
        all_or_nothing({**databases, **keycloaks}) as found,
    ):
        tables = {service: found[service] for service in databases}
        stores = await asyncio.to_thread(open_stores, settings)
        await _require_idle(tables)
        if not replace:
            await _require_empty(settings, tables, stores)
        checked = check(file, openers, shown)
        if checked.head.mode != settings.mode:
            raise RestoreRefused(f"{file} is of {checked.head.mode} mode, and this system of {settings.mode} mode")
        keycloak = found.get(KEYCLOAK)
        if keycloak is not None and checked.end.keycloak is not None:
            await require_fits(keycloak, checked.end.keycloak, replace=replace)
        require_room(work, checked.bytes)
        staged = work / f"{STAGED}{secrets.token_hex(4)}"
        staged.mkdir(mode=0o700)
        try:
            filling = _Filling(staged, tables, keycloak, stores, checked, shown)
            with opened(file, openers) as archive:
                await filling.fill(archive)
            aside = _exchanged(staged, settings.home, work / f"before-restore-{now:%Y%m%dT%H%M%SZ}")
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    await asyncio.to_thread(_write_secrets, settings, filling.secrets)
    known = {service: [head] for service, head in checked.end.logs.items()}
    broken = [verdict for verdict in await follow(settings, known) if verdict.broken]
    remarks = [f"the log of {verdict.service} is not whole: {verdict.broken}" for verdict in broken]
    if checked.end.keycloak is not None and keycloak is None:
        remarks.append(
            "Keycloak's accounts in it were not restored, for CASELOOP_BACKUP_KEYCLOAK_URL does not say where its "
            "database is; set it and restore again, with --replace"
        )
    return Restored(checked, aside, [*words_of(checked.end.lacking), *remarks])


class _Filling:
    """What is made ready while an archive is read."""

    def __init__(
        self,
        staged: Path,
        tables: Mapping[str, Tables],
        keycloaks: Tables | None,
        stores: Mapping[str, ObjectStore],
        checked: Checked,
        shown: Shown,
    ) -> None:
        self._staged, self._tables, self._keycloaks, self._stores = staged, tables, keycloaks, stores
        self._checked, self._shown = checked, shown
        self._rows = contextlib.AsyncExitStack()
        self._filled: tuple[str, str] | None = None
        self._copied: Any = None
        self._keycloak: KeycloakFilling | None = None
        self.secrets: dict[str, bytes] = {}

    async def fill(self, archive: ArchiveReader) -> None:
        """Read all of it. Raises ArchiveRefused, CopyFailed."""
        for service, tables in self._tables.items():
            # A service that had no tables gets them at its start.
            if schema := self._checked.end.schemas.get(service):
                if service == HUB_SCHEMA:
                    await make_anew(tables)
                else:
                    await tables.make_anew(_PACKAGES[service], schema)
        async with contextlib.AsyncExitStack() as stack:
            if self._keycloaks is not None and (kept := self._checked.end.keycloak) is not None:
                self._keycloak = await stack.enter_async_context(emptied(self._keycloaks, kept))
            await stack.enter_async_context(self._rows)
            await self._members(archive)
        if (self._staged / HUB).exists() and (wrong := check_database(self._staged / HUB)):
            raise ArchiveRefused(f"the Hub's database in it is damaged: {wrong}")

    async def _members(self, archive: ArchiveReader) -> None:
        with self._shown.stage("restoring") as stage, Placing(self._staged) as placing:
            for member in archive.members():
                where, *rest = member.parts
                if where == OBJECTS:
                    await self._object(member, *rest)
                elif where == TABLES:
                    await self._table(member, *rest)
                elif where == KEYCLOAK:
                    if self._keycloak is not None:
                        await self._keycloak.put(member, *rest)
                elif where == SECRETS:
                    self.secrets[rest[0]] = b"".join(member.chunks())
                elif where in (SQLITE, FILES):
                    placing.put(member, rest)
                stage.step(member.size)

    async def _object(self, member: Member, service: str, digest: str) -> None:
        if await self._stores[service].put(_parts(member)) != digest:
            raise ArchiveRefused(f"the object {digest} in it is damaged")

    async def _table(self, member: Member, service: str, *rest: str) -> None:
        if service not in self._checked.end.schemas:
            raise ArchiveRefused(f"it holds rows of {service}, and does not say of which tables")
        tables = self._tables[service]
        if rest == (SEQUENCES,):
            await self._rows.aclose()
            await tables.go_on_from({str(name): int(last) for name, last in _json(member, dict).items()})
        elif rest[-1] == COLUMNS:
            await self._rows.aclose()
            columns = [str(name) for name in _json(member, list)]
            self._filled = (service, rest[0])
            self._copied = await self._rows.enter_async_context(tables.filling(rest[0], columns))
        elif self._filled == (service, rest[0]):
            for part in member.chunks():
                await self._copied.write(part)
        else:
            raise ArchiveRefused(f"{member.name!r} in it is not where it belongs")


def _json(member: Member, kind: type[_T]) -> _T:
    if member.size > _LONGEST_DOCUMENT:
        raise ArchiveRefused(f"{member.name!r} in it is longer than any that we write")
    try:
        found = json.loads(b"".join(member.chunks()))
    except ValueError as error:
        raise ArchiveRefused(f"{member.name!r} in it cannot be read: {error}") from None
    if not isinstance(found, kind):
        raise ArchiveRefused(f"{member.name!r} in it is not as we write it")
    return found


async def _parts(member: Member) -> AsyncIterator[bytes]:
    for part in member.chunks():
        yield part


async def _require_idle(tables: Mapping[str, Tables]) -> None:
    for service, one in tables.items():
        if count := await one.others():
            raise RestoreRefused(
                f"{service} is running: it has {count} connections to PostgreSQL. Stop all services first "
                "(`docker compose stop`, then start postgres, minio and vault alone)"
            )


async def _require_empty(settings: Settings, tables: Mapping[str, Tables], stores: Mapping[str, ObjectStore]) -> None:
    """Raises RestoreRefused for a system in use."""
    found = ["people at the Hub"] if await has_people(tables[HUB_SCHEMA]) else []
    ours = {service: one for service, one in tables.items() if service != HUB_SCHEMA}
    found += [f"rows of {service}" for service, one in ours.items() if not await one.are_empty(_PACKAGES[service])]
    for service, store in stores.items():
        async with contextlib.aclosing(cast("Any", store.digests())) as digests:
            async for _ in digests:
                found.append(f"objects of {service}")
                break
    found += [str(place.relative_to(settings.home)) for place in _in_use(settings.home)]
    if found:
        raise RestoreRefused(
            f"this system is in use: it has {', '.join(found[:5])}{' …' if len(found) > 5 else ''}. Say --replace to "
            "restore all the same: rows are replaced, folders moved aside"
        )


def _in_use(home: Path) -> Iterator[Path]:
    """Files and folders of a host that a restore would put others in the place of."""
    for folder in _roots(home):
        for place in sorted(folder.iterdir()):
            if any(host_holds(name) or host_has(name) for name in _files(place, home)):
                yield place


def _files(place: Path, home: Path) -> Iterator[str]:
    """The file, or all files of a folder, by their names in the state folder."""
    if place.is_symlink() or not place.is_dir():
        yield str(place.relative_to(home))
    for above, folders, files in os.walk(place):
        links = [one for one in folders if Path(above, one).is_symlink()]
        yield from (str(Path(above, one).relative_to(home)) for one in (*files, *links))


def _roots(home: Path) -> list[Path]:
    return [folder for folder in (home / HOMES, *sorted((home / SERVICES).glob("*"))) if folder.is_dir()]


def _exchanged(staged: Path, home: Path, aside: Path) -> Path | None:
    """Move what is in use aside and what was staged into its place; returns where the former lies now. OSError."""
    os.sync()
    moved = False
    for place in list(_in_use(home)):
        moved = True
        _move(place, aside / place.relative_to(home))
    for root in _roots(staged):
        for place in sorted(root.iterdir()):
            target = home / place.relative_to(staged)
            if target.is_dir():
                shutil.rmtree(target)  # nothing is in it but folders: all else was moved aside
            _move(place, target)
    os.sync()
    return aside if moved else None


def _move(place: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.rename(target)


def _write_secrets(settings: Settings, found: Mapping[str, bytes]) -> None:
    kept = open_vault(settings.mode, private_folder(work_of(settings) / "vault")).secrets
    for name, value in found.items():
        kept.put(name, value)
