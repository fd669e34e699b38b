"""Judge everybody's newest work of a case by one version, and note what changes."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader.models import RegradeItemRow, RegradeRow
from case_uploader.regrades.repository import RegradeRepository
from case_uploader.service import CaseService
from services.contracts.case import AuthorCase
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.regrading import RegradingClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, TrialRequest, Verdict
from services.contracts.notebook import Cell
from services.contracts.regrade import Effect, Regradable
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Held, Lease

_GAVE_UP = "Not all work could be judged: a part of the platform was away for too long. Start the regrade again."


class RegradeJob:
    """Makes one preview. What was judged before a worker died is not judged again."""

    def __init__(
        self,
        db: Database,
        cases: CaseService,
        feedback: FeedbackClient,
        progress: RegradingClient,
        clock: Clock = utc_now,
    ) -> None:
        self._db, self._cases, self._feedback, self._progress, self._clock = db, cases, feedback, progress, clock

    async def run(self, lease: Lease) -> None:
        """Do the job; see `Handler.run`."""
        regrade = str(lease.job.payload["regrade"])
        async with self._db.read() as session:
            row = await RegradeRepository(session).get(regrade)
            known = await RegradeRepository(session).judged(regrade)
        if row is None or row.state != "running":
            return
        author = await self._cases.author(row.version)
        after: int | None = 0
        while after is not None:
            page = await self._progress.regradable(row.case_id, after)
            for item in page.items:
                if item.submission not in known and author.subtask(item.subtask) is not None:
                    await self._judge(row, author, item)
            after = page.after
        async with self._db.write() as session:
            ended = await RegradeRepository(session).get(regrade)
            assert ended is not None, "regrades are never deleted"
            ended.state, ended.ended = "ready", self._clock()
            await lease.done(session)

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:  # noqa: ARG002 - it is in the log
        """Note that the preview failed; see `Handler.gave_up`."""
        row = await RegradeRepository(session).get(str(job.payload["regrade"]))
        if row is not None and row.state == "running":
            row.state, row.ended, row.detail = "failed", self._clock(), _GAVE_UP

    async def _judge(self, row: RegradeRow, author: AuthorCase, item: Regradable) -> None:
        try:
            version = await self._progress.submission(row.case_id, item.user, item.submission)
        except ServiceError as error:
            if error.status == 404:
                return  # deleted meanwhile, at the learner's wish
            raise
        cells = with_answers(author, {cell.id: cell.source for cell in version.cells})
        request = TrialRequest(version=author.version, cells=cells, subtasks=(item.subtask,))
        feedback = (await self._feedback.trial(request)).feedback[item.subtask].for_learner()
        async with self._db.write() as session:
            RegradeRepository(session).add(_found(row.id, item, feedback))


def with_answers(author: AuthorCase, sources: Mapping[str, str]) -> tuple[Cell, ...]:
    """The version's own notebook with a learner's answers in its answer cells."""
    answers = {cell for subtask in author.subtasks for cell in subtask.reference}
    return tuple(
        cell.model_copy(update={"source": sources[cell.id]}) if cell.id in answers and cell.id in sources else cell
        for cell in author.cells
    )


def effect_of(before: Verdict, before_points: float, after: Verdict, after_points: float) -> Effect:
    """What a new verdict means for a learner."""
    if after is Verdict.COULD_NOT_JUDGE:
        return "unclear"
    old, new = (before is Verdict.APPROVED, before_points), (after is Verdict.APPROVED, after_points)
    if new == old:
        return "same"
    return "gain" if new[0] >= old[0] and new > old else "loss"


def _found(regrade: str, item: Regradable, feedback: Feedback) -> RegradeItemRow:
    return RegradeItemRow(
        regrade=regrade,
        submission=item.submission,
        learner=item.user,
        subtask=item.subtask,
        before=item.verdict,
        before_points=item.points,
        after=feedback.verdict,
        after_points=feedback.points,
        effect=effect_of(item.verdict, item.points, feedback.verdict, feedback.points),
        feedback=feedback.model_dump_json(),
    )
