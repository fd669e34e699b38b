import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pydantic import ValidationError

from evaluation.grading.results import NotebookResult


class Journal:
    """What was graded already, one JSON line a notebook, for one case version: an interrupted run goes on from here.

    A line that a crash cut short is ignored. `could_not_judge` is not remembered: it is worth another try.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: dict[tuple[str, str], NotebookResult] = {}
        self._out: IO[str] | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValidationError):
                    result = NotebookResult.model_validate_json(line)
                    self._done[result.file, result.digest] = result
        self._out = self._path.open("a", encoding="utf-8")
        self._out.write("\n")  # ends a line that a crash cut short
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._out is not None
        self._out.close()

    def known(self, file: str, digest: str) -> NotebookResult | None:
        """The result of this very content, if there is one."""
        return self._done.get((file, digest))

    def keep(self, result: NotebookResult) -> None:
        """Write one result down before anything else is done."""
        assert self._out is not None
        if result.status == "could_not_judge":
            return
        self._out.write(result.model_dump_json() + "\n")
        self._out.flush()
        os.fsync(self._out.fileno())
