"""Backup and restore of a system of containers: real PostgreSQL over TLS, an S3 server, Vault's stand-in.

A second system beside the first is what is restored into: another database, other buckets, another Vault.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from jupyterhub import orm
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from infra.audit.logs import follow
from infra.backup.archive import ArchiveWriter
from infra.backup.hub_tables import HUB_SCHEMA, make_anew, open_hub_tables
from infra.backup.keys import Identity, read_identities
from infra.backup.manifest import End, Head
from infra.backup.sealing import Sealed
from infra.cli import app
from infra.production.databases import provision
from infra.production.first_run import KEYCLOAK
from infra.settings import EmbeddedSettings
from services.kit.table_copies import all_or_nothing
from services.kit.wiring import open_objects
from tests.keycloak_tables import account, content, start_once, use
from tests.postgres_cluster import OWNER
from tests.postgres_provisioned import DATABASE, Provisioned, provisioned
from tests.s3_server import S3Server
from tests.school_data import fill, open_school, said_by
from tests.vault_double.installation import EVERYTHING, set_up
from tests.vault_double.server import VaultDouble
from vault.settings import VaultSettings
from vault.wiring import open_vault

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

SCHEMAS: Final = ("cases", "dashboard", "feedback", "hub", "mentoring", "progress")


@dataclass(frozen=True)
class Machine:
    """What both systems stand on."""

    folder: Path
    postgres: Provisioned
    vault: VaultDouble
    objects: S3Server

    def system(self, name: str, database: str) -> "System":
        """Set one up as an operator does."""
        sign_ins = self.folder / name / "sign-ins"
        vault = VaultSettings(_env_file=None, address=self.vault.address, ca=self.vault.ca, prefix=name)  # type: ignore[call-arg]
        set_up(vault, self.vault.state.root, sign_ins)
        home = self.folder / name / "state"
        for one in ("homes", *(f"services/{service}" for service in ("hub", "feedback", "evaluation", "cases"))):
            (home / one).mkdir(parents=True)
        home.chmod(0o700)
        variables = {
            "CASELOOP_MODE": "production",
            "CASELOOP_HOME": str(home),
            "CASELOOP_RUN_DIR": str(self.folder / name / "run"),
            "CASELOOP_VAULT_ADDRESS": self.vault.address,
            "CASELOOP_VAULT_CA": str(self.vault.ca),
            "CASELOOP_VAULT_PREFIX": name,
            "CASELOOP_MAIL_SMTP_HOST": "mail.invalid",
            "CASELOOP_OBJECTS_BUCKET_PREFIX": name,
            **self.objects.variables(),
            **self.postgres.variables(),
            "CASELOOP_DATABASE_URL": self.postgres.settings().url.replace(DATABASE, database),
            "CASELOOP_BACKUP_KEYCLOAK_URL": self.postgres.settings().url.replace(DATABASE, f"{database}_sign_in"),
        }
        return System(home, variables, sign_ins, database, self.postgres)


@dataclass(frozen=True)
class System:
    """One of them, and who works on it."""

    home: Path
    variables: dict[str, str]
    sign_ins: Path
    database: str
    postgres: Provisioned

    def settings(self, patch: pytest.MonkeyPatch, role: str = EVERYTHING) -> EmbeddedSettings:
        """As a process of it has them."""
        for name, value in (self.variables | {"CASELOOP_VAULT_CREDENTIALS": str(self.sign_ins / role)}).items():
            patch.setenv(name, value)
        return EmbeddedSettings(_env_file=None)  # type: ignore[call-arg]

    def caseloop(self, patch: pytest.MonkeyPatch, *arguments: str | Path) -> Result:
        """A command of the operator's, who may read and write secrets and nothing else in Vault."""
        self.settings(patch, "operator")
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def keycloak(self) -> psycopg.Connection[Any]:
        """A connection of Keycloak's, as the only one of its database."""
        own = {"user": KEYCLOAK, "password": self.postgres.password(KEYCLOAK)}
        return psycopg.connect(**self.postgres.cluster.as_owner(f"{self.database}_sign_in") | own, autocommit=True)

    def start_keycloak_once(self) -> None:
        """Make its database, and let it make its tables."""
        self.postgres.cluster.run(f"CREATE DATABASE {self.database}_sign_in OWNER {KEYCLOAK}")
        with closing(self.keycloak()) as connection:
            start_once(connection, ids=self.database)

    def accounts(self) -> dict[str, Any]:
        """Everything that Keycloak has."""
        with closing(self.keycloak()) as connection:
            return content(connection)

    def rows(self) -> dict[str, Any]:
        """Everything in all tables."""
        with psycopg.connect(**self.postgres.cluster.as_owner(self.database)) as connection:
            query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)"
            tables = connection.execute(query, (list(SCHEMAS),)).fetchall()
            rows = sql.SQL("SELECT to_jsonb(found)::text FROM {} AS found")
            return {
                f"{schema}.{table}": [row[0] for row in connection.execute(rows.format(sql.Identifier(schema, table)))]
                for schema, table in tables
            }


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    (folder / "vault").mkdir()
    double, objects = VaultDouble(folder / "vault"), S3Server(folder / "s3")
    with provisioned(folder) as postgres:
        yield Machine(folder, postgres, double, objects)
        objects.stop()
        double.stop()


