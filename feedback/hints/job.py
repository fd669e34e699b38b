import time

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.assistance.reflection import enough
from feedback.assistance.service import AssistanceService
from feedback.hints.changes import Changes
from feedback.hints.metrics import HintMetrics
from feedback.hints.models import HintRow
from feedback.hints.pipeline import HintPipeline
from feedback.hints.repository import HintRepository, hint_to_make, hint_to_write
from feedback.hints.service import CELLS
from feedback.hints.task import HintTask, Made, Unmade
from feedback.hints.trace import Trace
from feedback.hints.view import Stage, view
from feedback.ports import AuthorCases
from services.contracts.identity import ScopeClaims
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Held, Lease

_log = structlog.get_logger(__name__)
_FAILED = "This hint could not be made: something broke on our side. It was not counted; ask again."


class HintJob:
    """Makes the hint that a job of the queue is about, and writes it down once.

    What it writes and that it is done are one transaction: however often it is begun, there is one text and one use.
    """

    def __init__(
        self,
        db: Database,
        cases: AuthorCases,
        pipeline: HintPipeline,
        assistance: AssistanceService,
        changes: Changes,
        metrics: HintMetrics | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._db, self._cases, self._pipeline, self._assistance = db, cases, pipeline, assistance
        self._changes, self._metrics, self._clock = changes, metrics or HintMetrics(), clock

    async def run(self, lease: Lease) -> None:
        """Make and write the hint. Raises what the platform raises; the job is then tried again."""
        id_, started = str(lease.job.payload["hint"]), time.perf_counter()
        task = await self._task(id_)
        if task is None:
            # Forgotten, or written by a worker that died before it could say so.
            return
        outcome, trace = await self._pipeline.make(task, _RowWatch(self._db, self._changes, id_))
        async with self._db.write(brief=True) as session:
            row = await hint_to_write(session, id_)
            if row is not None and row.state == "working":
                await self._write(session, row, outcome, trace)
            await lease.done(session)
        self._changes.announce(id_)
        self._count(task, outcome, trace, time.perf_counter() - started)

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Tell the learner that there will be no hint, and give the place back."""
        row = await hint_to_write(session, str(job.payload["hint"]))
        if row is None or row.state != "working":
            return
        _log.error("a hint was given up", hint=row.id, kind=row.kind, error=error)
        _fail(row, _FAILED)
        self._metrics.ended(view(row).kind, "failed", "platform", (self._clock() - row.asked).total_seconds())

    async def _task(self, id_: str) -> HintTask | None:
        async with self._db.read(brief=True) as session:
            row = await hint_to_make(session, id_)
            if row is None or row.state != "working":
                return None
            scope = ScopeClaims.model_validate_json(row.scope)
            before = [r for r in await HintRepository(session, scope).of_subtask(row.subtask) if r.seq < row.seq]
            kind, cells = view(row).kind, CELLS.validate_json(row.cells)
        case = await self._cases.author(scope.case_version)
        subtask = case.subtask(row.subtask)
        if subtask is None:
            raise ValueError(f"the case version {case.version} has no step {row.subtask!r} any more")
        given = [r for r in before if r.counted and r.state == "ready"]
        return HintTask(
            kind=kind,
            case=case,
            subtask=subtask,
            cells=cells,
            scope=scope,
            given=sum(r.kind == kind for r in given),
            earlier=tuple(r.text for r in given if r.text),
        )

    async def _write(self, session: AsyncSession, row: HintRow, outcome: Made | Unmade, trace: Trace) -> None:
        row.trace = trace.text()
        if isinstance(outcome, Unmade):
            _fail(row, outcome.problem)
            return
        scope = ScopeClaims.model_validate_json(row.scope)
        row.stage, row.text, row.words_by = "done", outcome.text, outcome.words_by
        row.place = outcome.place.model_dump_json() if outcome.place else None
        row.counted, row.given = outcome.counted, self._clock()
        thought_first = scope.ai_mode == "lead_and_reveal" and outcome.counted
        row.state = "reflect" if thought_first and not enough(row.reflection) else "ready"
        if row.state == "ready" and outcome.counted:
            await self._assistance.used(session, scope, "hint", outcome.words_by)

    def _count(self, task: HintTask, outcome: Made | Unmade, trace: Trace, seconds: float) -> None:
        for objection in trace.objections:
            self._metrics.objected(objection)
        words_by = outcome.words_by if isinstance(outcome, Made) else "failed"
        self._metrics.ended(task.kind, words_by, outcome.reason, seconds)
        _log.info(
            "a hint was made", kind=task.kind, words_by=words_by, reason=outcome.reason, seconds=round(seconds, 2)
        )


class _RowWatch:
    """Writes the stage into the hint's row, and reads the reflection from it."""

    def __init__(self, db: Database, changes: Changes, hint: str) -> None:
        self._db, self._changes, self._hint = db, changes, hint

    async def stage(self, stage: Stage) -> None:
        """How far the hint is."""
        mine = (HintRow.id == self._hint, HintRow.state == "working")
        async with self._db.write(brief=True) as session:
            await session.execute(update(HintRow).where(*mine).values(stage=stage))
        self._changes.announce(self._hint)

    async def reflection(self) -> str | None:
        """What the learner has written down by now."""
        async with self._db.read(brief=True) as session:
            row = await hint_to_make(session, self._hint)
        return row.reflection if row else None


def _fail(row: HintRow, problem: str) -> None:
    row.state, row.stage, row.counted, row.problem = "failed", "done", False, problem
