"""Runs on disk: one folder each, whose results are written down one by one as they come."""

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from pydantic import ValidationError

from evaluation.runs.lines import Where, located
from evaluation.runs.result import EvalRun, SampleResult
from evaluation.suites.sample import Sample, Suite
from services.contracts.case import Slug
from services.contracts.model import WireModel
from vault.files import private_folder, write_private

RUNS: Final = "evaluations"
"""Folder of all runs in a home."""
HEADER: Final = "run.json"
RESULTS: Final = "results.jsonl"
_SYNC_SECONDS: Final = 1.0
"""Most work that a power cut undoes. To wait for the disk after each sample takes as long as scoring it."""
_ID = re.compile(r"[\w.-]{1,100}")


class NoSuchRun(Exception):
    """There is no run of that name; the message says which there are."""


class RunInUse(Exception):
    """Another process writes to this run."""


class RunUnreadable(Exception):
    """A run's files are not what was written; the message says which file and what to do."""


class RunHeader(WireModel):
    """A run without its results."""

    id: str
    suite: Slug
    suite_digest: str
    pipeline: dict[str, str]
    scorers: tuple[str, ...] = ()
    started: datetime
    ended: datetime | None = None
    order: tuple[str, ...] = ()
    """Ids of the suite's samples."""


class RunStore:
    """All runs below one folder: `<home>/evaluations`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The folder of all runs."""
        return self._folder

    def folder(self, run: str) -> Path:
        """Where one run keeps its files, whether it exists or not. Raises NoSuchRun for what can be no name of one."""
        if not _ID.fullmatch(run) or run.startswith("."):
            raise NoSuchRun(f"{run!r} is no name of a run")
        return self._folder / run

    def list(self) -> tuple[RunHeader, ...]:
        """Every readable run, newest first."""
        headers = (self._header_or_none(path.parent) for path in self._folder.glob(f"*/{HEADER}"))
        return tuple(sorted((h for h in headers if h), key=lambda h: (h.started, h.id), reverse=True))

    def header(self, run: str) -> RunHeader:
        """A run without its results. Raises NoSuchRun, RunUnreadable."""
        return self._header(self.folder(run))

    def open(self, run: str) -> EvalRun:
        """One run with its results, in the suite's order. Raises NoSuchRun, RunUnreadable."""
        return self.located(run)[0]

    def located(self, run: str) -> tuple[EvalRun, dict[str, Where]]:
        """The same, and where the newest result of each sample stands in the file. Raises as `open`."""
        folder = self.folder(run)
        header = self._header(folder)
        with (folder / RESULTS).open("rb") as file:
            found = {result.sample.id: (result, where) for where, result in _read(file)}
        wanted = [name for name in header.order if name in found]
        results = tuple(found[name][0] for name in wanted)
        kept = EvalRun(**header.model_dump(exclude={"scorers", "order"}), results=results)
        return kept, {name: found[name][1] for name in wanted}

    def knows(self, run: str) -> bool:
        """Whether there is such a run. Raises NoSuchRun for what can be no name of one."""
        return (self.folder(run) / HEADER).exists()

    def save(self, run: EvalRun) -> None:
        """Write a whole run at once, in place of one of the same name."""
        scorers = tuple(dict.fromkeys(score.name for result in run.results for score in result.scores))
        header = RunHeader(
            **run.model_dump(exclude={"results"}),
            scorers=scorers,
            order=tuple(result.sample.id for result in run.results),
        )
        private_folder(self._folder)
        private_folder(folder := self.folder(run.id))
        lines = b"".join(result.model_dump_json().encode() + b"\n" for result in run.results)
        write_private(folder / RESULTS, lines)
        write_private(folder / HEADER, header.model_dump_json(indent=1).encode())

    def resumable(self, suite: Suite, pipeline: dict[str, str], scorers: Sequence[str]) -> RunHeader | None:
        """The newest run of the same samples by the same pipeline and scorers that has not come to its end."""
        for header in self.list():
            same = (header.suite_digest, header.pipeline, header.scorers) == (suite.digest, pipeline, tuple(scorers))
            if same and header.ended is None:
                return header
        return None

    def begin(self, suite: Suite, pipeline: dict[str, str], scorers: Sequence[str], now: datetime) -> "RunWriter":
        """A new run, to be entered."""
        stem = f"{suite.id}-{now:%Y%m%d-%H%M%S}"[:90]
        private_folder(self._folder)
        for number in range(1, 1_000):
            name = stem if number == 1 else f"{stem}-{number}"
            with contextlib.suppress(FileExistsError):
                (self._folder / name).mkdir(mode=0o700)
                break
        else:
            raise RunInUse(f"{self._folder} has a thousand runs of this second; something starts them in a loop")
        header = RunHeader(
            id=name,
            suite=suite.id,
            suite_digest=suite.digest,
            pipeline=pipeline,
            scorers=tuple(scorers),
            started=now,
            order=tuple(sample.id for sample in suite.samples),
        )
        folder = self.folder(name)
        (folder / RESULTS).touch(mode=0o600)
        write_private(folder / HEADER, header.model_dump_json(indent=1).encode())
        return RunWriter(folder, header)

    def resume(self, header: RunHeader) -> "RunWriter":
        """The same run once more, to be entered."""
        return RunWriter(self.folder(header.id), header)

    def _header(self, folder: Path) -> RunHeader:
        try:
            return RunHeader.model_validate_json((folder / HEADER).read_bytes())
        except FileNotFoundError:
            known = ", ".join(header.id for header in self.list()[:5]) or "none yet"
            raise NoSuchRun(f"There is no run {folder.name!r}. The newest are: {known}.") from None
        except ValidationError as error:
            raise RunUnreadable(f"{folder / HEADER} is no run that this version can read: {error}") from error

    def _header_or_none(self, folder: Path) -> RunHeader | None:
        try:
            return self._header(folder)
        except (NoSuchRun, RunUnreadable):
            return None


