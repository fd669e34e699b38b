"""Connections to PostgreSQL that neither a slow statement nor a forgotten transaction can hold for ever."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from services.kit.sqlite_connection import uninterrupted

_CONNECT_SECONDS: Final = 10
_WATCHED: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that is gone without a word is noticed within a minute; the system's own two hours are too long."""


@dataclass(frozen=True)
class PostgresLimits:
    """What one process may take of a server."""

    connections: int = 10
    """Most connections at a time; whoever wants one more waits."""
    wait: timedelta = timedelta(seconds=10)
    """How long for a connection, before it is an error."""
    statement: timedelta = timedelta(seconds=30)
    """The server ends a statement that takes longer, its waiting for locks included."""
    lock: timedelta = timedelta(seconds=15)
    """The server ends a statement that waits longer for one lock."""
    idle_transaction: timedelta = timedelta(seconds=60)
    """The server ends a transaction in which nothing happens for so long, with its locks."""


@dataclass(frozen=True)
class PostgresAccess:
    """How a service gets at tables of its own on a server that it shares."""

    schema: str = ""
    """Where its tables are; empty: where the server puts them."""
    password: Path | None = None
    """File that is read at every connection, so that a new password needs no restart."""
    ca: Path | None = None
    """PEM file of the authority whose certificate the server must show for its name; None: over a unix socket."""
    one_writer: bool = False
    """One write transaction at a time, over all processes, as SQLite has it anyway: for a service with few of them,
    whose rows must agree with files or objects."""


def postgres_engine(url: str, limits: PostgresLimits, access: PostgresAccess) -> AsyncEngine:
    """The engine of a service. A connection that was lost while nobody used it is replaced unnoticed."""
    options = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle_transaction,
    }
    # Not at the top: only production has the driver.
    from services.kit.postgres_text import dumped, loaded

    return create_async_engine(
        url,
        json_serializer=dumped,
        json_deserializer=loaded,
        connect_args=_arguments(options, access),
        pool_size=limits.connections,
        max_overflow=0,
        pool_timeout=limits.wait.total_seconds(),
        pool_pre_ping=True,
    )


def migration_engine(url: str, patience: timedelta, access: PostgresAccess) -> AsyncEngine:
    """The engine for one migration: its statements may take long, but not wait for locks longer than `patience`."""
    return create_async_engine(url, connect_args=_arguments({"lock_timeout": patience}, access), poolclass=NullPool)


async def _connected(access: PostgresAccess, *address: Any, **options: Any) -> Any:
    # Not at the top: only production has the driver.
    from psycopg import AsyncConnection

    from services.kit.postgres_text import take_any_text

    # Whoever is cancelled while it connects would leave the server waiting for a password, for a minute.
    connection = await uninterrupted(AsyncConnection.connect(*address, **(options | _secret(access))))
    take_any_text(connection)
    return connection


def _secret(access: PostgresAccess) -> dict[str, Any]:
    if access.password is None:
        return {}
    # Whoever poses as the server is told no password: it is only ever proven.
    return {"password": access.password.read_text().strip(), "require_auth": "scram-sha-256"}


def tls_arguments(ca: Path | None) -> dict[str, str]:
    """What libpq is told so that the server must show a certificate for its name; nothing over a unix socket."""
    if ca is None:
        return {}
    return {"sslmode": "verify-full", "sslrootcert": str(ca), "gssencmode": "disable"}


def _arguments(settings: dict[str, timedelta], access: PostgresAccess) -> dict[str, Any]:
    given = [f"-c {name}={round(value.total_seconds() * 1000)}" for name, value in settings.items()]
    if access.schema:
        given.append(f"-c search_path={access.schema}")
    return {
        "async_creator_fn": partial(_connected, access),
        "options": " ".join(given),
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "caseloop",
        **_WATCHED,
        **tls_arguments(access.ca),
    }
