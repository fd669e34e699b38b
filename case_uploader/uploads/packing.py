"""Pack a case folder, so that a folder takes the same way as an archive."""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from case_uploader.uploads.names import is_left_out
from services.kit.errors import CaseloopError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""Equal folders give equal archives."""
_PART: Final = 1024 * 1024


class CannotPack(CaseloopError):
    """The folder cannot be packed; the message names the file and says why."""

    status, error = 422, "cannot_pack"


def pack(folder: Path, archive: Path) -> None:
    """Write the folder's files into a new zip archive. Raises `CannotPack`.

    Links go in as links, and are refused where they are unpacked: following one here could send anything along.
    """
    try:
        with zipfile.ZipFile(archive, "x", zipfile.ZIP_STORED) as opened:
            for path in _files(folder):
                _add(opened, path, path.relative_to(folder).as_posix())
    except (OSError, UnicodeEncodeError) as error:
        raise CannotPack(f"{folder} could not be packed: {error}") from error


def _files(folder: Path) -> Iterator[Path]:
    for directory, folders, files in os.walk(folder):
        here = Path(directory)
        folders[:] = sorted(name for name in folders if not is_left_out(name))
        linked = [name for name in folders if (here / name).is_symlink()]
        for name in sorted([*files, *linked]):
            if not is_left_out(name):
                yield here / name


def _add(opened: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    status = path.lstat()
    entry.external_attr = (stat.S_IFMT(status.st_mode) | 0o600) << 16
    if not stat.S_ISREG(status.st_mode):
        opened.writestr(entry, b"")
        return
    entry.file_size = status.st_size
    with path.open("rb") as source, opened.open(entry, "w") as target:
        while part := source.read(_PART):
            target.write(part)
