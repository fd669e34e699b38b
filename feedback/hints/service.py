import secrets
from collections.abc import AsyncGenerator
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.assistance.reflection import enough
from feedback.assistance.service import AssistanceService
from feedback.errors import OutsideScope, SubtaskNotFound
from feedback.hints.changes import Changes
from feedback.hints.errors import (
    HintNotFound,
    HintNotReady,
    HintsSpent,
    HintUnderWay,
    NotApproved,
    NotebookTooLarge,
    RatingFirst,
)
from feedback.hints.metrics import HintMetrics
from feedback.hints.models import HintRow
from feedback.hints.quotas import left, refusal
from feedback.hints.repository import HintRepository
from feedback.hints.settings import HintSettings
from feedback.hints.view import FINAL, view
from feedback.pipeline import Checker, last
from feedback.ports import AuthorCases
from feedback.prompts.channel import visible
from services.contracts.case import AuthorCase, HintQuotas, Subtask
from services.contracts.feedback import CheckRequest, Verdict
from services.contracts.hint import AskHint, HintShelf, HintView, RateHint, Reflect
from services.contracts.identity import ScopeClaims
from services.contracts.notebook import Cell, cells_digest
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Job, JobQueue

HINT_QUEUE: Final = "hint"
HINT_JOB: Final = "hint"
CELLS: Final = TypeAdapter(tuple[Cell, ...])
_MAX_CELLS_BYTES: Final = 4 * 1024 * 1024
_JOINS: Final = 3


