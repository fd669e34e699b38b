from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identity import ScopeClaims
from services.contracts.lint import LintReport
from services.contracts.notebook import Cell
from services.contracts.progress import Reviewed, SubtaskProgress, SubtaskState
from services.contracts.style import Dismiss, Dismissal, Remark, StyleKept, StyleStanding
from services.kit.database import Database
from services.kit.objects import ObjectStore
from services.progress.attempts import Attempts
from services.progress.errors import DismissalsFull, FindingNotFound, NotApproved, OutsideScope
from services.progress.models import ReviewRow, StandingRow
from services.progress.repository import AttemptRepository, Owner
from services.progress.states import furthest, is_approved, is_clean
from services.progress.style.changes import fixed
from services.progress.style.models import DismissalRow
from services.progress.style.repository import DismissalRepository

MOST_CHANGES: Final = 2_000
"""Dismissals and their taking back that are kept of one learner and case."""
_LOOKED_AT: Final = 20
"""Approved submissions among which the reviewed code is looked for, newest first."""
_CELLS = TypeAdapter(tuple[Cell, ...])


class Reviews:
    """Style reviews of approved subtasks, and what their learners dismissed. Whose they are is taken from the scope."""

    def __init__(self, db: Database, objects: ObjectStore, attempts: Attempts, clock: Callable[[], datetime]) -> None:
        self._db, self._objects, self._attempts, self._clock = db, objects, attempts, clock

    async def reviewed(self, scope: ScopeClaims, reviewed: Reviewed) -> StyleKept:
        """Keep a style review; a clean one of approved code polishes the subtask. Raises NotApproved, OutsideScope."""
        _require_subtask(scope, reviewed.subtask)
        approved = await self._was_approved(_owner(scope), reviewed.subtask, reviewed.answers)
        async with self._db.write(brief=True) as session:
            attempts = AttemptRepository(session, _owner(scope))
            standing = await _approved_standing(attempts, reviewed.subtask)
            before = await attempts.review(reviewed.subtask)
            gone = fixed(_report(before), reviewed.report)
            now = self._clock()
            row = await attempts.keep_review(_review_row(scope, reviewed, approved, now))
            style = await self._settled(session, scope, attempts, standing, row)
        return StyleKept(progress=style.progress, dismissed=style.dismissed, fixed=gone, approved_code=approved)

    async def dismiss(self, scope: ScopeClaims, dismiss: Dismiss) -> StyleStanding:
        """Leave a remark as it is; the same again changes nothing, another reason takes the place of the one before.

        Raises NotApproved, FindingNotFound, DismissalsFull, OutsideScope.
        """
        _require_subtask(scope, dismiss.subtask)
        async with self._db.write(brief=True) as session:
            attempts, dismissals = _repositories(session, scope)
            standing = await _approved_standing(attempts, dismiss.subtask)
            review = await attempts.review(dismiss.subtask)
            known = {row.finding: row for row in await dismissals.in_force(dismiss.subtask)}.get(dismiss.finding)
            if known is None or known.reason != dismiss.reason:
                remark = _found(review, dismiss.finding) or (None if known is None else _remark(known))
                if remark is None:
                    raise FindingNotFound(
                        f"The newest style review of {dismiss.subtask!r} has no remark {dismiss.finding!r}. "
                        "Review again and choose one from it."
                    )
                await self._add(dismissals, scope, dismiss.subtask, remark, dismiss.reason)
            return await self._settled(session, scope, attempts, standing, review)

    async def take_back(self, scope: ScopeClaims, subtask: str, finding: str) -> StyleStanding:
        """Take a dismissal back; what is not dismissed stays so. A step that is polished stays polished.

        Raises NotApproved, DismissalsFull, OutsideScope.
        """
        _require_subtask(scope, subtask)
        async with self._db.write(brief=True) as session:
            attempts, dismissals = _repositories(session, scope)
            standing = await _approved_standing(attempts, subtask)
            known = {row.finding: row for row in await dismissals.in_force(subtask)}.get(finding)
            if known is not None:
                await self._add(dismissals, scope, subtask, _remark(known), None)
            return await self._settled(session, scope, attempts, standing, await attempts.review(subtask))

    async def dismissals_of(self, owner: Owner, subtask: str) -> tuple[Dismissal, ...]:
        """What anybody dismissed, newest first; who may ask is the caller's to know."""
        async with self._db.read(brief=True) as session:
            return tuple(_dismissal(row) for row in await DismissalRepository(session, owner).in_force(subtask))

    async def _settled(
        self,
        session: AsyncSession,
        scope: ScopeClaims,
        attempts: AttemptRepository,
        standing: StandingRow,
        review: ReviewRow | None,
    ) -> StyleStanding:
        """Move the state as far as the newest review and what is dismissed now prove; it never moves back."""
        dismissals = await DismissalRepository(session, _owner(scope)).in_force(standing.subtask)
        report = _report(review)
        if review is not None and report is not None:
            review.clean = is_clean(report, scope.may_remain, {row.finding for row in dismissals})
            if review.clean and review.approved_code:
                standing.state = furthest(SubtaskState(standing.state), SubtaskState.POLISHED)
        standing.updated = self._clock()
        await session.flush()
        progress: SubtaskProgress = await self._attempts.progress_of(attempts, standing)
        return StyleStanding(progress=progress, dismissed=tuple(_dismissal(row) for row in dismissals))

    async def _add(
        self, dismissals: DismissalRepository, scope: ScopeClaims, subtask: str, remark: Remark, reason: str | None
    ) -> None:
        if await dismissals.count() >= MOST_CHANGES:
            raise DismissalsFull(
                f"{MOST_CHANGES:,} decisions about remarks of this case are kept, and no further one can be."
            )
        await dismissals.add(
            DismissalRow(
                learner=scope.user,
                case_id=scope.case,
                case_version=scope.case_version,
                subtask=subtask,
                finding=remark.finding,
                remark=remark.model_dump_json(),
                reason=reason,
                happened=self._clock(),
            )
        )

    async def _was_approved(self, owner: Owner, subtask: str, answers: Sequence[Cell]) -> bool:
        """Whether a check approved exactly these answers, whatever else the notebook held."""
        wanted = {cell.id: cell.source for cell in answers}
        if not wanted:
            return False
        async with self._db.read(brief=True) as session:
            rows = await AttemptRepository(session, owner).approved(subtask, _LOOKED_AT)
            addresses = [row.cells for row in rows]
        for address in addresses:
            cells = _CELLS.validate_json(await self._objects.get(address))
            if {cell.id: cell.source for cell in cells if cell.id in wanted} == wanted:
                return True
        return False


