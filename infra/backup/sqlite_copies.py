"""Several SQLite databases as they are at one moment, copied while others go on writing."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from infra.backup.errors import BackupFailed

_PATIENCE: Final = 30.0
"""Seconds that a writer is waited for; a service's own transactions take milliseconds."""


def copy_at_once(
    files: Sequence[Path], into: Path, held: Callable[[Mapping[Path, Path]], None] | None = None
) -> dict[Path, Path]:
    """Copy databases into a folder: file -> copy. No transaction of anybody lies between any two of them.

    All writers wait for the moment in which each database is begun to be read, which takes milliseconds, and no longer:
    a log of changes (WAL) lets them go on beside a reader. A database without one is copied in that moment. `held` is
    called in it, before anybody may write again, with what holds each database's rows: file -> itself or its copy.
    Raises BackupFailed for one that is busy all the while, or damaged.
    """
    try:
        with contextlib.ExitStack() as stack:
            readers = {file: stack.enter_context(_opened(file)) for file in files}
            copies = {file: into / f"{number}.sqlite" for number, file in enumerate(files)}
            with _nobody_writes(files):
                for file, reader in readers.items():
                    reader.execute("BEGIN")
                    reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
                    if not _lets_others_write(reader):
                        _copy(reader, copies[file])
                        reader.execute("COMMIT")
                if held is not None:
                    held({file: copy if copy.exists() else file for file, copy in copies.items()})
            for file, reader in readers.items():
                if not copies[file].exists():
                    _copy(reader, copies[file])
            for file, copy in copies.items():
                _check(file, copy)
    except sqlite3.Error as error:
        busy = str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        cure = "; try again at a quieter time" if busy else ""
        raise BackupFailed(f"the databases cannot be copied: {error}{cure}") from error
    return copies


def check(file: Path) -> str:
    """What is wrong with a database; empty: nothing."""
    try:
        with contextlib.closing(sqlite3.connect(file)) as database:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if said == "ok" else str(said)


@contextlib.contextmanager
def _nobody_writes(files: Sequence[Path]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for file in files:
            # Of a file that we may not write to nobody else here holds the lock either.
            if os.access(file, os.W_OK):
                holder = stack.enter_context(_opened(file))
                holder.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    # Never made anew: a file that has gone is no empty database.
    mode = "rw" if os.access(file, os.W_OK) else "ro"
    address = f"file:{quote(str(file))}?mode={mode}"
    try:
        connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)
    except sqlite3.Error as error:
        raise BackupFailed(f"{file} cannot be opened: {error}") from error
    with contextlib.closing(connection):
        yield connection


def _lets_others_write(reader: sqlite3.Connection) -> bool:
    return str(reader.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"


def _copy(reader: sqlite3.Connection, copy: Path) -> None:
    with contextlib.closing(sqlite3.connect(copy)) as target:
        reader.backup(target)


def _check(file: Path, copy: Path) -> None:
    if wrong := check(copy):
        raise BackupFailed(f"{file} is damaged ({wrong}); restore it from the last good backup")