async def at_the_hub(name: str, *, first: bool = False) -> None:
    """Somebody signs in at the Hub of the system whose variables are set; `first`: it starts for the first time."""
    hub = open_hub_tables("production")
    async with all_or_nothing({HUB_SCHEMA: hub}) as found:
        if first:
            await make_anew(found[HUB_SCHEMA])
        await found[HUB_SCHEMA].connection.run_sync(_signed_in, name)
    await hub.close()


def _signed_in(connection: Connection, name: str) -> None:
    with Session(connection) as session:
        user = orm.User(name=name, encrypted_auth_state=b"\0\x01sealed")
        session.add(user)
        session.add(orm.Spawner(user=user, name="numbers", state={"container": name}))
        session.commit()


@pytest.fixture(scope="module")
def used(machine: Machine) -> System:
    """A system that was used."""
    system = machine.system("first", DATABASE)
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(fill(system.settings(patch), machine.folder / "authors"))
        asyncio.run(at_the_hub("ada", first=True))
    system.start_keycloak_once()
    with closing(system.keycloak()) as connection:
        use(connection)
    work = system.home / "homes" / "ada" / "numbers" / "work"
    work.mkdir(parents=True)
    (work / "numbers.ipynb").write_text("{}")
    (work / "link").symlink_to("/etc/passwd")
    for name in ("feedback/exports/talks", "evaluation/evaluations/run", "hub/logs/hub.log"):
        place = system.home / "services" / name
        place.parent.mkdir(parents=True)
        place.write_text(name)
    with closing(sqlite3.connect(system.home / "services" / "hub" / "hub.sqlite")) as hub:
        hub.execute("CREATE TABLE users (name TEXT)")
        hub.commit()
    return system


@pytest.fixture(scope="module")
def key(machine: Machine) -> Path:
    file = machine.folder / "key.txt"
    made = CliRunner().invoke(app, ["backup", "keygen", str(file)])
    (machine.folder / "public.txt").write_text(made.stdout)
    return file


@pytest.fixture(scope="module")
def backup(used: System, key: Path, machine: Machine) -> Path:
    file = machine.folder / "backup.age"
    with pytest.MonkeyPatch.context() as patch:
        done = used.caseloop(patch, "backup", "create", file, "--recipient", key.with_name("public.txt"))
    assert done.exit_code == 0, done.output
    assert "Keycloak's database: 10 tables, " in done.output
    return file


@pytest.fixture(scope="module")
def rows_then(used: System, backup: Path) -> dict[str, Any]:
    """What was in all tables when the backup was made."""
    return used.rows()


@pytest.fixture(scope="module")
def new(machine: Machine) -> System:
    """Another system, set up and never used before the first test."""
    machine.postgres.cluster.run("CREATE DATABASE second")
    system = machine.system("second", "second")
    provision(machine.postgres.settings(url=system.variables["CASELOOP_DATABASE_URL"]), OWNER)
    system.start_keycloak_once()
    return system


def secrets_of(settings: EmbeddedSettings) -> dict[str, bytes]:
    secrets = open_vault(settings.mode, settings.home).secrets
    return {name: secrets.get(name) for name in secrets.names()}


def objects_of(settings: EmbeddedSettings, folder: Path) -> dict[str, set[str]]:
    async def digests(service: str) -> set[str]:
        store = open_objects(settings.mode, service, folder / service)
        return {digest async for digest in store.digests()}

    return {service: asyncio.run(digests(service)) for service in ("cases", "progress")}


def files_of(home: Path) -> dict[str, Any]:
    found = {}
    for place in home.rglob("*"):
        own = str(place.relative_to(home))
        if not own.startswith("services/backup") and not place.is_dir() and place.suffix not in (".sqlite", ".log"):
            found[own] = place.readlink() if place.is_symlink() else place.read_bytes()
    return {name: content for name, content in found.items() if "/vault/" not in name and not name.startswith("vault/")}