class RunWriter:
    """One run being written. What a crash cut short is ignored; what was written is never asked again."""

    def __init__(self, folder: Path, header: RunHeader) -> None:
        self.folder, self.header = folder, header
        self._done: dict[str, SampleResult] = {}
        self._file: IO[bytes] | None = None
        self._sync_due = 0.0
        self.recalled = 0
        """Results of an earlier start of this run."""

    def __enter__(self) -> Self:
        """Open and read. Raises RunInUse."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self.folder / RESULTS, flags, 0o600), "r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._done = {result.sample.id: result for _, result in _read(self._file)}
            self.recalled = len(self._done)
            _end_line(self._file)
        except BlockingIOError:
            self._file.close()
            raise RunInUse(f"{self.folder} is being written by another process; wait for its end") from None
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def known(self, sample: Sample) -> SampleResult | None:
        """The result of this very sample, if it was answered: what broke off is worth another try."""
        found = self._done.get(sample.id)
        same = found is not None and found.answer is not None and found.sample.digest == sample.digest
        return found if same else None

    def keep(self, result: SampleResult) -> None:
        """Write one result down before anything else is done: it outlives the process, and soon a power cut."""
        assert self._file is not None, "the run is open"
        self._file.write(result.model_dump_json().encode() + b"\n")
        self._file.flush()
        if time.monotonic() >= self._sync_due:
            os.fsync(self._file.fileno())
            self._sync_due = time.monotonic() + _SYNC_SECONDS
        self._done[result.sample.id] = result

    def end(self, now: datetime) -> EvalRun:
        """The run came to its end."""
        self.header = self.header.model_copy(update={"ended": now})
        write_private(self.folder / HEADER, self.header.model_dump_json(indent=1).encode())
        results = tuple(self._done[name] for name in self.header.order if name in self._done)
        return EvalRun(**self.header.model_dump(exclude={"scorers", "order"}), results=results)


def _read(file: IO[bytes]) -> Iterator[tuple[Where, SampleResult]]:
    """Line by line: what the file holds is not held twice."""
    for where, line in located(file):
        with contextlib.suppress(ValidationError):
            yield where, SampleResult.model_validate_json(line)


def _end_line(file: IO[bytes]) -> None:
    """A line that a crash cut short ends here, so that the next one is whole."""
    size = file.seek(0, os.SEEK_END)
    if size:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")
