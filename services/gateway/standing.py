from services.contracts.case import LearnerCase, Quotas
from services.contracts.lab import LabCase, LabSubtask
from services.contracts.progress import CaseProgress, SubtaskProgress


def shown(known: SubtaskProgress | None, subtask: str, quotas: Quotas) -> SubtaskProgress:
    """A subtask's standing as the learner sees it, with the checks left by the quota of the case version in use."""
    if known is None:
        return SubtaskProgress(subtask=subtask, checks_left=quotas.checks)
    if quotas.checks is None:
        return known.model_copy(update={"checks_left": None})
    if known.checks_left is None:
        return known.model_copy(update={"checks_left": max(0, quotas.checks - known.attempts)})
    return known


def lab_case(case: LearnerCase, progress: CaseProgress, newer_version: int | None) -> LabCase:
    """All the panel shows: the case, and where its learner stands in each subtask."""
    known = {standing.subtask: standing for standing in progress.subtasks}
    return LabCase(
        id=case.id,
        version=case.version,
        number=case.number,
        title=case.title,
        summary=case.summary,
        minutes=case.minutes,
        ai_mode=case.ai_mode,
        user=progress.user,
        subtasks=tuple(
            LabSubtask(view=view, progress=shown(known.get(view.id), view.id, case.quotas)) for view in case.subtasks
        ),
        newer_version=newer_version,
        live_errors=case.style.live_errors,
    )
