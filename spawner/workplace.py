"""A learner's folder on disk. All inside it belongs to the learner, so nothing in it is followed or trusted."""

import contextlib
import json
import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

MAX_NOTEBOOK_BYTES = 16 << 20


def folder_name(user: str) -> str:
    """Name of a learner's folder: any user name, but never a path, `.` or `..`."""
    name = quote(user, safe="@.-_ ")
    return name if name.strip(".") else name.replace(".", "%2E")


class UnusableNotebook(Exception):
    """The notebook file cannot be kept: it is no regular file, too large, or no notebook."""


class HugeNotebook(UnusableNotebook):
    """The notebook file is too large to be kept; JupyterLab may still open it."""


class Workplace:
    """Folder of one learner and case: `work/` is the learner's home, `state.json` beside it is ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "work"

    def prepare(self) -> None:
        """Make the folder, private to the account that runs Caseloop."""
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def version(self) -> str | None:
        """The case version the learner is on, once there is one."""
        try:
            state = json.loads((self.root / "state.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        version = state.get("version")
        return version if isinstance(version, str) else None

    def keep_version(self, version: str) -> None:
        """Remember the case version, so that a newly published one does not change work under way."""
        _replace(self.root / "state.json", json.dumps({"version": version}).encode())

    def has_notebook(self, name: str) -> bool:
        """Whether a notebook of that name lies in the learner's home that JupyterLab can open."""
        try:
            self.read_notebook(name)
        except HugeNotebook:
            return True
        except (FileNotFoundError, UnusableNotebook):
            return False
        return True

    def read_notebook(self, name: str) -> tuple[dict[str, Any], int]:
        """The notebook and its modification time (ns). FileNotFoundError; UnusableNotebook.

        The learner may have put a link, a pipe or a gigabyte there: links are not followed, reading never
        blocks, and the size is bounded.
        """
        try:
            fd = os.open(self.work / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise UnusableNotebook(f"{name}: {error.strerror}") from error
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise UnusableNotebook(f"{name} is not a regular file")
            content = file.read(MAX_NOTEBOOK_BYTES + 1)
        if len(content) > MAX_NOTEBOOK_BYTES:
            raise HugeNotebook(f"{name} is larger than {MAX_NOTEBOOK_BYTES >> 20} MB; clear its outputs")
        try:
            notebook = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise UnusableNotebook(f"{name} is not a notebook: {error}") from error
        if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
            raise UnusableNotebook(f"{name} is not a notebook: there is no list of cells")
        return notebook, status.st_mtime_ns

    def write_notebook(self, name: str, notebook: dict[str, Any]) -> None:
        """Put a notebook into the learner's home; whatever lay at its name before is moved aside."""
        target = self.work / name
        with contextlib.suppress(FileNotFoundError):
            target.rename(target.with_name(f"{name}.{secrets.token_hex(4)}.moved"))
        _replace(target, json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n")

    def mount_point(self, name: str) -> None:
        """Make sure that a real, empty place for a read-only mount is there, moving aside what the learner left."""
        place = self.work / name
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(place.lstat().st_mode):
                return
            place.rename(place.with_name(f"{name}.{secrets.token_hex(4)}.moved"))
        place.mkdir(mode=0o700)

    def mount_point_of_file(self, name: str) -> None:
        """The same for a single file."""
        place = self.work / name
        with contextlib.suppress(FileNotFoundError):
            status = place.lstat()
            if stat.S_ISREG(status.st_mode) and not status.st_size:
                return
            place.rename(place.with_name(f"{name}.{secrets.token_hex(4)}.moved"))
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))

    def remove(self) -> None:
        """Delete everything of this learner's case."""
        shutil.rmtree(self.root, ignore_errors=True)


def _replace(target: Path, content: bytes) -> None:
    """Write so that a crash leaves the old file or the new one, never a part."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)
    temporary.replace(target)
