"""Where the Hub keeps people, tokens and servers: a file, or in production a schema of its own on PostgreSQL."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.engine import make_url

from infra.settings import EmbeddedSettings
from services.kit.database import DatabaseMisconfigured
from services.kit.postgres_connection import tls_arguments
from services.kit.settings import DatabaseSettings

SCHEMA: Final = "hub"
"""Its schema, and the end of its role's name."""


def configure_database(c: Any, settings: EmbeddedSettings) -> None:
    """Tell the Hub where its tables are; it makes them itself. Raises DatabaseMisconfigured."""
    match settings.mode:
        case "embedded":
            c.JupyterHub.db_url = f"sqlite:///{settings.home / 'hub.sqlite'}"
        case "production":
            database = DatabaseSettings()
            c.JupyterHub.db_url = hub_database_url(database)
            # It works with one connection, and a few for moments.
            c.JupyterHub.db_kwargs = {"pool_size": 2, "max_overflow": database.connections - 2}


def hub_database_url(settings: DatabaseSettings) -> str:
    """The address with all that is needed to connect, as JupyterHub and its migrations take it: in one line.

    A new password needs a new start of the Hub. No limit on idle transactions: the Hub has one open whenever it has
    read something, until it writes. Raises DatabaseMisconfigured.
    """
    if (missing := settings.missing()) or settings.credentials is None:
        raise DatabaseMisconfigured(
            f"production mode needs CASELOOP_DATABASE_{missing}; docs/reference/settings.md says what it is"
        )
    file = settings.credentials / f"postgres-{SCHEMA}"
    try:
        password = file.read_text().strip()
    except OSError as error:
        raise DatabaseMisconfigured(
            f"{file} cannot be read ({error.strerror}); `caseloop production init` makes it"
        ) from error
    limits = {"statement_timeout": settings.statement_seconds, "lock_timeout": settings.lock_seconds}
    options = [f"-c {name}={timedelta(seconds=value) // timedelta(milliseconds=1)}" for name, value in limits.items()]
    # Whoever poses as the server is told no password: it is only ever proven.
    more = {
        "options": " ".join([*options, f"-c search_path={SCHEMA}"]),
        "require_auth": "scram-sha-256",
        "application_name": "caseloop",
        **tls_arguments(settings.ca),
    }
    url = make_url(settings.url).set(drivername="postgresql+psycopg", username=settings.role(SCHEMA), password=password)
    return url.update_query_dict(more).render_as_string(hide_password=False)
