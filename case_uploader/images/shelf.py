"""The images of this installation: a note for each, by what it is made from."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Set
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from case_uploader.environments.locks import alone, try_lock
from case_uploader.environments.shelf import UNUSED_SECONDS
from case_uploader.images.ports import NOTHING_DECLARED, BuiltImage, ImageBuilder
from services.kit.objects import is_digest
from vault.files import private_folder, write_private


@dataclass(frozen=True)
class ReadyImage:
    """An image that can be started."""

    digest: str
    """`sha256:…`"""
    fresh: bool
    """Whether it was made just now."""


class ImageShelf:
    """Makes each image once, whichever processes ask for it at the same time, and removes unused ones.

    A note is written before an image is made, names it once it is, and is touched whenever somebody asks for it.
    `stock_packs`: whether a case may have repo2docker's own packs make what its packages are added to.
    """

    def __init__(self, root: Path, builder: ImageBuilder, *, stock_packs: bool = False) -> None:
        self._root, self._builder, self.stock_packs = root, builder, stock_packs

    async def get(
        self, packages: Mapping[str, str], declared: Mapping[str, str] = NOTHING_DECLARED
    ) -> AsyncIterator[str | ReadyImage]:
        """Lines of the build, if there is one, then the image. Raises `CannotBuild`, `ImagesUnavailable`."""
        private_folder(self._root)
        key = await self._builder.key(packages, declared)
        note = self._note(key)
        async with alone(self._root, key):
            digest = _read(note)
            fresh = digest is None or not await self._builder.has(key, digest)
            if fresh:
                async with aclosing(cast("Any", self._made(key, packages, declared))) as lines:
                    async for line in lines:
                        if isinstance(line, BuiltImage):
                            digest = line.digest
                        else:
                            yield line
            os.utime(note)
        assert digest is not None, "a build ends with an image"
        yield ReadyImage(digest, fresh)

    async def _made(
        self, key: str, packages: Mapping[str, str], declared: Mapping[str, str]
    ) -> AsyncIterator[str | BuiltImage]:
        note = self._note(key)
        # an image that a killed build leaves is found by its note
        write_private(note, json.dumps({"image": None}).encode())
        try:
            async with aclosing(cast("Any", self._builder.build(packages, declared))) as lines:
                async for line in lines:
                    if isinstance(line, BuiltImage):
                        write_private(note, json.dumps({"image": line.digest}).encode())
                    yield line
        except BaseException:
            note.unlink(missing_ok=True)
            raise

    async def collect(self, in_use: Set[str], now: float | None = None) -> list[str]:
        """Remove images that no version needs, no container is made of and nobody asked for lately; say which.

        Raises `ImagesUnavailable`.
        """
        now = time.time() if now is None else now
        removed = []
        for note in await asyncio.to_thread(self._notes):
            with try_lock(self._root, note.stem) as locked:
                if not locked or now - _asked_for(note, now) < UNUSED_SECONDS:
                    continue
                digest = _read(note)
                if digest not in in_use and await self._builder.remove(note.stem):
                    note.unlink()
                    removed.append(digest or note.stem)
        return removed

    def _notes(self) -> list[Path]:
        return [note for note in self._root.glob("*.json") if is_digest(note.stem)]

    def _note(self, key: str) -> Path:
        return self._root / f"{key}.json"


def _asked_for(note: Path, now: float) -> float:
    """When; a note that is gone meanwhile counts as new."""
    try:
        return note.stat().st_mtime
    except FileNotFoundError:
        return now


def _read(note: Path) -> str | None:
    """The image that a note names; None without one."""
    try:
        named = json.loads(note.read_bytes())["image"]
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return str(named) if named else None
