import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pydantic import ValidationError

from evaluation.grading.results import NotebookResult


class JournalInUse(Exception):
    """Another grading writes to this journal."""


class Journal:
    """What was graded already, one JSON line a notebook, for one case version: an interrupted run goes on from here.

    A line that a crash cut short is ignored. Only what is graded is remembered: all else is worth another try.
    """

    def __init__(self, path: Path, *, anew: bool = False) -> None:
        self._path, self._anew = path, anew
        self._done: dict[tuple[str, str], NotebookResult] = {}
        self._file: IO[bytes] | None = None
        self.recalled = 0
        """How many results were not worked out again."""

    def __enter__(self) -> Self:
        """Open and read. Raises JournalInUse."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "r+b")
        try:
            self._load(self._file)
        except BaseException:
            self._file.close()
            raise
        return self

    def _load(self, file: IO[bytes]) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalInUse(f"{self._path.parent} is being written by another grading; wait for its end") from None
        if self._anew:
            file.truncate()
        # Bytes, because text may hold characters that Python takes for ends of lines.
        *lines, torn = file.read().split(b"\n")
        for line in lines:
            with contextlib.suppress(ValidationError):
                result = NotebookResult.model_validate_json(line)
                self._done[result.file, result.digest] = result
        if torn:
            file.write(b"\n")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def known(self, file: str, digest: str) -> NotebookResult | None:
        """The result of this very content, if there is one."""
        result = self._done.get((file, digest))
        self.recalled += result is not None
        return result

    def keep(self, result: NotebookResult) -> None:
        """Write one result down before anything else is done."""
        if result.status != "graded":
            return
        assert self._file is not None, "the journal is open"
        self._file.write(result.model_dump_json().encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
