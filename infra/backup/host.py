"""A system of containers on one host, as it is backed up while it runs: tables, objects, secrets and folders."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.backup.archive import ArchiveWriter
from infra.backup.embedded import SQLITE, home_holds, require_newest
from infra.backup.errors import BackupFailed
from infra.backup.files import Tree
from infra.backup.hub_tables import HUB_SCHEMA, VERSION_TABLE, newest, open_hub_tables, version_of
from infra.backup.kept import KEPT
from infra.backup.keycloak import KeycloakCut, keycloak_of_now
from infra.backup.manifest import KeycloakTables
from infra.backup.sqlite_copies import copy_at_once
from infra.backup.system import Held
from infra.backup.table_parts import add_rows
from infra.backup.work_folder import scratch
from services.kit.audit_chain import Head, end_of
from services.kit.database import Database
from services.kit.migrations import version_table
from services.kit.objects import ObjectStore
from services.kit.settings import Settings
from services.kit.table_copies import CopyFailed, Tables, one_moment
from services.kit.wiring import open_objects
from vault.files import private_folder
from vault.wiring import Mode, open_vault

TABLES: Final = "tables"
"""Where they are in an archive: `tables/SERVICE/TABLE/columns.json`, and rows in parts `000000`, `000001` …"""
COLUMNS: Final = "columns.json"
SEQUENCES: Final = "sequences.json"
HOMES: Final = "homes"
SERVICES: Final = "services"
WORK: Final = "backup"
"""Folder among those of services that is a backup's own."""
HUB: Final = f"{SERVICES}/hub/hub.sqlite"
"""The Hub's database where it is told another than PostgreSQL."""
_VAULT: Final = "vault"
"""Vault's certificate, which each service fetches."""


class Host:
    """As `Source`. `settings.home` is the state folder of the host."""

    mode: Mode = "production"

    def __init__(self, settings: Settings) -> None:
        self._settings, self._home = settings, settings.home
        self.work = work_of(settings)
        self.trees = tuple(self._trees())

    def stores(self) -> Mapping[str, ObjectStore]:
        """As `Source.stores`."""
        return open_stores(self._settings)

    @asynccontextmanager
    async def cut(self, held: Held | None = None) -> AsyncIterator["HostCut"]:  # noqa: ARG002
        """As `Source.cut`; nobody is kept waiting."""
        try:
            with scratch(self.work) as folder:
                async with (
                    opened_databases(self._settings) as databases,
                    one_moment(databases) as tables,
                    keycloak_of_now() as keycloak,
                ):
                    hub = self._home / HUB
                    copies = await asyncio.to_thread(copy_at_once, [hub] if hub.exists() else [], folder)
                    yield await HostCut.of(tables, copies.get(hub), keycloak)
        except (SQLAlchemyError, CopyFailed) as error:
            raise BackupFailed(f"PostgreSQL cannot be read: {error}") from error

    def secrets(self) -> Mapping[str, bytes]:
        """As `Source.secrets`: those in Vault."""
        secrets = open_vault(self.mode, private_folder(self.work / _VAULT)).secrets
        return {name: secrets.get(name) for name in secrets.names()}

    def _trees(self) -> Iterator[Tree]:
        # Links of the operator's are followed: to another disk, say.
        yield Tree((self._home / HOMES).resolve(), HOMES)
        for folder in sorted((self._home / SERVICES).glob("*")):
            if folder.is_dir() and host_holds(f"{SERVICES}/{folder.name}"):
                yield Tree(folder.resolve(), f"{SERVICES}/{folder.name}", lambda name: not host_holds(name))


def work_of(settings: Settings) -> Path:
    """The work folder of a host."""
    return settings.home / SERVICES / WORK / "work"


def open_stores(settings: Settings) -> dict[str, ObjectStore]:
    """Service -> its bucket."""
    drafts = private_folder(work_of(settings) / "drafts")
    return {
        kept.service: open_objects(settings.mode, kept.service, drafts / kept.service) for kept in KEPT if kept.objects
    }


