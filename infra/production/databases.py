"""Roles, schemas and rights of all services on one PostgreSQL, so that none can look at another's tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from infra.production.first_run import KEYCLOAK, WITH_TABLES
from services.kit.postgres_connection import tls_arguments
from services.kit.settings import DatabaseSettings

_LOCK: Final = 0x6361_7365
"""Two operators wait for each other."""
_SHORTEST: Final = 16
_GROUPS: Final = """
    SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member
    WHERE r.rolname = %s
"""
_GRANTEES: Final = """
    SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE n.nspname = %s AND a.grantee <> n.nspowner
"""


class ProvisioningFailed(Exception):
    """The server was left as it was; the message says what was in the way."""


def provision(settings: DatabaseSettings, admin: str) -> list[str]:
    """Make or mend everything of ours on the server that the settings name; returns what was not there.

    Needs a password file `postgres` of `admin`, a superuser, and one for each service, all in the folder of
    credentials; Keycloak gets a role and a database where there is one for it. What a role of a service may do
    otherwise is taken from it. Services may be running. Raises ProvisioningFailed.
    """
    secrets = _secrets(settings)
    try:
        with _connected(settings, admin, secrets["postgres"]) as connection:
            server = _Server(connection)
            # Every statement below holds at once or not at all.
            with connection.transaction():
                server.check(admin)
                server.do("SELECT pg_advisory_xact_lock({})", sql.Literal(_LOCK))
                server.close_to_everybody()
                for service in WITH_TABLES:
                    server.role(settings.role(service), secrets[service])
                    server.schema(service, settings.role(service))
                if KEYCLOAK in secrets:
                    server.role(KEYCLOAK, secrets[KEYCLOAK])
            if KEYCLOAK in secrets:
                server.database(KEYCLOAK)
    except psycopg.Error as error:
        raise ProvisioningFailed(f"PostgreSQL as {admin}: {str(error).strip()}") from error
    return server.made


def _secrets(settings: DatabaseSettings) -> Mapping[str, str]:
    """Name -> password."""
    folder = settings.credentials
    if (missing := settings.missing()) or folder is None:
        raise ProvisioningFailed(f"CASELOOP_DATABASE_{missing} is not set; docs/reference/settings.md says what it is")
    files = {"postgres": folder / "postgres"} | {name: folder / f"postgres-{name}" for name in WITH_TABLES}
    if (keycloak := folder / f"postgres-{KEYCLOAK}").exists():
        files[KEYCLOAK] = keycloak
    return {name: _password(file) for name, file in files.items()}


def _password(file: Path) -> str:
    try:
        password = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ProvisioningFailed(
            f"{file} cannot be read ({type(error).__name__}); `caseloop production init` makes it"
        ) from None
    if len(password) < _SHORTEST:
        raise ProvisioningFailed(f"{file} holds fewer than {_SHORTEST} characters; that is no password")
    return password


def _connected(settings: DatabaseSettings, admin: str, password: str) -> psycopg.Connection[Any]:
    url = make_url(settings.url)
    host = url.host or str(url.query["host"])
    given = {
        "host": host,
        "port": url.port,
        "dbname": url.database,
        "user": admin,
        "password": password,
        "require_auth": "scram-sha-256",
        "connect_timeout": 10,
        **tls_arguments(settings.ca),
    }
    return psycopg.connect(make_conninfo("", **given), autocommit=True)


class _Server:
    """What is done to the database of a connection, and to its server. Everything may be done again."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._here = sql.Identifier(connection.info.dbname)
        self.made: list[str] = []

    def do(self, statement: LiteralString, *parts: sql.Composable) -> None:
        """Names are quoted, never pasted in."""
        self._connection.execute(sql.SQL(statement).format(*parts))

    def check(self, admin: str) -> None:
        """Others would only be warned of what they cannot take away. Raises ProvisioningFailed."""
        if not self._any("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolsuper", admin):
            raise ProvisioningFailed(f"{admin} is no superuser of PostgreSQL; name one by --admin")

    def close_to_everybody(self) -> None:
        """Nobody connects, makes temporary tables or uses `public` who was not told that they may."""
        self.do("REVOKE ALL ON DATABASE {} FROM PUBLIC", self._here)
        self.do("REVOKE ALL ON SCHEMA public FROM PUBLIC")

    def role(self, name: str, password: str) -> None:
        """A role that can sign in and nothing else: no attribute, no membership."""
        if not self._any("SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            self.do("CREATE ROLE {}", sql.Identifier(name))
            self.made.append(f"role {name}")
        # The server, and its log, get to know what a password is checked with, and not the password.
        check = self._connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        self.do(
            "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {}",
            sql.Identifier(name),
            sql.Literal(check.decode()),
        )
        for group in self._names(_GROUPS, name):
            self.do("REVOKE {} FROM {}", sql.Identifier(group), sql.Identifier(name))

    def schema(self, name: str, role: str) -> None:
        """A schema that the role alone makes tables in; its owner is whoever does this, so the role cannot share it."""
        schema = sql.Identifier(name)
        if not self._any("SELECT 1 FROM pg_namespace WHERE nspname = %s", name):
            self.do("CREATE SCHEMA {}", schema)
            self.made.append(f"schema {name}")
        self.do("ALTER SCHEMA {} OWNER TO CURRENT_USER", schema)
        for other in self._names(_GRANTEES, name):
            self.do("REVOKE ALL ON SCHEMA {} FROM {}", schema, sql.Identifier(other))
        self.do("REVOKE ALL ON SCHEMA {} FROM PUBLIC", schema)
        self.do("GRANT USAGE, CREATE ON SCHEMA {} TO {}", schema, sql.Identifier(role))
        self.do("GRANT CONNECT ON DATABASE {} TO {}", self._here, sql.Identifier(role))
        # For whoever signs in as the service by hand; the service says so itself.
        self.do("ALTER ROLE {} IN DATABASE {} SET search_path = {}", sql.Identifier(role), self._here, schema)

    def database(self, name: str) -> None:
        """A database of somebody who is not ours, named like its role."""
        if not self._any("SELECT 1 FROM pg_database WHERE datname = %s", name):
            self.do("CREATE DATABASE {} OWNER {}", sql.Identifier(name), sql.Identifier(name))
            self.made.append(f"database {name}")
        self.do("REVOKE ALL ON DATABASE {} FROM PUBLIC", sql.Identifier(name))

    def _any(self, query: LiteralString, name: str) -> bool:
        return bool(self._connection.execute(query, (name,)).fetchone())

    def _names(self, query: LiteralString, name: str) -> list[str]:
        return [str(row[0]) for row in self._connection.execute(query, (name,)).fetchall()]
