"""The cases' data files: fetched once by digest, checked, and laid out as each case has them."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from services.contracts.case import DataFile
from services.contracts.errors import ServiceError
from services.runner.errors import DataMissing
from services.runner.ports import DataSource


class DataCache:
    """Files by digest, and one folder of links for each set of files."""

    def __init__(self, root: Path, source: DataSource | None) -> None:
        self._files, self._trees, self._source = root / "files", root / "trees", source
        self._fetching: dict[str, asyncio.Lock] = {}
        for folder in (self._files, self._trees):
            folder.mkdir(parents=True, exist_ok=True)

    async def tree(self, files: Sequence[DataFile]) -> Path:
        """A folder with these files at their paths, to be bound read-only. Raises DataMissing."""
        for file in files:
            _checked_path(file.path)
            await self._fetch(file)
        listing = "\n".join(f"{file.digest} {file.path}" for file in sorted(files, key=lambda f: f.path))
        tree = self._trees / hashlib.sha256(listing.encode()).hexdigest()
        if not tree.exists():
            await asyncio.to_thread(self._lay_out, tree, files)
        return tree

    async def _fetch(self, file: DataFile) -> None:
        async with self._fetching.setdefault(file.digest, asyncio.Lock()):
            target = self._files / file.digest
            if target.exists():
                return
            if self._source is None:
                raise DataMissing(f"{file.path} is not there: this runner has no case service to ask for data.")
            await self._download(file, self._source, target)

    async def _download(self, file: DataFile, source: DataSource, target: Path) -> None:
        partial = _Partial(self._files, file)
        try:
            async for part in source.data(file.digest):
                partial.write(part)
            partial.keep_as(target)
        except ServiceError as error:
            raise DataMissing(f"{file.path} could not be fetched: {error.detail}") from error
        finally:
            partial.discard()

    def _lay_out(self, tree: Path, files: Sequence[DataFile]) -> None:
        building = Path(tempfile.mkdtemp(dir=self._trees, prefix="part-"))
        try:
            for file in files:
                place = building / file.path
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(self._files / file.digest, place)
            # Whatever the umask: inside a sandbox the files belong to somebody else.
            for folder in (building, *(entry for entry in building.rglob("*") if entry.is_dir())):
                folder.chmod(0o755)
            building.rename(tree)
        except OSError:
            shutil.rmtree(building, ignore_errors=True)
            if not tree.exists():
                raise


class _Partial:
    """A file on its way in; it gets its name only when it is whole and right."""

    def __init__(self, folder: Path, file: DataFile) -> None:
        handle, name = tempfile.mkstemp(dir=folder, prefix="part-")
        self._out, self._path, self._file = os.fdopen(handle, "wb"), Path(name), file
        self._digest, self._size = hashlib.sha256(), 0

    def write(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._file.size:
            raise self._wrong()
        self._digest.update(part)
        self._out.write(part)

    def keep_as(self, target: Path) -> None:
        self._out.close()
        if self._digest.hexdigest() != self._file.digest:
            raise self._wrong()
        self._path.chmod(0o444)
        self._path.replace(target)

    def discard(self) -> None:
        self._out.close()
        self._path.unlink(missing_ok=True)

    def _wrong(self) -> DataMissing:
        return DataMissing(
            f"{self._file.path} is not the file the case was published with: publish the case again with its data."
        )


def _checked_path(path: str) -> None:
    """A case is made by an author, but a path that leaves the case folder is refused all the same."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or any(part in ("..", ".") for part in parts) or "\0" in path:
        raise DataMissing(f"{path!r} is no path inside the case folder.")
