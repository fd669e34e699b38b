import asyncio
import os
import re
import tempfile
from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{64}")


class DirectoryCache:
    """A Cache in a folder, one file a key."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def get(self, key: str) -> bytes | None:
        """Read the file, if there is one."""
        return await asyncio.to_thread(self._read, self._path(key))

    async def put(self, key: str, data: bytes) -> None:
        """Write the file beside its place, then move it there."""
        await asyncio.to_thread(self._write, self._path(key), data)

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            raise ValueError(f"{key[:80]!r} is no key of 64 hexadecimal digits")
        return self._root / key[:2] / f"{key}.json"

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Private from the first byte: it holds what the reference computed, and solutions.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