def _owner(scope: ScopeClaims) -> Owner:
    return Owner(scope.user, scope.case)


def _repositories(session: AsyncSession, scope: ScopeClaims) -> tuple[AttemptRepository, DismissalRepository]:
    return AttemptRepository(session, _owner(scope)), DismissalRepository(session, _owner(scope))


def _require_subtask(scope: ScopeClaims, subtask: str) -> None:
    if scope.subtask not in (None, subtask):
        raise OutsideScope(f"This call may touch subtask {scope.subtask!r} only, not {subtask!r}.")


async def _approved_standing(attempts: AttemptRepository, subtask: str) -> StandingRow:
    standing = await attempts.standing(subtask)
    if standing is None or not is_approved(SubtaskState(standing.state)):
        raise NotApproved(
            f"Subtask {subtask!r} is not approved yet. Press Check first: the style review opens as soon as the "
            "solution is right."
        )
    return standing


def _report(row: ReviewRow | None) -> LintReport | None:
    """The report of a review; None also for one that an earlier version of Caseloop kept in another shape."""
    if row is None:
        return None
    try:
        return LintReport.model_validate_json(row.report)
    except ValidationError:
        return None


def _found(row: ReviewRow | None, finding: str) -> Remark | None:
    report = _report(row)
    for one in report.findings if report else ():
        if one.id == finding:
            return Remark(
                finding=one.id,
                tool=one.tool,
                rule=one.rule,
                name=one.name,
                severity=one.severity,
                message=one.message,
                place=one.place,
            )
    return None


def _remark(row: DismissalRow) -> Remark:
    return Remark.model_validate_json(row.remark)


def _dismissal(row: DismissalRow) -> Dismissal:
    remark = dict(_remark(row))
    return Dismissal(**remark, subtask=row.subtask, reason=row.reason or "", dismissed=row.happened)


def _review_row(scope: ScopeClaims, reviewed: Reviewed, approved_code: bool, now: datetime) -> ReviewRow:
    return ReviewRow(
        learner=scope.user,
        case_id=scope.case,
        subtask=reviewed.subtask,
        case_version=scope.case_version,
        reviewed=now,
        clean=False,
        approved_code=approved_code,
        report=reviewed.report.model_dump_json(),
    )