def test_a_used_system_comes_back_in_a_new_one_and_services_answer_from_it(
    used, new, backup, rows_then, key, tmp_path, monkeypatch
):
    settings = used.settings(monkeypatch)
    said, secrets, objects = asyncio.run(said_by(settings)), secrets_of(settings), objects_of(settings, tmp_path / "a")
    assert len(said["history of ada"]) == 3
    done = new.caseloop(monkeypatch, "restore", backup, "--identity", key)
    assert done.exit_code == 0, done.output
    assert new.rows() == rows_then
    assert new.accounts() == used.accounts()
    assert len(rows_then["progress.submission"]) == 6
    filled = {table for table, rows in rows_then.items() if rows}
    assert {
        "hub.users",
        "hub.spawners",
        "cases.publication",
        "feedback.chat_audit",
        "mentoring.mentoring_audit",
        "progress.submission",
    } <= filled
    settings = new.settings(monkeypatch)
    assert secrets_of(settings) == secrets
    assert objects_of(settings, tmp_path / "b") == objects
    assert files_of(new.home) == files_of(used.home)
    assert (new.home / "services" / "hub" / "hub.sqlite").exists()
    assert not (new.home / "services" / "hub" / "logs").exists()
    assert asyncio.run(said_by(settings)) == said
    assert [one.broken for one in asyncio.run(follow(settings, {})) if one.broken] == []

    async def goes_on() -> None:
        """Numbers that were given out are not given out again, and logs go on where they ended."""
        async with open_school(settings) as school:
            await school.ask("ada", await school.work("ada", "mean = 99"))
        await at_the_hub("nils")

    asyncio.run(goes_on())
    assert len(asyncio.run(said_by(settings))["history of ada"]) == 4
    assert [one.broken for one in asyncio.run(follow(settings, {})) if one.broken] == []


def test_a_system_in_use_is_left_alone_unless_it_is_to_be_replaced(new, backup, key, machine, tmp_path, monkeypatch):
    async def use() -> None:
        async with open_school(new.settings(monkeypatch)) as school:
            await school.save("zoe", "mean = 1")

    asyncio.run(use())
    (new.home / "homes" / "zoe").mkdir()
    (new.home / "homes" / "zoe" / "own").write_text("zoe's")
    before = new.rows()
    done = new.caseloop(monkeypatch, "restore", backup, "--identity", key)
    assert (done.exit_code, "rows of progress" in done.output) == (1, True)
    assert "people at the Hub" in done.output
    assert new.rows() == before
    content = backup.read_bytes()
    changed = tmp_path / "changed.age"
    changed.write_bytes(content[:-1])
    done = new.caseloop(monkeypatch, "restore", changed, "--identity", key, "--replace")
    assert (done.exit_code, "ends too early" in done.output) == (1, True)
    assert new.rows() == before
    done = new.caseloop(monkeypatch, "restore", backup, "--identity", key, "--replace")
    assert done.exit_code == 0, done.output
    assert "zoe" not in str(new.rows())
    *_, aside = sorted((new.home / "services" / "backup" / "work").glob("before-restore-*"))
    assert (aside / "homes" / "zoe" / "own").read_text() == "zoe's"
    assert not (new.home / "homes" / "zoe").exists()


def test_running_services_are_in_the_way(new, backup, key, monkeypatch):
    role = new.postgres.settings().role("mentoring")
    owner = new.postgres.cluster.as_owner(new.database)
    with psycopg.connect(**owner | {"user": role, "password": new.postgres.password("mentoring")}):
        done = new.caseloop(monkeypatch, "restore", backup, "--identity", key)
    assert (done.exit_code, "mentoring is running: it has 1 connections" in done.output) == (1, True)
    before = new.rows()
    with closing(new.keycloak()):
        done = new.caseloop(monkeypatch, "restore", backup, "--identity", key, "--replace")
    assert (done.exit_code, "it has 1 other connections. Stop Keycloak first" in done.output) == (1, True)
    assert new.rows() == before


def test_accounts_of_keycloak_are_in_the_way_until_they_are_to_be_replaced(machine, backup, key, monkeypatch):
    machine.postgres.cluster.run("CREATE DATABASE third")
    system = machine.system("third", "third")
    provision(machine.postgres.settings(url=system.variables["CASELOOP_DATABASE_URL"]), OWNER)
    system.start_keycloak_once()
    with closing(system.keycloak()) as connection:
        account(connection, "zoe", "caseloop", "zoe")
    before = system.accounts()
    done = system.caseloop(monkeypatch, "restore", backup, "--identity", key)
    assert (done.exit_code, "Keycloak has accounts, zoe of caseloop. Say --replace" in done.output) == (1, True)
    assert (system.accounts(), set(system.rows())) == (before, set())
    monkeypatch.setitem(system.variables, "CASELOOP_BACKUP_KEYCLOAK_URL", "")
    done = system.caseloop(monkeypatch, "restore", backup, "--identity", key)
    assert (done.exit_code, "Keycloak's accounts in it were not restored" in done.output) == (1, True)
    assert system.accounts() == before
    done = system.caseloop(monkeypatch, "backup", "verify", backup, "--identity", key)
    assert (done.exit_code, "Keycloak's database: 10 tables, " in done.output) == (0, True)
    without = backup.with_name("without.age")
    done = system.caseloop(monkeypatch, "backup", "create", without, "--recipient", key.with_name("public.txt"))
    assert (done.exit_code, "Keycloak's database is not in it" in done.output) == (0, True)