class HintService:
    """Hints from the question to the rating. Whose they are is taken from the scope alone.

    A hint takes its place in the quota, and becomes a job, in one transaction; the job makes it (`HintJob`).
    """

    def __init__(
        self,
        db: Database,
        jobs: JobQueue,
        cases: AuthorCases,
        checker: Checker,
        assistance: AssistanceService,
        changes: Changes,
        settings: HintSettings | None = None,
        clock: Clock = utc_now,
        metrics: HintMetrics | None = None,
    ) -> None:
        self._db, self._jobs, self._cases, self._checker = db, jobs, cases, checker
        self._assistance, self._changes, self._clock = assistance, changes, clock
        self._settings, self._metrics = settings or HintSettings(), metrics or HintMetrics()

    async def ask(self, request: AskHint, scope: ScopeClaims) -> HintView:
        """Begin to make a hint, or join the one that is being made for the same cells.

        Raises:
            OutsideScope, SubtaskNotFound: the step is not the scope's, or not the case's.
            AiOff, AiDeclined, ChoiceMissing: AI may not help here.
            HintUnderWay, RatingFirst: an earlier hint comes first.
            HintsSpent: the quota is used up.
            NotApproved: work that is not right yet cannot be made better.
        """
        case, subtask = await self._about(request.subtask, scope)
        await self._assistance.require(scope)
        quotas, digest = case.quotas.hints, cells_digest(request.subtask, request.cells)
        async with self._db.read(brief=True) as session:
            known = await _known(HintRepository(session, scope), request, scope, digest)
            if known is not None:
                return view(known)
            await _require_place(HintRepository(session, scope), request, quotas)
        if request.kind == "optimize":
            await self._require_approved(case, request)
        new = self._row(request, scope.model_copy(update={"subtask": subtask.view.id}), digest)
        async with self._db.write(brief=True) as session:
            return view(await self._take(session, new, request, scope, quotas))

    async def get(self, hint: str, scope: ScopeClaims) -> HintView:
        """One hint. Raises HintNotFound."""
        async with self._db.read(brief=True) as session:
            row = await HintRepository(session, scope).hint(hint)
            if row is None:
                raise _unknown(hint)
            return view(row)

    async def follow(self, hint: str, scope: ScopeClaims) -> AsyncGenerator[HintView]:
        """The hint now and each time it changes, until it is ready or has failed. Raises HintNotFound."""
        ends = self._clock().timestamp() + self._settings.follow_seconds
        with self._changes.followed(hint) as follower:
            seen: HintView | None = None
            while seen is None or (seen.state not in FINAL and self._clock().timestamp() < ends):
                now = await self.get(hint, scope)
                if now != seen:
                    yield now
                seen = now
                if seen.state not in FINAL:
                    await follower.wait(self._settings.look_seconds)

    async def reflect(self, hint: str, reflection: Reflect, scope: ScopeClaims) -> HintView:
        """Keep what the learner thinks; a thought of three words or more opens a hint that waits for one.

        Raises HintNotFound.
        """
        async with self._db.write(brief=True) as session:
            row = await self._to_change(session, hint, scope)
            if row.state in FINAL and enough(row.reflection):
                return view(row)
            row.reflection, row.reflected = visible(reflection.text), self._clock()
            if row.state == "reflect" and enough(row.reflection):
                row.state = "ready"
                asked_under = ScopeClaims.model_validate_json(row.scope)
                await self._assistance.used(session, asked_under, "hint", view(row).words_by)
            changed = view(row)
        self._changes.announce(hint)
        return changed

    async def rate(self, hint: str, rating: RateHint, scope: ScopeClaims) -> HintView:
        """Keep whether it helped; the last word counts. Raises HintNotFound, HintNotReady."""
        async with self._db.write(brief=True) as session:
            row = await self._to_change(session, hint, scope)
            if row.state != "ready":
                raise HintNotReady("This hint has not been shown yet, so it cannot be rated.")
            said_anew = row.helpful is not rating.helpful
            row.helpful, row.rated = rating.helpful, self._clock()
            changed = view(row)
        if said_anew:
            self._metrics.rated(scope.case, changed.kind, helpful=rating.helpful)
        self._changes.announce(hint)
        return changed

    async def shelf(self, subtask: str, scope: ScopeClaims) -> HintShelf:
        """All hints of a step, oldest first, and what is left. Raises OutsideScope, SubtaskNotFound."""
        case, _ = await self._about(subtask, scope)
        async with self._db.read(brief=True) as session:
            hints = HintRepository(session, scope)
            rows, unrated = await hints.of_subtask(subtask), await hints.unrated(subtask)
            places = left(case.quotas.hints, await hints.taken(subtask))
        return HintShelf(
            subtask=subtask,
            hints=tuple(view(row) for row in rows),
            left=places,
            unrated=unrated.id if unrated else None,
        )

    async def _about(self, subtask: str, scope: ScopeClaims) -> tuple[AuthorCase, Subtask]:
        if scope.subtask not in (None, subtask):
            raise OutsideScope(f"This scope is for the step {scope.subtask!r}, not for {subtask!r}.")
        case = await self._cases.author(scope.case_version)
        found = case.subtask(subtask)
        if found is None:
            known = ", ".join(s.view.id for s in case.subtasks)
            raise SubtaskNotFound(f"This case has no step {subtask!r}; it has: {known}.")
        return case, found

    async def _take(
        self, session: AsyncSession, new: HintRow, request: AskHint, scope: ScopeClaims, quotas: HintQuotas
    ) -> HintRow:
        """Add the hint and its job, or find the one to join. Whatever this raises takes the hint back."""
        hints = HintRepository(session, scope)
        for _ in range(_JOINS):
            known = await _known(hints, request, scope, new.digest)
            if known is not None:
                return known
            # First in, then counted: from here on nobody else can get in for this step before we are out.
            if await hints.add(new):
                break
        else:
            raise HintUnderWay("Several hints of this step were asked for at the same moment. Ask again.")
        await _require_place(hints, request, quotas, besides=new.id)
        await self._jobs.enqueue(
            session,
            Job(HINT_QUEUE, HINT_JOB, {"hint": new.id}, id=new.id, attempts=self._settings.attempts),
        )
        return new

    def _row(self, request: AskHint, scope: ScopeClaims, digest: str) -> HintRow:
        cells = CELLS.dump_json(request.cells)
        if len(cells) > _MAX_CELLS_BYTES:
            raise NotebookTooLarge(
                f"The notebook's cells are {len(cells) / 1e6:.1f} MB of text; a hint can be asked for with up to "
                f"{_MAX_CELLS_BYTES / 1e6:.1f} MB. Read large data from a file instead of pasting it into a cell."
            )
        return HintRow(
            id=secrets.token_hex(16),
            learner=scope.user,
            case_id=scope.case,
            case_version=scope.case_version,
            subtask=request.subtask,
            kind=request.kind,
            digest=digest,
            cells=cells.decode(),
            scope=scope.model_dump_json(),
            state="working",
            stage="waiting",
            counted=True,
            asked=self._clock(),
            words_by="rules",
        )

    async def _require_approved(self, case: AuthorCase, request: AskHint) -> None:
        feedback = await last(self._checker.check(case, CheckRequest(subtask=request.subtask, cells=request.cells)))
        if feedback.verdict is Verdict.NEEDS_WORK:
            raise NotApproved(
                "This hint is about doing better what is right already, and this step is not right yet. "
                "Ask for one about the plan, or about what is wrong."
            )

    async def _to_change(self, session: AsyncSession, hint: str, scope: ScopeClaims) -> HintRow:
        row = await HintRepository(session, scope).hint_to_change(hint)
        if row is None:
            raise _unknown(hint)
        return row


async def _known(hints: HintRepository, request: AskHint, scope: ScopeClaims, digest: str) -> HintRow | None:
    """The hint that this question is about already. Raises HintUnderWay when another one has to come to its end."""
    active = await hints.under_way(request.subtask)
    if active is None:
        return await hints.short_answer(request.subtask, scope.case_version, request.kind, digest)
    if (active.kind, active.digest, active.case_version) == (request.kind, digest, scope.case_version):
        return active
    if active.state == "reflect":
        raise HintUnderWay(
            f"Write down what you think about the hint {active.id} first: it is ready and waits for that."
        )
    raise HintUnderWay(f"The hint {active.id} of this step is being made. Wait for it, and rate it.")


async def _require_place(
    hints: HintRepository, request: AskHint, quotas: HintQuotas, besides: str | None = None
) -> None:
    unrated = await hints.unrated(request.subtask)
    if unrated is not None:
        raise RatingFirst(f"Say first whether the hint {unrated.id} helped you; the next one is given after that.")
    spent = refusal(quotas, await hints.taken(request.subtask, besides), request.kind)
    if spent is not None:
        raise HintsSpent(spent)


def _unknown(hint: str) -> HintNotFound:
    return HintNotFound(f"You have no hint {hint[:40]!r} in this step.")
