"""One run of a case's CI: the author's own material first, then small faults in the reference."""

import time
from collections.abc import AsyncIterator, Sequence

from case_uploader.ci.mutants import plan_mutants
from case_uploader.ci.report import Findings, add_gate_problems, add_unknown_declarations, build_report
from case_uploader.ci.running import judged
from case_uploader.errors import TrialsUnavailable
from case_uploader.format.case_folder import CaseDraft
from case_uploader.format.problem import Problems
from case_uploader.steps import Mutating, Reported, Step, Trying
from case_uploader.trials import Trial, Trials
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import TrialRequest


class CaseCi:
    """Tries a stored draft; what is wrong with it is recorded in `problems`."""

    def __init__(self, draft: CaseDraft, feedback: FeedbackClient, problems: Problems, *, mutants: bool = True) -> None:
        self._draft, self._feedback, self._problems, self._with_mutants = draft, feedback, problems, mutants
        self._found = Findings()

    async def steps(self, trials: Sequence[Trial]) -> AsyncIterator[Step]:
        """Do it. The last step is Reported, unless a trial came out wrong or mutants are not wanted.

        Raises:
            TrialsUnavailable: the platform, not the case, kept something from being judged.
        """
        started = time.perf_counter()
        bench = Trials(self._draft, self._feedback, self._problems)
        for index, trial in enumerate(trials, 1):
            yield Trying(what=trial.what, index=index, count=len(trials))
            self._found.trials += await bench.run(trial)
        if self._problems.errors or not self._with_mutants:
            # A case that does not even accept its own material has nothing to be measured by.
            return
        await self._take_times(trials[0])
        async for step in self._mutants():
            yield step
        report = build_report(self._draft, self._found, time.perf_counter() - started)
        add_gate_problems(report, self._draft.notebook_file, self._problems)
        add_unknown_declarations(self._draft.ci, report.mutants, report.left_out, self._problems)
        yield Reported(report=report)

    async def _take_times(self, reference: Trial) -> None:
        """How long each subtask's check of the reference takes, now that everything about it is warm."""
        for subtask in reference.subtasks:
            started = time.perf_counter()
            request = TrialRequest(version=self._draft.version, cells=reference.cells, subtasks=(subtask,))
            try:
                await self._feedback.trial(request)
            except ServiceError as error:
                raise TrialsUnavailable(f"The reference could not be timed: {error.error} ({error.detail}).") from error
            self._found.seconds[subtask] = round(time.perf_counter() - started, 4)

    async def _mutants(self) -> AsyncIterator[Step]:
        plan = plan_mutants(self._draft, self._draft.ci.max_mutants)
        self._found.left_out = plan.left_out
        declared = {entry.mutant: entry.reason for entry in self._draft.ci.equivalent}
        count, started = len(plan.mutants), time.perf_counter()
        if count:
            yield Mutating(done=0, count=count, missed=0)
        async for lines in judged(self._draft.version, plan.mutants, declared, self._feedback):
            self._found.mutants += lines
            yield Mutating(done=len(self._found.mutants), count=count, missed=self._found.missed)
        self._found.mutant_seconds = time.perf_counter() - started
