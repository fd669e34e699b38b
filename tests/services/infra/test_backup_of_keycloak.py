"""Keycloak's own database in a backup, on a real PostgreSQL, with tables like Keycloak's."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from sqlalchemy.exc import IntegrityError

from infra.backup.archive import ArchiveWriter
from infra.backup.checking import check, opened
from infra.backup.errors import ArchiveRefused, RestoreRefused
from infra.backup.keycloak import PLACE, keycloak_of_now, opened_keycloak
from infra.backup.keycloak_restoring import emptied, require_fits
from infra.backup.keys import Identity
from infra.backup.manifest import End, Head, KeycloakTables
from infra.backup.sealing import Sealed
from infra.backup.showing import Shown
from services.kit.database import DatabaseMisconfigured
from services.kit.table_copies import all_or_nothing
from tests.keycloak_tables import CHANGES, account, content, foreign_keys, start_once, use
from tests.postgres_provisioned import Provisioned, provisioned

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]

KEY = Identity.generate()
HEAD = Head(mode="production", made=datetime(2026, 11, 26, tzinfo=UTC))
Connection = psycopg.Connection[Any]
NUMBERS = count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provisioned]:
    with provisioned(tmp_path_factory.mktemp("postgres")) as made:
        yield made


class Keycloaks:
    """Databases as Keycloak has one; what comes last is that of the settings."""

    def __init__(self, server: Provisioned, patch: pytest.MonkeyPatch) -> None:
        self._server, self._patch = server, patch
        for name, value in server.variables().items():
            patch.setenv(name, value)

    def connect(self, database: str) -> Connection:
        """As Keycloak itself does."""
        own = {"user": "keycloak", "password": self._server.password("keycloak")}
        return psycopg.connect(**self._server.cluster.as_owner(database) | own, autocommit=True)

    def make(self, *prepare: Callable[[Connection], None]) -> str:
        """A new database."""
        name = f"keycloak_{next(NUMBERS)}"
        self._server.cluster.run(f"CREATE DATABASE {name} OWNER keycloak")
        with closing(self.connect(name)) as connection:
            for one in prepare:
                one(connection)
        self._patch.setenv("CASELOOP_BACKUP_KEYCLOAK_URL", f"postgresql://127.0.0.1:{self._server.cluster.port}/{name}")
        return name

    def look(self, database: str) -> tuple[Any, ...]:
        """Everything."""
        with closing(self.connect(database)) as connection:
            return content(connection), foreign_keys(connection)


@pytest.fixture
def keycloaks(server: Provisioned, monkeypatch: pytest.MonkeyPatch) -> Keycloaks:
    return Keycloaks(server, monkeypatch)


async def keep(file: Path, meanwhile: Callable[[], None] = lambda: None) -> KeycloakTables:
    async with keycloak_of_now() as cut:
        assert cut is not None
        meanwhile()
        with file.open("wb") as out, ArchiveWriter(Sealed(out, [KEY.recipient]), HEAD) as archive:
            await cut.write(archive)
            archive.finish(End(schemas={}, keycloak=cut.catalogue))
        return cut.catalogue


async def restore(file: Path, *, replace: bool = False) -> None:
    kept = check(file, [KEY], Shown(Console(quiet=True))).end.keycloak
    assert kept is not None
    async with opened_keycloak() as databases, all_or_nothing(databases) as tables:
        await require_fits(tables[PLACE], kept, replace=replace)
        async with emptied(tables[PLACE], kept) as filling:
            with opened(file, [KEY]) as archive:
                for member in archive.members():
                    await filling.put(member, *member.parts[1:])


def used(connection: Connection) -> None:
    start_once(connection, ids="old")
    use(connection)


@pytest.fixture(scope="module")
def backup(server: Provisioned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backup") / "backup.age"
    with pytest.MonkeyPatch.context() as patch:
        Keycloaks(server, patch).make(used)
        asyncio.run(keep(file))
    return file


def test_all_comes_back_in_a_keycloak_that_was_started_once(keycloaks: Keycloaks, tmp_path: Path) -> None:
    old = keycloaks.make(used)
    file = tmp_path / "backup.age"
    kept = asyncio.run(keep(file))
    assert (kept.change, kept.order, kept.changes) == (
        "26.0.0-32583-drop-redundant-index-on-client-session",
        4,
        CHANGES,
    )
    assert kept.tables["credential"].rows == 2
    assert "shown" not in kept.tables["event_entity"].columns
    assert "databasechangeloglock" not in kept.tables
    new = keycloaks.make(start_once)
    with closing(keycloaks.connect(new)) as connection:
        connection.execute("UPDATE databasechangeloglock SET locked = true, lockgranted = now(), lockedby = 'gone'")
    asyncio.run(restore(file))
    rows, keys = keycloaks.look(new)
    assert (rows, keys) == keycloaks.look(old)
    assert len(keys) == 6
    assert {table for table, found in rows.items() if not found} == {"nothing_yet"}
    with closing(keycloaks.connect(new)) as connection:
        # numbers go on where they ended
        (number,) = (
            connection.execute("INSERT INTO event_entity (details) VALUES ('') RETURNING number").fetchone() or ()
        )
        assert number == 8
        locks = connection.execute("SELECT id, locked, lockgranted, lockedby FROM databasechangeloglock ORDER BY id")
        assert locks.fetchall() == [(one, False, None, None) for one in (1, 1000, 1001)]


def test_tables_and_columns_may_have_come_in_another_order(keycloaks: Keycloaks, backup: Path) -> None:
    def updated(connection: Connection) -> None:
        """As a Keycloak that has seen other versions before this one."""
        start_once(connection, changes=(CHANGES[1], CHANGES[0], CHANGES[3], CHANGES[2]))
        connection.execute("ALTER TABLE credential DROP COLUMN type")
        connection.execute("ALTER TABLE credential ADD COLUMN type varchar(255)")

    new = keycloaks.make(updated)
    asyncio.run(restore(backup))
    with closing(keycloaks.connect(new)) as connection:
        kinds = connection.execute("SELECT type FROM credential ORDER BY id").fetchall()
        assert kinds == [("password",), ("",)]


def test_it_is_of_one_moment(keycloaks: Keycloaks, tmp_path: Path) -> None:
    old = keycloaks.make(used)
    before = keycloaks.look(old)

    def sign_up() -> None:
        with closing(keycloaks.connect(old)) as connection:
            account(connection, "lena", "caseloop", "lena")
            connection.execute("INSERT INTO credential (id, user_id) VALUES ('c3', 'lena')")

    asyncio.run(keep(tmp_path / "backup.age", sign_up))
    new = keycloaks.make(start_once)
    asyncio.run(restore(tmp_path / "backup.age"))
    assert keycloaks.look(new) == before != keycloaks.look(old)


def test_it_is_left_out_where_no_setting_says_where_it_is_or_it_has_no_tables(
    keycloaks: Keycloaks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def is_there() -> bool:
        async with keycloak_of_now() as cut:
            return cut is not None

    assert not asyncio.run(is_there())
    keycloaks.make()
    assert not asyncio.run(is_there())
    keycloaks.make(start_once)
    assert asyncio.run(is_there())
    with monkeypatch.context() as patch:
        patch.setenv("CASELOOP_DATABASE_CREDENTIALS", str(tmp_path))
        with pytest.raises(DatabaseMisconfigured, match="postgres-keycloak, with Keycloak's password"):
            asyncio.run(is_there())
    monkeypatch.delenv("CASELOOP_DATABASE_CA")
    with pytest.raises(DatabaseMisconfigured, match="CASELOOP_BACKUP_KEYCLOAK_URL needs CASELOOP_DATABASE_CA"):
        asyncio.run(is_there())


def newer(connection: Connection) -> None:
    start_once(connection, changes=(*CHANGES, "META-INF/jpa-changelog-26.1.0.xml::26.1.0-34013-more::keycloak"))


def older(connection: Connection) -> None:
    start_once(connection, changes=(CHANGES[0], *CHANGES[2:]))


def with_another_column(connection: Connection) -> None:
    start_once(connection)
    connection.execute("ALTER TABLE credential ADD COLUMN own text")


def without_a_table(connection: Connection) -> None:
    start_once(connection)
    connection.execute("DROP TABLE nothing_yet")


def with_an_extension(connection: Connection) -> None:
    start_once(connection)
    connection.execute("CREATE TABLE zz_own (id integer)")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        ((), "no tables, and Keycloak alone makes them: start it once and stop it again"),
        ((newer,), "are at the change 26.1.0-34013-more (number 5), and the backup is at 26.0.0-32583"),
        ((older,), "'META-INF/jpa-changelog-12.0.0.xml::map-remove-ri::keycloak' was not made here"),
        ((with_another_column,), "'credential' has the columns created_date, credential_data, id, own"),
        ((without_a_table,), "no table 'nothing_yet' here, and the backup has one"),
        ((with_an_extension,), "a table 'zz_own' here, and the backup has none"),
    ],
)
def test_tables_that_are_not_those_of_the_backup_are_left_as_they_are(
    keycloaks: Keycloaks, backup: Path, prepare: tuple[Callable[[Connection], None], ...], said: str
) -> None:
    new = keycloaks.make(*prepare)
    before = keycloaks.look(new)
    with pytest.raises(RestoreRefused) as caught:
        asyncio.run(restore(backup, replace=True))
    assert said in str(caught.value)
    assert keycloaks.look(new) == before


def test_a_keycloak_that_runs_is_in_the_way(keycloaks: Keycloaks, backup: Path, server: Provisioned) -> None:
    new = keycloaks.make(start_once)
    with (
        closing(keycloaks.connect(new)),
        pytest.raises(RestoreRefused, match=r"1 other connections\. Stop Keycloak first"),
    ):
        asyncio.run(restore(backup, replace=True))
    owner = psycopg.connect(**server.cluster.as_owner(new))
    with closing(owner), pytest.raises(RestoreRefused, match="1 other connections"):
        asyncio.run(restore(backup, replace=True))
    asyncio.run(restore(backup))


@pytest.mark.parametrize("realm", ["caseloop", "master"])
def test_accounts_are_replaced_only_when_that_is_said(keycloaks: Keycloaks, backup: Path, realm: str) -> None:
    new = keycloaks.make(start_once, lambda connection: account(connection, "zoe", realm, "zoe"))
    before = keycloaks.look(new)
    with pytest.raises(RestoreRefused, match=f"Keycloak has accounts, zoe of {realm}. Say --replace"):
        asyncio.run(restore(backup))
    assert keycloaks.look(new) == before
    asyncio.run(restore(backup, replace=True))
    assert "zoe" not in str(keycloaks.look(new))


def test_rows_that_refer_to_nothing_leave_everything_as_it_was(keycloaks: Keycloaks, tmp_path: Path) -> None:
    def broken(connection: Connection) -> None:
        used(connection)
        connection.execute("ALTER TABLE credential DROP CONSTRAINT credential_user_id_fkey")
        connection.execute("DELETE FROM user_entity WHERE id = 'ada'")

    keycloaks.make(broken)
    asyncio.run(keep(tmp_path / "backup.age"))
    new = keycloaks.make(start_once)
    before = keycloaks.look(new)
    with pytest.raises(IntegrityError, match="credential_user_id_fkey"):
        asyncio.run(restore(tmp_path / "backup.age"))
    assert keycloaks.look(new) == before


def test_rows_of_a_table_that_is_not_in_the_list_are_refused(keycloaks: Keycloaks, tmp_path: Path) -> None:
    keycloaks.make(start_once)
    file = tmp_path / "forged.age"

    async def forge() -> None:
        async with keycloak_of_now() as cut:
            assert cut is not None
            with file.open("wb") as out, ArchiveWriter(Sealed(out, [KEY.recipient]), HEAD) as archive:
                await cut.write(archive)
                archive.data("keycloak/databasechangeloglock/000000", b"")
                archive.finish(End(schemas={}, keycloak=cut.catalogue))

    asyncio.run(forge())
    new = keycloaks.make(start_once)
    before = keycloaks.look(new)
    with pytest.raises(ArchiveRefused, match="is not where it belongs"):
        asyncio.run(restore(file))
    assert keycloaks.look(new) == before