def test_rows_that_do_not_fit_leave_everything_as_it_was(used, new, key, tmp_path, monkeypatch):
    before = new.rows()
    file = tmp_path / "forged.age"
    with file.open("wb") as out:
        (identity,) = read_identities(key)
        head = Head(mode="production", made=datetime(2026, 11, 26, tzinfo=UTC))
        with ArchiveWriter(Sealed(out, [identity.recipient]), head) as writer:
            writer.document("tables/progress/standing/columns.json", '["learner", "case_id"]')
            writer.document("tables/progress/standing/000000", "ada\tnumbers\n")
            writer.finish(End(schemas={"progress": "0001"}))
    done = new.caseloop(monkeypatch, "restore", file, "--identity", key, "--replace")
    assert (done.exit_code, "PostgreSQL refuses" in done.output) == (1, True)
    assert new.rows() == before


def test_tables_of_another_jupyterhub_are_refused(new, key, tmp_path, monkeypatch):
    before = new.rows()
    file = tmp_path / "other.age"
    with file.open("wb") as out:
        (identity,) = read_identities(key)
        head = Head(mode="production", made=datetime(2026, 11, 26, tzinfo=UTC))
        with ArchiveWriter(Sealed(out, [identity.recipient]), head) as writer:
            writer.document("tables/hub/users/columns.json", '["id", "name"]')
            writer.finish(End(schemas={"hub": "0123456789ab"}))
    done = new.caseloop(monkeypatch, "restore", file, "--identity", key, "--replace")
    assert (done.exit_code, "the tables of hub are at '0123456789ab'" in done.output) == (1, True)
    assert new.rows() == before


def test_a_backup_of_one_kind_is_not_put_into_the_other(backup, key, tmp_path, monkeypatch):
    monkeypatch.setenv("CASELOOP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CASELOOP_MODE", "embedded")
    done = CliRunner().invoke(app, ["restore", str(backup), "--identity", str(key)])
    assert (done.exit_code, "is of production mode" in done.output) == (1, True)
    assert not (tmp_path / "home").exists()


def test_it_is_of_one_moment_while_services_write(used, new, key, tmp_path, monkeypatch):
    file = tmp_path / "busy.age"
    settings = used.settings(monkeypatch)
    monkeypatch.setenv("CASELOOP_PROGRESS_NOTEBOOK_BUDGET", "1")

    async def busy() -> int:
        ended = asyncio.Event()

        async def write(user: str) -> None:
            number = 0
            while not ended.is_set():
                number += 1
                await school.save(user, f"mean = {number}  # {user}, busy")
                await school.ask(user, await school.work(user, f"busy = {number}"))
                await asyncio.sleep(0.05)  # others have a turn

        async with open_school(settings) as school:
            writers = [asyncio.create_task(write(user)) for user in ("ada", "lena")]
            command = ["backup", "create", str(file), "--recipient", str(key.with_name("public.txt"))]
            done = await asyncio.to_thread(CliRunner().invoke, app, command)
            ended.set()
            await asyncio.gather(*writers)
        return done.exit_code

    assert asyncio.run(busy()) == 0
    done = new.caseloop(monkeypatch, "restore", file, "--identity", key, "--replace")
    assert done.exit_code == 0, done.output
    said = asyncio.run(said_by(new.settings(monkeypatch)))  # reads every object that any row names
    asked = {question.submission for user in ("ada", "lena") for question in said[f"questions of {user}"]}
    handed_in = {one.submission for user in ("ada", "lena") for one in said[f"history of {user}"]}
    assert asked <= handed_in


def test_postgresql_that_is_away_is_said_so(used, key, tmp_path, monkeypatch):
    variables = used.variables | {"CASELOOP_DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"}
    away = System(used.home, variables, used.sign_ins, used.database, used.postgres)
    file = tmp_path / "b.age"
    done = away.caseloop(monkeypatch, "backup", "create", file, "--recipient", str(Identity.generate().recipient))
    assert (done.exit_code, "PostgreSQL cannot be read" in done.output) == (1, True)
    assert list(tmp_path.iterdir()) == []
