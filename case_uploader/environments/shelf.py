"""The environments of a machine: one folder each, by the digest of what is in it."""

import asyncio
import hashlib
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from case_uploader.environments.locks import alone, try_lock
from case_uploader.environments.ports import EnvironmentBuilder
from case_uploader.environments.shown import shown_in_sandboxes
from services.kit.objects import is_digest
from vault.files import private_folder, write_private

_FORMAT: Final = 1
_READY: Final = "caseloop-ready.json"
"""Written last: an environment without it was left by a build that was killed."""
UNUSED_SECONDS: Final = 24 * 3_600.0
"""What was asked for since then stays: the version that needs it may not be written down yet."""


@dataclass(frozen=True)
class Ready:
    """An environment that can be used."""

    digest: str
    folder: Path
    fresh: bool
    """Whether it was made just now."""


class EnvironmentShelf:
    """Makes each environment once, whichever processes ask for it at the same time, and removes unused ones."""

    def __init__(self, root: Path, builder: EnvironmentBuilder) -> None:
        self._root, self._builder = root, builder

    def digest(self, requirements: Sequence[str]) -> str:
        """Equal for equal requirements on the same common environment."""
        content = json.dumps([_FORMAT, self._builder.fingerprint(), sorted(requirements)])
        return hashlib.sha256(content.encode()).hexdigest()

    async def get(self, requirements: Sequence[str]) -> AsyncIterator[str | Ready]:
        """Lines of the build, if there is one, then the environment. Raises `CannotBuild`, and keeps nothing then."""
        private_folder(self._root)
        digest = self.digest(requirements)
        folder = self._root / digest
        async with alone(self._root, digest):
            fresh = not (folder / _READY).is_file()
            if fresh:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                try:
                    async for line in self._builder.build(folder, requirements):
                        yield line
                except BaseException:
                    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                    raise
                write_private(folder / _READY, json.dumps({"requirements": list(requirements)}).encode())
            os.utime(folder / _READY)
        yield Ready(digest, folder, fresh)

    def find(self, requirements: Sequence[str]) -> Ready | None:
        """The environment, where it has been made."""
        digest = self.digest(requirements)
        folder = self._root / digest
        return Ready(digest, folder, fresh=False) if (folder / _READY).is_file() else None

    def collect(self, in_use: Set[str], now: float | None = None) -> list[str]:
        """Remove environments that no version needs, no sandbox shows and nobody asked for lately; say which."""
        removed = []
        now = time.time() if now is None else now
        unused = [
            folder
            for folder in (self._root.iterdir() if self._root.is_dir() else ())
            if is_digest(folder.name) and folder.name not in in_use and now - _asked_for(folder) >= UNUSED_SECONDS
        ]
        shown = shown_in_sandboxes(self._root) if unused else set()
        for folder in (folder for folder in unused if folder.name not in shown):
            with try_lock(self._root, folder.name) as locked:
                # again under the lock: somebody may have asked for it meanwhile
                if locked and now - _asked_for(folder) >= UNUSED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
                    removed.append(folder.name)
        return removed


def _asked_for(folder: Path) -> float:
    marker = folder / _READY
    return (marker if marker.exists() else folder).stat().st_mtime
