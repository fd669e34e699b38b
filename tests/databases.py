"""Tests of a service on both of its databases: `pytestmark = ON_BOTH` in a file runs each of its tests twice."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from services.kit.database import Database
from services.kit.migrations import migrate
from tests.postgres_cluster import Cluster, from_anywhere

ON_BOTH: Final = pytest.mark.parametrize(
    "databases", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

DatabaseUrl = Callable[[str, Path], str]
"""Where the database of a package is: `url("services.progress", tmp_path / "progress.sqlite")`. The file is used on
SQLite. The tables are there already, and the same package has the same database all through a test."""


@dataclass
class _OnPostgres:
    cluster: Cluster
    made: dict[str, str] = field(default_factory=dict)

    def __call__(self, package: str, _: Path) -> str:
        if package not in self.made:
            self.made[package] = self.cluster.migrated(package)
        return self.cluster.url(self.made[package])


def on_sqlite(package: str, file: Path) -> str:
    """A database in a file; a new one has the newest tables of `package` already."""
    if file.parent.is_dir() and not file.exists():
        file.write_bytes(_newest(package))
    return f"sqlite+aiosqlite:///{file}"


@cache
def _newest(package: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "newest.sqlite"
        from_anywhere(lambda: _migrate(package, file))
        return file.read_bytes()


async def _migrate(package: str, file: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{file}")
    await migrate(database, package)
    await database.close()


@contextmanager
def open_databases(kind: str, cluster: Callable[[], Cluster]) -> Iterator[DatabaseUrl]:
    """Databases of one test; they are gone after the block."""
    if kind == "sqlite":
        yield on_sqlite
        return
    on_postgres = _OnPostgres(cluster())
    yield on_postgres
    for name in on_postgres.made.values():
        on_postgres.cluster.drop(name)
