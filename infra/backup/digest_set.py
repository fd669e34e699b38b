import sqlite3
from types import TracebackType
from typing import Final, Self

_CACHE_KIB: Final = 16 * 1024


class DigestSet:
    """Which objects of which services: millions of them, on the disk, in a file without a name that ends with this."""

    def __init__(self) -> None:
        # An empty name is SQLite's for a private temporary file.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._db.execute("CREATE TABLE kept (service TEXT, digest BLOB, PRIMARY KEY (service, digest)) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._db.close()

    def add(self, service: str, digest: str) -> bool:
        """Put it in; False where it was in already."""
        found = self._db.execute("INSERT OR IGNORE INTO kept VALUES (?, ?)", (service, bytes.fromhex(digest)))
        return found.rowcount > 0

    def has(self, service: str, digest: str) -> bool:
        """Whether it is in."""
        query = "SELECT 1 FROM kept WHERE service = ? AND digest = ?"
        return self._db.execute(query, (service, bytes.fromhex(digest))).fetchone() is not None

    def count(self, service: str) -> int:
        """How many of the service are in."""
        return int(self._db.execute("SELECT count(*) FROM kept WHERE service = ?", (service,)).fetchone()[0])
