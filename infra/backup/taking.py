"""One backup from its beginning to its end."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from infra.backup.keys import Lock
from infra.backup.making import Made, make
from infra.backup.showing import Shown
from infra.backup.targets import chosen, new_file
from infra.backup.wiring import open_source
from infra.backup.work_folder import alone, clear
from infra.settings import EmbeddedSettings
from vault.files import private_folder


@dataclass(frozen=True)
class Taken:
    """A backup that was made."""

    file: Path
    size: int
    digest: str
    """SHA-256 of the file: whoever notes it down elsewhere knows later that it is still the same."""
    made: Made


async def take(settings: EmbeddedSettings, target: Path, locks: Sequence[Lock], now: datetime, shown: Shown) -> Taken:
    """Make a backup as the file `target`, or in that folder. Raises BackupFailed, VaultError."""
    file = chosen(target, settings.home, now)
    source = open_source(settings)
    with alone(private_folder(source.work)):
        clear(source.work)
        with new_file(file) as out:
            hashed = _Hashed(out)
            made = await make(source, cast("BinaryIO", hashed), locks, now, shown)
    return Taken(file, hashed.size, hashed.digest, made)


def digest_of(file: Path) -> str:
    """SHA-256 of a file. OSError."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


class _Hashed:
    """Counts and hashes what is written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._hash, self.size = out, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._out.write(data)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
