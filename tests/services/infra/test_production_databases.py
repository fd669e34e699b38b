"""What `caseloop production databases` makes of a real PostgreSQL, and what services can do there, and cannot."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from infra.backup.hub_tables import HUB_SCHEMA, VERSION_TABLE, make_anew, open_hub_tables
from infra.production.cli import build_production_app
from infra.production.databases import ProvisioningFailed, provision
from infra.production.first_run import WITH_TABLES
from services.kit.database import Database, DatabaseMisconfigured
from services.kit.migrations import MigrationFailed, migrate
from services.kit.settings import DatabaseSettings
from services.kit.table_copies import all_or_nothing
from services.kit.wiring import open_database
from tests.postgres_cluster import OWNER
from tests.postgres_provisioned import DATABASE, PACKAGES, Provisioned, copied, provisioned
from tests.tls_server import write_server_pair

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provisioned]:
    """Set up, and with the tables of every service."""
    with provisioned(tmp_path_factory.mktemp("postgres")) as made, pytest.MonkeyPatch.context() as patch:
        for name, value in made.variables().items():
            patch.setenv(name, value)
        asyncio.run(_migrate_all())
        yield made


async def _migrate_all() -> None:
    for service, package in PACKAGES.items():
        db = opened(service)
        await migrate(db, package)
        await db.close()
    hub = open_hub_tables("production")
    async with all_or_nothing({HUB_SCHEMA: hub}) as found:
        await make_anew(found[HUB_SCHEMA])
    await hub.close()


def opened(service: str) -> Database:
    """As the service's own wiring opens it."""
    return open_database("production", service, Path("/nowhere/at/all.sqlite"))


def test_every_package_with_tables_has_a_role_and_a_schema(server: Provisioned, project: Path) -> None:
    with_migrations = {path.parent.relative_to(project) for path in project.glob("*/**/migrations/versions")}
    packages = {".".join(path.parts[: path.parts.index("migrations")]) for path in with_migrations}
    assert packages == set(PACKAGES.values())
    assert set(WITH_TABLES) == {*PACKAGES, HUB_SCHEMA}
    wanted = {line for service in WITH_TABLES for line in (f"role caseloop_{service}", f"schema {service}")}
    assert set(server.made) == wanted | {"role keycloak", "database keycloak"}


