"""Tests of a service on both of its databases: `pytestmark = ON_BOTH` in a file runs each of its tests twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.postgres_cluster import Cluster

ON_BOTH: Final = pytest.mark.parametrize(
    "databases", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

DatabaseUrl = Callable[[str, Path], str]
"""Where the database of a package is: `url("services.progress", tmp_path / "progress.sqlite")`. The file is used on
SQLite. On PostgreSQL the tables are there already, and the same package has the same database all through a test."""


@dataclass
class _OnPostgres:
    cluster: Cluster
    made: dict[str, str] = field(default_factory=dict)

    def __call__(self, package: str, _: Path) -> str:
        if package not in self.made:
            self.made[package] = self.cluster.migrated(package)
        return self.cluster.url(self.made[package])


def _on_sqlite(_: str, file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


@contextmanager
def open_databases(kind: str, cluster: Callable[[], Cluster]) -> Iterator[DatabaseUrl]:
    """Databases of one test; they are gone after the block."""
    if kind == "sqlite":
        yield _on_sqlite
        return
    on_postgres = _OnPostgres(cluster())
    yield on_postgres
    for name in on_postgres.made.values():
        on_postgres.cluster.drop(name)