@asynccontextmanager
async def opened_databases(settings: Settings) -> AsyncIterator[Mapping[str, Database]]:
    """Service, and the Hub -> its schema. Raises DatabaseMisconfigured."""
    databases = {kept.service: kept.database(settings) for kept in KEPT}
    databases[HUB_SCHEMA] = open_hub_tables(settings.mode)
    try:
        yield databases
    finally:
        for database in databases.values():
            await database.close()


def host_holds(name: str) -> bool:
    """Whether this is a place of a file, in the state folder of a host, that is kept as a file."""
    where, *rest = name.split("/")
    if where == HOMES:
        return True
    if where != SERVICES or not rest or rest[0] == WORK:
        return False
    within = "/".join(rest[1:])
    return not within or (rest[1] != _VAULT and home_holds(within))


def host_has(name: str) -> bool:
    """Whether this is the place of an SQLite database in the state folder of a host."""
    return name == HUB


class HostCut:
    """As `Cut`."""

    def __init__(
        self,
        tables: Mapping[str, Tables],
        hub: Path | None,
        schemas: Mapping[str, str],
        keycloak: KeycloakCut | None,
    ) -> None:
        self._tables, self._hub, self.schemas, self._keycloak = tables, hub, schemas, keycloak
        self.logs: Mapping[str, Head] = {}

    @classmethod
    async def of(cls, tables: Mapping[str, Tables], hub: Path | None, keycloak: KeycloakCut | None) -> "HostCut":
        """Raises BackupFailed."""
        schemas = {}
        for kept in KEPT:
            # A schema without tables is of a service that has never started.
            if found := await tables[kept.service].schema(kept.package):
                require_newest(kept, found)
                schemas[kept.service] = found
        if found := await version_of(tables[HUB_SCHEMA]):
            if found != newest():
                raise BackupFailed(
                    f"the Hub's tables are at {found}, and the JupyterHub here wants {newest()}; start it first"
                )
            schemas[HUB_SCHEMA] = found
        cut = cls({service: tables[service] for service in schemas}, hub, schemas, keycloak)
        cut.logs = {
            kept.service: await end_of(cut._session(kept.service), kept.log)
            for kept in KEPT
            if kept.log and kept.service in schemas
        }
        return cut

    @property
    def keycloak(self) -> KeycloakTables | None:
        """As `Cut.keycloak`."""
        return self._keycloak.catalogue if self._keycloak else None

    async def named(self, service: str) -> AsyncIterator[str]:
        """As `Cut.named`."""
        (objects,) = (kept.objects for kept in KEPT if kept.service == service)
        if objects is None or service not in self._tables:
            return
        async for digest in objects.named(self._session(service)):
            yield digest

    async def write(self, archive: ArchiveWriter) -> None:
        """As `Cut.write`."""
        if self._hub is not None:
            with self._hub.open("rb") as file:
                archive.file(f"{SQLITE}/{HUB}", file, os.fstat(file.fileno()).st_size)
        versions = {kept.service: version_table(kept.package) for kept in KEPT} | {HUB_SCHEMA: VERSION_TABLE}
        for service, tables in self._tables.items():
            for table, columns in (await tables.columns()).items():
                if table != versions[service]:
                    await self._add_table(archive, service, table, columns)
            sequences = json.dumps(dict(await tables.sequences()))
            archive.document(f"{TABLES}/{service}/{SEQUENCES}", sequences)
        if self._keycloak is not None:
            await self._keycloak.write(archive)

    async def _add_table(self, archive: ArchiveWriter, service: str, table: str, columns: Sequence[str]) -> None:
        place = f"{TABLES}/{service}/{table}"
        archive.document(f"{place}/{COLUMNS}", json.dumps(list(columns)))
        await add_rows(archive, place, self._tables[service].rows(table, columns))

    def _session(self, service: str) -> AsyncSession:
        return AsyncSession(self._tables[service].connection)
