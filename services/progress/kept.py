"""Judged submissions, for those who evaluate the feedback. Whose they are is known here, and is to be left behind."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from pydantic import TypeAdapter
from sqlalchemy import select

from services.contracts.feedback import Feedback, Verdict
from services.contracts.notebook import Cell
from services.kit.database import Database
from services.kit.objects import ObjectDamaged, ObjectNotFound, ObjectStore
from services.progress.models import SubmissionRow

_log = structlog.get_logger(__name__)
_CELLS: Final = TypeAdapter(tuple[Cell, ...])
_PART: Final = 100
"""Rows read at a time: no transaction is open while their cells are."""
_JUDGED: Final = (Verdict.APPROVED, Verdict.NEEDS_WORK, Verdict.COULD_NOT_JUDGE)


@dataclass(frozen=True)
class KeptSubmission:
    """What a learner handed in, and what they were told."""

    learner: str
    case: str
    version: str
    subtask: str
    cells: tuple[Cell, ...]
    feedback: Feedback
    recorded: datetime


class KeptSubmissions:
    """Reads, and never writes."""

    def __init__(self, db: Database, objects: ObjectStore) -> None:
        self._db, self._objects = db, objects

    async def judged(self, case: str, since: datetime | None = None) -> AsyncIterator[KeptSubmission]:
        """All judged submissions of a case, newest first; one whose cells are damaged is logged and left out."""
        before: int | None = None
        while True:
            rows = await self._part(case, since, before)
            for row in rows:
                cells = await self._cells(row)
                if cells is not None and row.feedback is not None:
                    yield KeptSubmission(
                        learner=row.learner,
                        case=row.case_id,
                        version=row.case_version,
                        subtask=row.subtask,
                        cells=cells,
                        feedback=Feedback.model_validate_json(row.feedback),
                        recorded=row.recorded,
                    )
            if len(rows) < _PART:
                return
            before = rows[-1].seq

    async def _part(self, case: str, since: datetime | None, before: int | None) -> list[SubmissionRow]:
        query = select(SubmissionRow).where(
            SubmissionRow.case_id == case, SubmissionRow.verdict.in_(_JUDGED), SubmissionRow.feedback.is_not(None)
        )
        if since is not None:
            query = query.where(SubmissionRow.recorded >= since)
        if before is not None:
            query = query.where(SubmissionRow.seq < before)
        async with self._db.read() as session:
            return list(await session.scalars(query.order_by(SubmissionRow.seq.desc()).limit(_PART)))

    async def _cells(self, row: SubmissionRow) -> tuple[Cell, ...] | None:
        try:
            return _CELLS.validate_json(await self._objects.get(row.cells))
        except (ObjectNotFound, ObjectDamaged) as error:
            _log.error("a submission's cells cannot be read", submission=row.id, error=str(error))
            return None
