"""Cases that are open for evaluation, and what judges and words samples of them in this process."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from evaluation.contamination import held_out
from evaluation.pipeline import CannotAnswer
from evaluation.runs.result import Answer
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from feedback.firewalls import KeptFirewalls
from feedback.model.port import ChatModel
from feedback.mutants import MutantJudge
from feedback.pipeline import Checker, last
from services.contracts.case import AuthorCase
from services.contracts.feedback import CheckRequest, Feedback


class CannotEvaluate(Exception):
    """There is no such case, suite or run, or the platform cannot run code here; the message says what to do."""


class Wording(Protocol):
    """Has a model word a judged feedback, as learners who chose AI get it."""

    async def worded(self, case: AuthorCase, sample: Sample, feedback: Feedback) -> tuple[Feedback, int, int]:
        """The feedback in its new words, and how many tokens went to the model and came from it."""
        ...


@dataclass(frozen=True)
class Bench:
    """What is open. `wording` and `model`: None where no model is configured."""

    cases: Mapping[str, AuthorCase]
    checker: Checker
    firewalls: KeptFirewalls
    made_of: Mapping[str, str]
    """Version of the rules, model and prompts."""
    model: ChatModel | None = None
    wording: Wording | None = None

    @property
    def mutants(self) -> MutantJudge:
        """Who judges small faults in a reference."""
        return MutantJudge(self.checker.runs, self.checker.baselines)

    async def grounds(self) -> dict[str, Ground]:
        """What scorers may know of each case."""
        return {name: Ground(case, await self.firewalls.of(case)) for name, case in self.cases.items()}


OpenBench = Callable[[tuple[str, ...], bool], AbstractAsyncContextManager[Bench]]
"""From published cases' ids or case folders, and whether the configured model is wanted. Raises CannotEvaluate."""


class InProcess:
    """The pipeline that learners meet, called without a server."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @property
    def made_of(self) -> dict[str, str]:
        """Rules, words, and the version of each case."""
        versions = {f"case {name}": case.version for name, case in sorted(self._bench.cases.items())}
        return {**self._bench.made_of, **versions}

    async def answer(self, sample: Sample) -> Answer:
        """Judged, and worded by the model where there is one. Raises CannotAnswer."""
        case = self._bench.cases.get(sample.case)
        if case is None:
            raise CannotAnswer(f"the case {sample.case!r} is not open")
        started = time.perf_counter()
        request = CheckRequest(subtask=sample.subtask, cells=sample.cells)
        feedback = await last(self._bench.checker.check(case, request))
        sent = written = 0
        if self._bench.wording is not None:
            feedback, sent, written = await self._bench.wording.worded(case, sample, feedback)
        wall_ms = (time.perf_counter() - started) * 1000
        said = held_out(feedback, sample)
        return Answer(feedback=said, wall_ms=round(wall_ms, 3), prompt_tokens=sent, completion_tokens=written)
