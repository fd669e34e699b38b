"""One machine's home, as it is backed up while Caseloop runs on it."""

import asyncio
import contextlib
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from infra.backup.archive import ArchiveWriter
from infra.backup.errors import BackupFailed
from infra.backup.files import Tree
from infra.backup.kept import KEPT, Kept
from infra.backup.sqlite_copies import copy_at_once
from infra.backup.system import Held
from infra.backup.work_folder import scratch
from services.kit.audit_chain import Head, end_of
from services.kit.database import Database
from services.kit.migrations import migrations_of, version_table
from services.kit.objects import ObjectStore
from services.kit.settings import Settings
from services.kit.wiring import open_objects
from vault.wiring import Mode

SQLITE: Final = "sqlite"
"""Where databases are in an archive."""
WORK: Final = "backup"
"""Folder of a home in which a backup sets down what it works on."""
MADE_AGAIN: Final = ("run", "running", "logs", "runner", "linting", "feedback", "data", WORK)
"""What lies in a home and is no loss: sockets, locks, logs, and caches of what is kept elsewhere."""
_HELD_SECONDS: Final = 5
"""That writers are kept waiting for what is done in a moment; their own patience is twice as long."""
_DATABASE: Final = re.compile(r"(cases/)?[^/]+\.sqlite(-wal|-shm|-journal)?")
"""A database of ours or the Hub's in a home, and what SQLite has beside it."""


def _object_folders() -> frozenset[str]:
    anywhere = Settings.model_construct(home=Path("/home"))
    found = (kept.objects.folder(anywhere) for kept in KEPT if kept.objects)
    return frozenset(str(folder.relative_to(anywhere.home)) for folder in found)


OBJECT_FOLDERS: Final = _object_folders()
"""Folders of a home that hold objects."""


class Home:
    """As `Source`."""

    mode: Mode = "embedded"

    def __init__(self, settings: Settings) -> None:
        self._settings, self._home = settings, settings.home
        self.work = self._home / WORK
        self.trees = tuple(self._trees())

    def stores(self) -> Mapping[str, ObjectStore]:
        """As `Source.stores`."""
        found = {kept.service: kept.objects.folder(self._settings) for kept in KEPT if kept.objects}
        return {service: open_objects(self.mode, service, folder) for service, folder in found.items()}

    @asynccontextmanager
    async def cut(self, held: Held | None = None) -> AsyncIterator["HomeCut"]:
        """As `Source.cut`."""
        files, loop = databases(self._home), asyncio.get_running_loop()

        async def of_now(rows: Mapping[Path, Path]) -> None:
            assert held is not None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HELD_SECONDS):
                    await held(await self._cut_of(rows))

        def wait_for_it(rows: Mapping[Path, Path]) -> None:
            asyncio.run_coroutine_threadsafe(of_now(rows), loop).result()

        with scratch(self.work) as folder:
            copies = await asyncio.to_thread(copy_at_once, files, folder, wait_for_it if held else None)
            yield await self._cut_of(copies)

    async def _cut_of(self, rows: Mapping[Path, Path]) -> "HomeCut":
        return await HomeCut.of({file.relative_to(self._home): place for file, place in rows.items()}, self._settings)

    def secrets(self) -> Mapping[str, bytes]:
        """As `Source.secrets`: they are in files of the home."""
        return {}

    def _trees(self) -> Iterator[Tree]:
        """The home, and folders that the operator moved elsewhere and left a link to."""
        linked = [one for one in self._home.iterdir() if one.is_symlink() and one.is_dir()]
        links = {one.name for one in linked}
        yield Tree(self._home, leaves_out=lambda name: name in links or not home_holds(name))
        for one in linked:
            if home_holds(one.name):
                yield Tree(one.resolve(), one.name, lambda name: not home_holds(name))


def home_has(name: str) -> bool:
    """Whether this is the place of a database in a home."""
    return name.endswith(".sqlite") and _DATABASE.fullmatch(name) is not None


def home_holds(name: str) -> bool:
    """Whether this is a place of a file in a home that is kept as a file."""
    if name.partition("/")[0] in MADE_AGAIN or _DATABASE.fullmatch(name):
        return False
    return not any(name == folder or name.startswith(f"{folder}/") for folder in OBJECT_FOLDERS)


def databases(home: Path) -> list[Path]:
    """All databases of ours and the Hub's in a home. Learners may keep some as well, which are files like others."""
    return sorted(file for place in (home, home / "cases") for file in place.glob("*.sqlite") if file.is_file())


class HomeCut:
    """As `Cut`: copies of the databases."""

    keycloak: None = None
    """As `Cut.keycloak`: people sign in at the Hub itself."""

    def __init__(self, copies: Mapping[Path, Path], here: Mapping[str, Path], schemas: Mapping[str, str]) -> None:
        self._copies, self._here, self.schemas = copies, here, schemas
        self.logs: Mapping[str, Head] = {}

    @classmethod
    async def of(cls, copies: Mapping[Path, Path], settings: Settings) -> "HomeCut":
        """`copies`: a database's place in the home -> its copy. Raises BackupFailed."""
        here, schemas = {}, {}
        for kept in KEPT:
            copy = copies.get(kept.file(settings).relative_to(settings.home))
            # A file without tables was made by a service that ended before it had any.
            if copy is not None and (found := schema(copy, kept.package)):
                here[kept.service], schemas[kept.service] = copy, found
                require_newest(kept, found)
        cut = cls(copies, here, schemas)
        cut.logs = {kept.service: await cut._end_of(kept) for kept in KEPT if kept.log and kept.service in here}
        return cut

    async def named(self, service: str) -> AsyncIterator[str]:
        """As `Cut.named`."""
        kept = next(kept for kept in KEPT if kept.service == service)
        if kept.objects is None or service not in self._here:
            return
        async with self._session(service) as session:
            async for digest in kept.objects.named(session):
                yield digest

    async def write(self, archive: ArchiveWriter) -> None:
        """As `Cut.write`."""
        for place, copy in self._copies.items():
            with copy.open("rb") as file:
                archive.file(f"{SQLITE}/{place}", file, os.fstat(file.fileno()).st_size)

    async def _end_of(self, kept: Kept) -> Head:
        assert kept.log is not None
        async with self._session(kept.service) as session:
            return await end_of(session, kept.log)

    @asynccontextmanager
    async def _session(self, service: str) -> AsyncIterator[AsyncSession]:
        database = Database(f"sqlite+aiosqlite:///{self._here[service]}")
        try:
            async with database.read() as session:
                yield session
        finally:
            await database.close()


def schema(file: Path, package: str) -> str:
    """The migration that a package's tables in an SQLite file are at; empty where there are none."""
    with closing(sqlite3.connect(file)) as database, contextlib.suppress(sqlite3.OperationalError):
        row = database.execute(f"SELECT version_num FROM {version_table(package)}").fetchone()  # noqa: S608 - our name
        return str(row[0]) if row else ""
    return ""


def require_newest(kept: Kept, found: str) -> None:
    """Rows can be asked what they name in this Caseloop's own tables only. Raises BackupFailed."""
    newest = migrations_of(kept.package)[0]
    if found != newest:
        raise BackupFailed(
            f"the tables of {kept.service} are at {found} and this Caseloop has them at {newest}: back up with the "
            "Caseloop that ran last, or start this one first"
        )