def test_all_tables_of_a_service_and_their_version_are_in_its_schema(server: Provisioned) -> None:
    places = server.ask(
        "SELECT DISTINCT schemaname || ' ' || tableowner FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert sorted(places) == [f"{service} caseloop_{service}" for service in sorted(WITH_TABLES)]
    versions = server.ask("SELECT schemaname FROM pg_tables WHERE tablename LIKE 'alembic_version_%'")
    assert sorted(versions) == sorted(PACKAGES)


def test_a_second_run_makes_nothing_and_breaks_nothing(server: Provisioned) -> None:
    async def look() -> None:
        db = opened("progress")
        try:
            await db.ping()
            assert provision(server.settings(), OWNER) == []
            await db.ping()
        finally:
            await db.close()

    asyncio.run(look())


def test_operators_who_come_together_wait_for_each_other(server: Provisioned) -> None:
    server.cluster.run("CREATE DATABASE another_school")
    url = f"postgresql://127.0.0.1:{server.cluster.port}/another_school"
    another = server.settings(url=url, role_prefix="another")
    with ThreadPoolExecutor(3) as operators:
        made = list(operators.map(lambda _: provision(another, OWNER), range(3)))
    assert sorted(len(one) for one in made) == [0, 0, 2 * len(WITH_TABLES)]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        server.signed_in("progress", "another_school")


ATTEMPTS = (
    "SELECT * FROM {other}.{table}",
    "INSERT INTO {other}.{table} VALUES ('0001')",
    "CREATE TABLE {other}.mine (x int)",
    "CREATE TABLE public.mine (x int)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TEMPORARY TABLE mine (x int)",
    "CREATE SCHEMA mine",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "ALTER ROLE {role} SUPERUSER",
    "SET ROLE {other_role}",
    "SET SESSION AUTHORIZATION {other_role}",
    "DROP SCHEMA {own} CASCADE",
    "ALTER SCHEMA {own} OWNER TO {other_role}",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "SELECT rolpassword FROM pg_authid",
)


@pytest.mark.parametrize("service", WITH_TABLES)
def test_whoever_got_into_a_service_gets_at_nothing_else(server: Provisioned, service: str) -> None:
    with server.signed_in(service) as connection:
        connection.execute(f"SELECT * FROM {_versions(service)}".encode())
        for other in WITH_TABLES:
            if other == service:
                continue
            for attempt in ATTEMPTS:
                statement = attempt.format(
                    other=other,
                    table=_versions(other),
                    own=service,
                    role=f"caseloop_{service}",
                    other_role=f"caseloop_{other}",
                )
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(statement.encode())
            # Neither can it let another one in.
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {service} TO caseloop_{other}".encode())
            connection.execute(f"GRANT ALL ON SCHEMA {service} TO caseloop_{other}".encode())
            with server.signed_in(other) as beside, pytest.raises(InsufficientPrivilege):
                beside.execute(f"SELECT * FROM {service}.{_versions(service)}".encode())
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        server.signed_in(service, "keycloak")


def _versions(service: str) -> str:
    if service == HUB_SCHEMA:
        return VERSION_TABLE
    return f"alembic_version_{PACKAGES[service].replace('.', '_')}"


def test_what_a_role_has_got_too_much_is_taken_from_it(server: Provisioned) -> None:
    for statement in (
        "ALTER ROLE caseloop_progress SUPERUSER CREATEDB CREATEROLE BYPASSRLS REPLICATION",
        "GRANT pg_read_all_data, caseloop_feedback TO caseloop_progress",
        "GRANT ALL ON SCHEMA mentoring TO caseloop_progress",
        "GRANT USAGE ON SCHEMA mentoring TO PUBLIC",
        "ALTER SCHEMA feedback OWNER TO caseloop_feedback",
        "GRANT ALL ON SCHEMA public TO PUBLIC",
        f"GRANT ALL ON DATABASE {DATABASE} TO PUBLIC",
    ):
        server.cluster.run(statement, DATABASE)
    assert provision(server.settings(), OWNER) == []
    assert server.ask(
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication OR "
        "pg_has_role(oid, 'pg_read_all_data', 'MEMBER') OR pg_has_role(oid, 'caseloop_feedback', 'MEMBER') OR "
        "has_schema_privilege(oid, 'mentoring', 'USAGE') OR has_schema_privilege(oid, 'public', 'CREATE') OR "
        f"has_database_privilege(oid, '{DATABASE}', 'TEMPORARY') FROM pg_roles WHERE rolname = 'caseloop_progress'"
    ) == [False]
    assert server.ask("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'feedback'") == [OWNER]
    for service in WITH_TABLES:
        server.signed_in(service).close()


async def test_the_limits_of_the_settings_hold(server: Provisioned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELOOP_DATABASE_STATEMENT_SECONDS", "7")
    monkeypatch.setenv("CASELOOP_DATABASE_LOCK_SECONDS", "2.5")
    monkeypatch.setenv("CASELOOP_DATABASE_IDLE_SECONDS", "9")
    db = opened("progress")
    async with db.read() as session:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "search_path")
        said = [await session.scalar(text(f"SHOW {name}")) for name in names]
        encrypted = await session.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    await db.close()
    assert said == ["7s", "2500ms", "9s", "progress"]
    assert encrypted is True


async def test_a_new_password_needs_no_restart(
    server: Provisioned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = copied(server.secrets, tmp_path / "secrets")
    monkeypatch.setenv("CASELOOP_DATABASE_CREDENTIALS", str(secrets))
    db = opened("feedback")
    await db.ping()
    renewed = copied(server.secrets, tmp_path / "renewed", renewed="feedback")
    provision(server.settings(credentials=renewed), OWNER)
    try:
        # The connection that is there stays; a new one needs the new password.
        await db.ping()
        async with db.read() as session:
            await session.execute(text("SELECT 1"))
            with pytest.raises(OperationalError, match="password authentication failed"):
                await db.ping()
            (secrets / "postgres-feedback").write_text((renewed / "postgres-feedback").read_text())
            await db.ping()
    finally:
        await db.close()
        provision(server.settings(), OWNER)


class TestRefusals:
    @pytest.mark.parametrize(("file", "says"), [("wrong", "password authentication failed"), ("", "No such file")])
    async def test_a_service_that_cannot_sign_in_says_what_makes_its_role(
        self, server: Provisioned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, says: str
    ) -> None:
        if file:
            (tmp_path / "postgres-progress").write_text(file)
        monkeypatch.setenv("CASELOOP_DATABASE_CREDENTIALS", str(tmp_path))
        db = opened("progress")
        with pytest.raises(MigrationFailed, match=rf"(?s){says}.*`caseloop production databases`"):
            await migrate(db, "services.progress")
        await db.close()

    async def test_a_server_of_another_authority_is_not_talked_to(
        self, server: Provisioned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_server_pair(tmp_path / "other.pem", tmp_path / "other.key")
        monkeypatch.setenv("CASELOOP_DATABASE_CA", str(tmp_path / "other.pem"))
        await _refused("certificate verify failed")

    async def test_a_server_of_another_name_is_not_talked_to(
        self, server: Provisioned, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CASELOOP_DATABASE_URL", server.settings().url.replace("127.0.0.1", "localhost"))
        await _refused("does not match host name")

    @pytest.mark.parametrize("name", ["URL", "CREDENTIALS", "CA"])
    def test_what_is_not_set_is_named(self, server: Provisioned, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.delenv(f"CASELOOP_DATABASE_{name}")
        with pytest.raises(DatabaseMisconfigured, match=f"needs CASELOOP_DATABASE_{name};"):
            opened("progress")
        with pytest.raises(ProvisioningFailed, match=f"CASELOOP_DATABASE_{name} is not set"):
            provision(DatabaseSettings(_env_file=None), OWNER)

    async def test_a_server_without_tls_is_told_nothing(
        self, server: Provisioned, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard = []
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def say_no() -> None:
                with listening.accept()[0] as caller:
                    caller.recv(8)  # asks for TLS
                    caller.sendall(b"N")
                    heard.append(caller.recv(1024))

            thread = threading.Thread(target=say_no)
            thread.start()
            monkeypatch.setenv(
                "CASELOOP_DATABASE_URL", f"postgresql://127.0.0.1:{listening.getsockname()[1]}/{DATABASE}"
            )
            await _refused("server does not support SSL")
            thread.join()
        assert heard == [b""]

    async def test_a_server_that_asks_for_the_password_itself_does_not_get_it(
        self, server: Provisioned, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As somebody would who has got hold of the server's certificate."""
        heard = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.ca, server.ca.with_suffix(".key"))
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def ask_plainly() -> None:
                plain = listening.accept()[0]
                plain.recv(8)
                plain.sendall(b"S")
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as caller:
                    heard.append(caller.recv(1024))
                    caller.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")  # AuthenticationCleartextPassword
                    heard.append(caller.recv(1024))

            thread = threading.Thread(target=ask_plainly)
            thread.start()
            monkeypatch.setenv(
                "CASELOOP_DATABASE_URL", f"postgresql://127.0.0.1:{listening.getsockname()[1]}/{DATABASE}"
            )
            await _refused("authentication method requirement")
            thread.join()
        assert b"caseloop_progress" in heard[0]
        assert server.password("progress").encode() not in b"".join(heard)


async def _refused(says: str) -> None:
    db = opened("progress")
    with pytest.raises(OperationalError, match=says):
        await db.ping()
    await db.close()


class TestCommand:
    def test_it_says_what_it_made_and_what_is_missing(
        self, server: Provisioned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command = ["databases", "--admin", OWNER]
        done = CliRunner().invoke(build_production_app(), command)
        assert (done.exit_code, done.output) == (0, "PostgreSQL is ready; nothing was missing.\n")
        monkeypatch.setenv("CASELOOP_DATABASE_CREDENTIALS", str(tmp_path))
        failed = CliRunner().invoke(build_production_app(), command)
        assert failed.exit_code == 1
        assert "`caseloop production init` makes it" in failed.output

    def test_nothing_is_half_made(self, server: Provisioned) -> None:
        refuse = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not on a Friday'; END $$"
        server.cluster.run(f"CREATE FUNCTION public.refuse() RETURNS event_trigger {refuse}", DATABASE)
        server.cluster.run(
            "CREATE EVENT TRIGGER friday ON ddl_command_start WHEN TAG IN ('ALTER SCHEMA') "
            "EXECUTE FUNCTION public.refuse()",
            DATABASE,
        )
        try:
            with pytest.raises(ProvisioningFailed, match=f"PostgreSQL as {OWNER}: not on a Friday"):
                provision(server.settings(role_prefix="half_made"), OWNER)
        finally:
            server.cluster.run("DROP FUNCTION public.refuse CASCADE", DATABASE)
        assert server.ask("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'half_made%'") == [0]

    def test_who_is_no_superuser_is_refused(self, server: Provisioned, tmp_path: Path) -> None:
        server.cluster.run("CREATE ROLE half LOGIN CREATEROLE CREATEDB PASSWORD 'half-of-the-rights-it-needs'")
        server.cluster.run(f"GRANT CONNECT ON DATABASE {DATABASE} TO half")
        secrets = copied(server.secrets, tmp_path / "secrets")
        (secrets / "postgres").write_text("half-of-the-rights-it-needs")
        with pytest.raises(ProvisioningFailed, match="half is no superuser"):
            provision(server.settings(credentials=secrets), "half")

    @pytest.mark.parametrize(("name", "password"), [("postgres-progress", "short"), ("postgres-cases", "")])
    def test_a_password_that_is_none_is_refused(
        self, server: Provisioned, tmp_path: Path, name: str, password: str
    ) -> None:
        secrets = copied(server.secrets, tmp_path / "secrets")
        (secrets / name).write_text(password)
        with pytest.raises(ProvisioningFailed, match=f"{name} holds fewer than 16 characters"):
            provision(server.settings(credentials=secrets), OWNER)
