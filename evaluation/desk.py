"""What the `caseloop eval` commands share: where things are kept, how cases are opened, how suites are found."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluation.bench import CannotEvaluate, OpenBench
from evaluation.runs.store import RUNS, RunStore
from evaluation.served import RunningFeedback
from evaluation.suites.jsonl import SuiteFile, read_suite
from services.contracts.case import AuthorCase
from services.mentoring.kept import KeptAnswers
from services.progress.kept import KeptSubmissions

OpenSubmissions = Callable[[], AbstractAsyncContextManager[KeptSubmissions]]
OpenService = Callable[[], AbstractAsyncContextManager[RunningFeedback]]
OpenAnswers = Callable[[], AbstractAsyncContextManager[KeptAnswers]]
SUITES: Final = "suites"


@dataclass(frozen=True)
class Wanted:
    """What is to be run: a suite's file, or a case whose own material becomes the suite."""

    name: str
    file: SuiteFile | None
    cases: tuple[str, ...]
    """Ids of published cases, or case folders."""


def nothing_kept() -> AbstractAsyncContextManager[KeptSubmissions]:
    """For a command line without a home of learners' work. Raises CannotEvaluate."""
    raise CannotEvaluate("This command has no access to what learners handed in.")


def nothing_answered() -> AbstractAsyncContextManager[KeptAnswers]:
    """For a command line without a home of mentors' work. Raises CannotEvaluate."""
    raise CannotEvaluate("This command has no access to what mentors answered.")


def nobody_serves() -> AbstractAsyncContextManager[RunningFeedback]:
    """For a command line that knows of no running system. Raises CannotEvaluate."""
    raise CannotEvaluate("This command has no access to a running service.")


@dataclass(frozen=True)
class EvalDesk:
    """Given by whoever builds the command line. Settings are read when a command runs, not before."""

    open_bench: OpenBench
    home: Callable[[], Path]
    shipped: Callable[[], Path]
    """Folder of the cases that ship with Caseloop, and of the suite over them."""
    open_submissions: OpenSubmissions = nothing_kept
    """What learners handed in. Raises CannotEvaluate."""
    open_answers: OpenAnswers = nothing_answered
    """What mentors answered. Raises CannotEvaluate."""
    open_service: OpenService = nobody_serves
    """The pipeline of the running system. Raises CannotEvaluate."""

    @property
    def runs(self) -> RunStore:
        """All runs of this home."""
        return RunStore(self.home() / RUNS)

    def find(self, name: str) -> Wanted:
        """A suite (path of a .jsonl file, or its name in the home or among the shipped), or a case.

        Raises SuiteUnusable: the file is no suite.
        """
        places = (Path(name), self.home() / SUITES / f"{name}.jsonl", self.shipped() / f"{name}.jsonl")
        for path in places:
            if path.suffix == ".jsonl" and path.is_file():
                file = read_suite(path)
                return Wanted(file.id, file, tuple(self._case(case, path.parent) for case in file.cases))
        if name.endswith(".jsonl"):
            raise CannotEvaluate(f"There is no file {name}.")
        return Wanted(Path(name).name, None, (name,))

    def _case(self, case: str, beside: Path) -> str:
        """The case folder beside the suite's file, where there is one; else the published case."""
        folder = beside / case
        return str(folder) if (folder / "case.yaml").is_file() else case


def only_case(cases: Mapping[str, AuthorCase]) -> AuthorCase:
    """The one case that is open."""
    [case] = cases.values()
    return case
