"""Choosing adapters for all services that need them. What one service alone has is chosen in its own wiring."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy.engine import make_url

from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.database import Database, DatabaseMisconfigured
from services.kit.objects import ObjectStore
from services.kit.postgres_connection import PostgresAccess, PostgresLimits
from services.kit.settings import DatabaseSettings, ObjectSettings
from vault.files import private_folder
from vault.wiring import Mode


def open_objects(mode: Mode, service: str, folder: Path) -> ObjectStore:
    """Open the objects of a service: in the folder, or under production in a bucket of its own.

    The bucket is made when it is not there, which blocks; for the start. Streams on their way into it use the folder.
    Raises `ObjectStoreFailed`, and `VaultError` for a folder that others could look into.
    """
    match mode:
        case "embedded":
            return DirectoryObjectStore(folder)
        case "production":
            return _bucket(service, folder)


def _bucket(service: str, folder: Path) -> ObjectStore:
    # Here, because embedded mode does without what it is made of.
    from services.kit.adapters.objects_minio import MinioObjectStore

    private_folder(folder.parent)
    private_folder(folder)
    settings = ObjectSettings()
    store = MinioObjectStore(settings, f"{settings.bucket_prefix}-{service}", folder)
    store.prepare()
    return store


def open_database(mode: Mode, service: str, file: Path, *, one_writer: bool = False) -> Database:
    """Open the tables of a service, to be migrated: in the file, or under production in a schema of its own.

    Nothing is connected to yet. `one_writer`: see `PostgresAccess`. Raises `DatabaseMisconfigured`.
    """
    match mode:
        case "embedded":
            return Database(f"sqlite+aiosqlite:///{file}")
        case "production":
            return _schema(service, DatabaseSettings(), one_writer)


def _schema(service: str, settings: DatabaseSettings, one_writer: bool) -> Database:
    if (missing := settings.missing()) or settings.credentials is None:
        raise DatabaseMisconfigured(
            f"production mode needs CASELOOP_DATABASE_{missing}; docs/reference/settings.md says what it is"
        )
    url = make_url(settings.url).set(drivername="postgresql+psycopg", username=settings.role(service))
    limits = PostgresLimits(
        connections=settings.connections,
        wait=timedelta(seconds=settings.wait_seconds),
        statement=timedelta(seconds=settings.statement_seconds),
        lock=timedelta(seconds=settings.lock_seconds),
        idle_transaction=timedelta(seconds=settings.idle_seconds),
    )
    password = settings.credentials / f"postgres-{service}"
    access = PostgresAccess(service, password, settings.ca, one_writer)
    try:
        return Database(url.render_as_string(), limits, access)
    except ImportError as error:
        raise DatabaseMisconfigured(
            f"production mode needs {error.name}; install it: pip install --require-hashes -r "
            "requirements/production.txt"
        ) from error
