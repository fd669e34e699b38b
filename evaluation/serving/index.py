"""What the pages show of a run, kept beside it: a page reads a few rows of it and not ten thousand results.

All of it follows from the run's other files. It is made anew where one of them has changed, and may be deleted.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

import structlog

from evaluation.runs.lines import Where
from evaluation.serving.kept import Stamp, stamp
from services.contracts.evaluated_sample import SampleLine
from services.contracts.evaluation import RunFigures

_log = structlog.get_logger(__name__)
FILE: Final = "pages.sqlite"
FORMAT: Final = 2
"""Goes up when the same files come to other tables or other figures."""
TABLES: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE line (
    at INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, of_case TEXT NOT NULL, body TEXT NOT NULL,
    start INTEGER NOT NULL, size INTEGER NOT NULL
);
CREATE INDEX line_of_case ON line (of_case, at);
CREATE TABLE missed (score TEXT, at INTEGER, PRIMARY KEY (score, at)) WITHOUT ROWID;
CREATE TABLE opinion (
    sample TEXT, item TEXT, start INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (sample, item)
) WITHOUT ROWID;
CREATE INDEX opinion_item ON opinion (item, start);
CREATE TABLE exchange (item TEXT, start INTEGER, size INTEGER NOT NULL, PRIMARY KEY (item, start)) WITHOUT ROWID;
CREATE TABLE turn (half TEXT, at INTEGER, item TEXT NOT NULL, PRIMARY KEY (half, at)) WITHOUT ROWID;
"""
Half = Literal["chance", "doubtful"]
"""Items that chance draws, and those of the other half about which the judge is in doubt: `LabelOrder`."""
_WHILE_WRITTEN_SECONDS: Final = 60.0
"""So old may be what is shown of a run that is being written: each of its results would make it stale."""
_CHOSEN: Final = """
(:case IS NULL OR of_case = :case) AND (:failed IS NULL OR at IN (SELECT at FROM missed WHERE score = :failed))
"""
_PAGE: Final = f"SELECT body FROM line WHERE {_CHOSEN} ORDER BY at LIMIT :limit OFFSET :after"  # noqa: S608 -- ours
_COUNT: Final = f"SELECT COUNT(*) FROM line WHERE {_CHOSEN}"  # noqa: S608 -- ours
_NAMES: Final = f"SELECT id FROM line WHERE {_CHOSEN} ORDER BY at"  # noqa: S608 -- ours
_OPINIONS: Final = """
SELECT item, start, size FROM opinion WHERE item IN (SELECT value FROM json_each(?)) ORDER BY start
"""
T = TypeVar("T")


class RunIndex:
    """The rows of one run. Only for the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def figures(self) -> RunFigures:
        """The run in figures; `accepted…`, `cost` and how many items people labelled are for others to fill in."""
        return RunFigures.model_validate_json(self._about("figures"))

    @property
    def judged(self) -> int:
        """Items about which the judge was asked."""
        [count] = self._one("SELECT COUNT(DISTINCT item) FROM opinion")
        return int(count)

    def is_of(self, now: Stamp) -> bool:
        """Whether it was made from the run's files as they are now, or a moment ago, of a run under way."""
        if self._about("format") != str(FORMAT):
            return False
        if self._about("stamp") == json.dumps(now):
            return True
        under_way = self._about("ended") == "no" and self._about("header") == json.dumps(now[0])
        return under_way and 0 <= time.time() - float(self._about("made")) < _WHILE_WRITTEN_SECONDS

    def page(self, case: str | None, failed: str | None, after: int, limit: int) -> tuple[list[SampleLine], int]:
        """Part of the samples, of a case or with something missing in a score, and how many there are in all."""
        wanted: dict[str, str | int | None] = {"case": case, "failed": failed, "after": after, "limit": limit}
        rows = self._connection.execute(_PAGE, wanted)
        lines = [SampleLine.model_validate_json(body) for (body,) in rows]
        [total] = self._connection.execute(_COUNT, wanted).fetchone()
        return lines, int(total)

    def names(self, case: str | None, failed: str | None) -> list[str]:
        """The ids of the same samples, all of them."""
        rows = self._connection.execute(_NAMES, {"case": case, "failed": failed})
        return [name for (name,) in rows]

    def lines(self, names: Iterable[str]) -> list[SampleLine]:
        """These samples, in the order in which they are named."""
        rows = (self._one("SELECT body FROM line WHERE id = ?", (name,)) for name in names)
        return [SampleLine.model_validate_json(body) for (body,) in rows]

    def result(self, sample: str) -> Where | None:
        """Where the newest result of a sample stands."""
        row = self._connection.execute("SELECT start, size FROM line WHERE id = ?", (sample,)).fetchone()
        return None if row is None else (row[0], row[1])

    def opinions(self, sample: str) -> list[Where]:
        """Where the newest opinions about a sample stand."""
        found = self._connection.execute("SELECT start, size FROM opinion WHERE sample = ? ORDER BY start", (sample,))
        return list(found)

    def newest_opinions(self, items: Iterable[str]) -> dict[str, Where]:
        """Where the newest opinion about each item stands; items that the judge was not asked about are left out."""
        rows = self._connection.execute(_OPINIONS, (json.dumps(list(items)),))
        return {item: (start, size) for item, start, size in rows}

    def exchanges(self, items: Iterable[str]) -> list[Where]:
        """Where all that was said about these items stands, oldest first."""
        rows = (self._connection.execute("SELECT start, size FROM exchange WHERE item = ?", (item,)) for item in items)
        return sorted(where for found in rows for where in found)

    def turns(self, half: Half) -> Iterator[str]:
        """Items in the order in which they are given out."""
        for (item,) in self._connection.execute("SELECT item FROM turn WHERE half = ? ORDER BY at", (half,)):
            yield item

    def _about(self, name: str) -> str:
        [value] = self._one("SELECT value FROM about WHERE name = ?", (name,))
        return str(value)

    def _one(self, question: str, values: tuple[str, ...] = ()) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(question, values).fetchone()
        if row is None:
            raise sqlite3.DatabaseError(f"a row is missing: {question}")
        return row


def read_index(folder: Path, read: Callable[[RunIndex], T], *, as_it_is: bool = False) -> tuple[T] | None:
    """What `read` finds; None where there is no index of the run as it is now.

    `as_it_is`: whatever the run's files say by now. A damaged index counts as none.
    """
    path = folder / FILE
    if not path.exists():
        return None
    now = stamp(folder)
    try:
        # Nobody writes to it: another one is put in its place. So nothing need be locked.
        with closing(sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True)) as connection:
            index = RunIndex(connection)
            return (read(index),) if as_it_is or index.is_of(now) else None
    except (sqlite3.Error, ValueError) as error:
        _log.warning("the index of a run cannot be read", run=folder.name, error=str(error))
        return None
