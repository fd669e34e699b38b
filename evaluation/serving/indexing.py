"""Making a run's index. It takes time and memory: for a process of its own, or for the command that made the run."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from evaluation.judge.opinion import Exchange, Opinion
from evaluation.judge.record import EXCHANGES, OPINIONS
from evaluation.judge.to_label import LabelOrder
from evaluation.runs.lines import Where, located
from evaluation.runs.result import EvalRun
from evaluation.runs.store import RUNS, RunStore
from evaluation.serving.figures import line_of, run_figures
from evaluation.serving.index import FILE, FORMAT, TABLES
from evaluation.serving.kept import Stamp, stamp
from evaluation.serving.readings import Indexed

_ITEM: Final = slice(len('{"item":"'), len('{"item":"') + 64)
"""Where the item stands in a line of the judge's exchanges."""


def index_run(home: Path, name: str) -> Indexed:
    """Compute what the pages show of a run, and put it beside the run. NoSuchRun, RunUnreadable, CannotKeep."""
    store = RunStore(home / RUNS)
    folder = store.folder(name)
    # Before anything is read: what changes meanwhile makes the index stale, and not wrong for good.
    now = stamp(folder)
    run, places = store.located(name)
    draft = folder / f".{FILE}.{secrets.token_hex(6)}"
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        try:
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                _write(connection, folder, now, run, places)
            draft.replace(folder / FILE)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except (OSError, sqlite3.Error) as error:
        raise CannotKeep(f"The figures of {name} cannot be kept in {folder}: {error}") from error
    return Indexed(run=name)


class CannotKeep(Exception):
    """What was computed cannot be written down beside the run; the message says why."""


def _write(connection: sqlite3.Connection, folder: Path, now: Stamp, run: EvalRun, places: dict[str, Where]) -> None:
    # A draft that is not finished is thrown away, so nothing need be undone.
    connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {TABLES}")
    connection.execute("BEGIN")
    opinions = _opinions(folder, {result.sample.id for result in run.results if result.answer is not None})
    lines = [line_of(result) for result in run.results]
    connection.executemany(
        "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)",
        ((at, line.id, line.case, line.model_dump_json(), *places[line.id]) for at, line in enumerate(lines)),
    )
    connection.executemany(
        "INSERT INTO missed VALUES (?, ?)",
        (
            (score, at)
            for at, line in enumerate(lines)
            for score, value in line.scores.items()
            if value is not None and value < 1
        ),
    )
    connection.executemany(
        "INSERT INTO opinion VALUES (?, ?, ?, ?)",
        ((*key, *where) for key, (_, where) in opinions.items()),
    )
    connection.executemany("INSERT INTO exchange VALUES (?, ?, ?)", _exchanges(folder))
    newest = {opinion.item: opinion for opinion, _ in sorted(opinions.values(), key=lambda found: found[1])}
    order = LabelOrder.of(newest)
    for half, items in (("chance", order.chance), ("doubtful", order.doubtful)):
        connection.executemany("INSERT INTO turn VALUES (?, ?, ?)", ((half, at, one) for at, one in enumerate(items)))
    about = {
        "format": str(FORMAT),
        "stamp": json.dumps(now),
        "header": json.dumps(now[0]),
        "made": str(time.time()),
        "ended": "no" if run.ended is None else "yes",
        "figures": run_figures(run, folder, newest).model_dump_json(),
    }
    connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
    connection.execute("COMMIT")


def _opinions(folder: Path, samples: set[str]) -> dict[tuple[str, str], tuple[Opinion, Where]]:
    """(sample, item) -> the newest opinion, and where it stands."""
    newest: dict[tuple[str, str], tuple[Opinion, Where]] = {}
    for where, line in _lines(folder / OPINIONS):
        try:
            opinion = Opinion.model_validate_json(line)
        except ValidationError:
            continue
        if opinion.sample in samples:
            newest[opinion.sample, opinion.item] = opinion, where
    return newest


def _exchanges(folder: Path) -> Iterator[tuple[str, int, int]]:
    """The item of each exchange, and where it stands. They are large, so they are not parsed for it."""
    for (start, size), line in _lines(folder / EXCHANGES):
        item = line[_ITEM].decode("ascii", "replace")
        if line.startswith(b'{"item":"') and len(item) == 64:
            yield item, start, size
            continue
        try:
            yield Exchange.model_validate_json(line).item, start, size
        except ValidationError:
            continue


def _lines(path: Path) -> Iterator[tuple[Where, bytes]]:
    if path.exists():
        with path.open("rb") as file:
            yield from located(file)
