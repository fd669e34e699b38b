"""What a judge said about a run, beside the run: every exchange, every opinion, one JSON line each, and a summary."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Generic, Self, TypeVar

from pydantic import ValidationError

from evaluation.judge.opinion import Exchange, Opinion
from services.contracts.model import WireModel

EXCHANGES: Final = "judge-exchanges.jsonl"
OPINIONS: Final = "judge-opinions.jsonl"
SUMMARY: Final = "judge.json"
T = TypeVar("T", bound=WireModel)


class RecordInUse(Exception):
    """Another judging writes beside this run."""


class Lines(Generic[T]):
    """A file of documents, one a line, to which lines are added. A line that a crash cut short is ignored."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self._path, self._kind = path, kind
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Open for adding. Raises RecordInUse."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.fdopen(os.open(self._path, flags, 0o600), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise RecordInUse(f"{self._path} is being written by another command; wait for its end") from None
        # A line without its end would swallow the next one.
        if file.read()[-1:] not in (b"", b"\n"):
            file.write(b"\n")
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> Iterator[T]:
        """All documents of the file, oldest first; none where there is no file."""
        if not self._path.exists():
            return
        for line in self._path.read_bytes().split(b"\n"):
            with contextlib.suppress(ValidationError):
                yield self._kind.model_validate_json(line)

    def add(self, documents: Sequence[T]) -> None:
        """Write them down before anything else is done."""
        assert self._file is not None, "the file is open"
        self._file.write(b"".join(one.model_dump_json().encode() + b"\n" for one in documents))
        self._file.flush()
        os.fsync(self._file.fileno())


class JudgeRecord:
    """The files of one run's judging. Use it as a context manager to add to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._exchanges, self._opinions = Lines(folder / EXCHANGES, Exchange), Lines(folder / OPINIONS, Opinion)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Open both files. Raises RecordInUse."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._opinions)
            stack.enter_context(self._exchanges)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def keep(self, opinion: Opinion, exchanges: Sequence[Exchange]) -> None:
        """Write down what was said, and then what it comes to."""
        self._exchanges.add(exchanges)
        self._opinions.add([opinion])

    def opinions(self) -> list[Opinion]:
        """The newest opinion of each sample's item."""
        newest = {(one.sample, one.item): one for one in self._opinions.read()}
        return list(newest.values())

    def exchanges(self) -> Iterator[Exchange]:
        """Everything that was said."""
        return self._exchanges.read()
