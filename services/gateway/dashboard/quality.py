from services.contracts.clients.evaluation import EvaluationClient
from services.contracts.evaluated_sample import EvaluatedSample, JudgeExchange, SamplePage
from services.contracts.evaluation import RunComparison, RunFigures, RunPage
from services.contracts.labelling import GiveLabel, LabelGiven, LabelPage
from services.gateway.dashboard.mentor import Mentor, MentorScopes


class Quality:
    """Runs of suites, their samples, and people's labels. Each call acts for the person it is given."""

    def __init__(self, evaluation: EvaluationClient, scopes: MentorScopes) -> None:
        self._evaluation, self._scopes = evaluation, scopes

    async def runs(self, person: Mentor, suite: str | None, after: int, limit: int) -> RunPage:
        """Part of the runs, newest first."""
        return await self._evaluation.runs(self._scopes.measuring(person), suite=suite, after=after, limit=limit)

    async def run(self, person: Mentor, run: str) -> RunFigures:
        """One run in figures."""
        return await self._evaluation.run(run, self._scopes.measuring(person))

    async def samples(
        self,
        person: Mentor,
        run: str,
        *,
        case: str | None,
        failed: str | None,
        against: str | None,
        changed: bool,
        after: int,
        limit: int,
    ) -> SamplePage:
        """Part of a run's samples."""
        return await self._evaluation.samples(
            run,
            self._scopes.measuring(person),
            case=case,
            failed=failed,
            against=against,
            changed=changed,
            after=after,
            limit=limit,
        )

    async def sample(self, person: Mentor, run: str, sample: str, against: str | None) -> EvaluatedSample:
        """One sample with all that was said about it."""
        return await self._evaluation.sample(run, sample, self._scopes.measuring(person), against=against)

    async def exchanges(self, person: Mentor, run: str, sample: str) -> tuple[JudgeExchange, ...]:
        """All that was said to and by the judge about one sample."""
        return await self._evaluation.exchanges(run, sample, self._scopes.measuring(person))

    async def compare(self, person: Mentor, before: str, after: str) -> RunComparison:
        """Two runs compared."""
        return await self._evaluation.compare(before, after, self._scopes.measuring(person))

    async def to_label(self, person: Mentor, run: str) -> LabelPage:
        """What the person should label next."""
        return await self._evaluation.labels(run, self._scopes.measuring(person))

    async def label(self, person: Mentor, run: str, label: GiveLabel) -> LabelGiven:
        """Write one label down in the person's name."""
        return await self._evaluation.label(run, label, self._scopes.measuring(person))
