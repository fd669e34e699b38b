"""A PostgreSQL as production has one: TLS on a port, and the roles and schemas that our own command makes."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from infra.production.databases import provision
from infra.production.first_run import make_secrets
from services.kit.settings import DatabaseSettings
from tests.free_port import free_port
from tests.postgres_cluster import OWNER, Cluster, running_cluster
from tests.tls_server import write_server_pair

DATABASE: Final = "school"
PACKAGES: Final = {
    "cases": "case_uploader",
    "dashboard": "services.gateway.dashboard",
    "feedback": "feedback",
    "mentoring": "services.mentoring",
    "progress": "services.progress",
}
"""Service -> the package that has its migrations."""


@dataclass(frozen=True)
class Provisioned:
    """The server, set up once."""

    cluster: Cluster
    secrets: Path
    ca: Path
    made: list[str]
    """What the command said at its first run."""

    @property
    def _given(self) -> dict[str, Any]:
        url = f"postgresql://127.0.0.1:{self.cluster.port}/{DATABASE}"
        return {"url": url, "credentials": self.secrets, "ca": self.ca}

    def settings(self, **changed: Any) -> DatabaseSettings:
        """What a service, or the command, is told."""
        return DatabaseSettings(_env_file=None, **self._given | changed)  # type: ignore[call-arg]

    def variables(self) -> dict[str, str]:
        """The same as variables of the environment."""
        return {f"CASELOOP_DATABASE_{name.upper()}": str(value) for name, value in self._given.items()}

    def password(self, service: str) -> str:
        """Of a service's role."""
        return (self.secrets / f"postgres-{service}").read_text()

    def signed_in(self, service: str, database: str = DATABASE) -> psycopg.Connection[Any]:
        """A connection of whoever got into the service."""
        role = {"user": self.settings().role(service), "password": self.password(service)}
        return psycopg.connect(**self.cluster.as_owner(database) | role, autocommit=True)

    def ask(self, query: str) -> list[Any]:
        """The first column of what the owner of everything sees."""
        with psycopg.connect(**self.cluster.as_owner(DATABASE)) as connection:
            return [row[0] for row in connection.execute(query.encode()).fetchall()]


@contextmanager
def provisioned(folder: Path) -> Iterator[Provisioned]:
    """Start a server and set it up; it is gone after the block."""
    ca, key = folder / "postgres.pem", folder / "postgres.key"
    write_server_pair(ca, key)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(free_port()),
        "ssl": "on",
        "ssl_cert_file": "{home}/server.pem",
        "ssl_key_file": "{home}/server.key",
    }
    files = {"server.pem": ca.read_text(), "server.key": key.read_text()}
    with running_cluster(settings, files) as cluster:
        cluster.run(f"CREATE DATABASE {DATABASE}")
        kept = folder / "secrets"
        kept.mkdir(mode=0o700)
        (kept / "postgres").write_text(cluster.password)
        make_secrets(kept)
        unset = Provisioned(cluster, kept, ca, [])
        yield Provisioned(cluster, kept, ca, provision(unset.settings(), OWNER))


def copied(secrets_of: Path, to: Path, *, renewed: str = "") -> Path:
    """Another folder of the same secrets, with a new password of one service."""
    to.mkdir(mode=0o700)
    for file in secrets_of.iterdir():
        (to / file.name).write_text(file.read_text())
    if renewed:
        (to / f"postgres-{renewed}").write_text(secrets.token_urlsafe(32))
    return to
