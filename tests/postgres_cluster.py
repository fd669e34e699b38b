"""A PostgreSQL of the tests' own: data in a temporary folder, a unix socket, and no waiting for the disk."""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import psycopg

from services.kit.database import Database
from services.kit.migrations import migrate

_SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "autovacuum": "off",
}
_PATIENCE: Final = 120.0
OWNER: Final = "owner"


@cache
def programs() -> Path | None:
    """The folder of the newest server's programs."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda path: int(path.parts[-3]), reverse=True)
    found = [*newest, *(Path(path) for path in [shutil.which("initdb")] if path)]
    return found[0].parent if found else None


@cache
def missing_postgres() -> str:
    """Why PostgreSQL cannot be tested with here; empty when it can."""
    if programs() is None:
        return "PostgreSQL's server is not installed (apt install postgresql)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL does not run as root, and there is no setpriv (apt install util-linux)"
    return ""


@dataclass
class Cluster:
    """A running server."""

    socket: Path
    password: str
    port: int = 5432
    _numbers: Iterator[int] = field(default_factory=count)
    _templates: dict[str, str] = field(default_factory=dict)

    def url(self, database: str = "postgres", user: str = OWNER, password: str | None = None) -> str:
        """Where `Database` finds it."""
        secret = self.password if password is None else password
        return f"postgresql+psycopg://{user}:{secret}@/{database}?host={self.socket}&port={self.port}"

    def as_owner(self, database: str = "postgres") -> dict[str, Any]:
        """The arguments of a connection that may do everything."""
        return {
            "host": str(self.socket),
            "port": self.port,
            "user": OWNER,
            "password": self.password,
            "dbname": database,
        }

    def run(self, statement: str, database: str = "postgres") -> None:
        """Do something as the owner of everything, outside a transaction."""
        with psycopg.connect(**self.as_owner(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty(self) -> str:
        """Make a database; returns its name."""
        name = f"empty_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def migrated(self, package: str) -> str:
        """Make a database with the newest tables of `package`, as a copy of the first one; returns its name."""
        if package not in self._templates:
            self._templates[package] = self.empty()
            from_anywhere(lambda: self._migrate(package))
        name = f"{self._templates[package]}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {self._templates[package]}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever still uses it."""
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def holders(self, statement: str) -> int:
        """How many connections did this last, and still have their transaction open."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE query = %s AND state LIKE 'idle in transaction%%'"
        with psycopg.connect(**self.as_owner()) as found:
            row = found.execute(query, (statement,)).fetchone()
        return int(row[0]) if row else 0

    async def _migrate(self, package: str) -> None:
        db = Database(self.url(self._templates[package]))
        await migrate(db, package)
        await db.close()


@contextmanager
def running_cluster(
    settings: Mapping[str, str] = MappingProxyType({}), files: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Cluster]:
    """Start a server; it is stopped and forgotten at the end of the block.

    `files`: name -> content, private to the server; a setting names them as `{home}/NAME`.
    """
    with tempfile.TemporaryDirectory(prefix="caseloop-pg-", ignore_cleanup_errors=True) as folder:
        home, password = Path(folder), secrets.token_hex(16)
        for name, content in {"password": password, **files}.items():
            (home / name).write_text(content)
            (home / name).chmod(0o600)
        _give_away(home)
        _run("initdb", "-D", f"{home}/data", "-U", OWNER, f"--pwfile={home}/password", *_INIT)
        given = {key: value.replace("{home}", folder) for key, value in settings.items()}
        given = _SETTINGS | {"unix_socket_directories": folder} | given
        with (home / "log").open("wb") as log:
            arguments = [f"-c{key}={value}" for key, value in given.items()]
            command = [*_as_somebody(), str(_program("postgres")), "-D", f"{home}/data", *arguments]
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        try:
            cluster = Cluster(home, password, int(given.get("port", "5432")))
            _await(cluster, server, home / "log")
            yield cluster
        finally:
            server.send_signal(signal.SIGINT)  # without waiting for those who are still connected
            try:
                server.wait(_PATIENCE / 10)
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)  # a failed test may have left connections open
                server.wait(_PATIENCE)


_INIT: Final = ("-E", "UTF8", "--locale=C", "-N", "-A", "scram-sha-256", "--no-instructions")


def _await(cluster: Cluster, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            cluster.run("SELECT 1")
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {error}\n{log.read_text()}") from error
            time.sleep(0.05)
        else:
            return


def _program(name: str) -> Path:
    folder = programs()
    assert folder is not None, missing_postgres()
    return folder / name


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [*_as_somebody(), str(_program(program)), *arguments], capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr}")


def _as_somebody() -> list[str]:
    if os.geteuid():
        return []
    somebody = _somebody()
    return ["setpriv", f"--reuid={somebody.pw_uid}", f"--regid={somebody.pw_gid}", "--clear-groups"]


def _give_away(home: Path) -> None:
    if os.geteuid() == 0:
        somebody = _somebody()
        for path in (home, *home.iterdir()):
            os.chown(path, somebody.pw_uid, somebody.pw_gid)


@cache
def _somebody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def from_anywhere(doing: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run it to its end, also from within a test's event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(doing())).result()
