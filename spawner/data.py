import asyncio
import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from services.contracts.case import DataFile, LearnerCase
from services.contracts.clients.cases import CasesClient


class BrokenData(Exception):
    """A data file did not arrive as the case version describes it."""


class CaseData:
    """Datasets on this machine: one folder a case version, made once, shown read-only to every learner."""

    def __init__(self, root: Path, cases: CasesClient) -> None:
        self._root, self._cases = root, cases

    async def folder(self, case: LearnerCase) -> Path:
        """Folder that holds the case's files at their own relative paths. BrokenData; ServiceError."""
        folder = self._root / case.version
        for file in case.data:
            await self._fetch(file, folder)
        return folder

    async def _fetch(self, file: DataFile, folder: Path) -> None:
        target = folder / _safe(file.path)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
        digest = hashlib.sha256()
        try:
            with temporary.open("xb") as out:
                async for part in self._cases.data(file.digest):
                    digest.update(part)
                    out.write(part)
                out.flush()
                await asyncio.to_thread(os.fsync, out.fileno())
            if digest.hexdigest() != file.digest:
                raise BrokenData(f"{file.path}: the content does not match its checksum")
            temporary.chmod(0o400)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def top_entries(files: Sequence[DataFile]) -> Mapping[str, bool]:
    """What stands at the top of a case's files: name -> whether it is a folder. BrokenData.

    A case of ours has the folder `data`; an assignment of another tool has its files beside the notebook.
    """
    paths = [_safe(file.path).parts for file in files]
    return {parts[0]: len(parts) > 1 for parts in sorted(paths)}


def _safe(path: str) -> PurePosixPath:
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise BrokenData(f"{path}: not a path inside the case folder")
    return relative
