from services.contracts.case import LearnerCase, SubtaskView
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.lab import LabReview, LabReviewed
from services.contracts.lint import ReviewRequest
from services.contracts.notebook import Cell
from services.contracts.progress import Reviewed, SubtaskState
from services.contracts.style import Dismiss, StyleStanding
from services.gateway.case_shelf import CaseShelf, subtask_of
from services.gateway.errors import NotApproved, NothingToReview
from services.gateway.learner import Learner
from services.gateway.scopes import Scopes
from services.gateway.standing import shown

_APPROVED = (SubtaskState.APPROVED, SubtaskState.POLISHED)


class Reviews:
    """The style review, which opens once a subtask is approved."""

    def __init__(self, progress: ProgressClient, linting: LintingClient, shelf: CaseShelf, scopes: Scopes) -> None:
        self._progress = progress
        self._linting = linting
        self._shelf = shelf
        self._scopes = scopes

    async def review(self, learner: Learner, review: LabReview) -> LabReviewed:
        """Review the subtask's answer cells within the whole notebook, and keep what was found.

        Raises SubtaskNotFound, NotApproved, NothingToReview, ServiceError.
        """
        case = await self._shelf.case_of(learner)
        view = subtask_of(case, review.subtask)
        await self._require_approved(learner, review.subtask)
        _require_answers(view, review.cells)
        # Without answer cells everything would be editable: the rest of the notebook is the author's.
        report = await self._linting.review(
            ReviewRequest(cells=review.cells, editable=view.answer_cells, executions=review.executions)
        )
        answers = tuple(cell for cell in review.cells if cell.id in view.answer_cells)
        reviewed = Reviewed(subtask=review.subtask, report=report, answers=answers)
        kept = await self._progress.reviewed(reviewed, self._scopes.of(learner, case, review.subtask))
        told = dict(kept) | {"progress": shown(kept.progress, review.subtask, case.quotas)}
        return LabReviewed(**told, report=report, may_remain=case.style.may_remain)

    async def dismiss(self, learner: Learner, dismiss: Dismiss) -> StyleStanding:
        """Leave a remark as it is, for a reason that mentors see. Raises SubtaskNotFound, ServiceError."""
        case = await self._shelf.case_of(learner)
        subtask_of(case, dismiss.subtask)
        scope = self._scopes.of(learner, case, dismiss.subtask)
        return _told(await self._progress.dismiss(dismiss, scope), case)

    async def take_back(self, learner: Learner, subtask: str, finding: str) -> StyleStanding:
        """Take a dismissal back. Raises SubtaskNotFound, ServiceError."""
        case = await self._shelf.case_of(learner)
        subtask_of(case, subtask)
        return _told(await self._progress.take_back(subtask, finding, self._scopes.of(learner, case, subtask)), case)

    async def _require_approved(self, learner: Learner, subtask: str) -> None:
        progress = await self._progress.progress(self._scopes.of(learner, subtask=subtask))
        if not any(known.subtask == subtask and known.state in _APPROVED for known in progress.subtasks):
            raise NotApproved(
                f"Subtask {subtask!r} is not approved yet. Press Check first: the style review opens as soon as the "
                "solution is right."
            )


def _told(standing: StyleStanding, case: LearnerCase) -> StyleStanding:
    progress = standing.progress
    return standing.model_copy(update={"progress": shown(progress, progress.subtask, case.quotas)})


def _require_answers(view: SubtaskView, cells: tuple[Cell, ...]) -> None:
    """An empty notebook has no flaw of style; it must not count as polished."""
    written = {cell.id for cell in cells if cell.source.strip()}
    missing = [cell for cell in view.answer_cells if cell not in written]
    if missing or not view.answer_cells:
        raise NothingToReview(
            f"The answer cells of subtask {view.id!r} are empty or missing in the notebook: {', '.join(missing)}. "
            "Restore an approved version from the history and ask again."
        )
