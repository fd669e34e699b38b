"""Which of an author's own material is tried before a case is published, and what must come out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from case_uploader.errors import TrialsUnavailable
from case_uploader.format.case_folder import CaseDraft
from case_uploader.format.flaws import FLAWS_FILE
from case_uploader.format.problem import Problems
from services.contracts.case import Flaw, Subtask
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, TrialRequest, Verdict
from services.contracts.notebook import Cell


@dataclass(frozen=True)
class Trial:
    """One notebook to be judged."""

    what: str
    """For the progress line: `reference`, `starter of clean-table` …"""
    rule: str
    file: str
    subtasks: tuple[str, ...]
    cells: tuple[Cell, ...]
    wanted: Verdict
    """APPROVED: each subtask must be; NEEDS_WORK: none may be approved."""
    place: str | None = None
    """Where an author finds it in the file when no cell says it better."""


def plan_trials(draft: CaseDraft) -> tuple[Trial, ...]:
    """Reference, then each subtask's starter after a correct beginning, then variants and flaws."""
    return (*_reference(draft), *_starters(draft), *_variants(draft), *_flaws(draft))


def _reference(draft: CaseDraft) -> Iterator[Trial]:
    cells = _with_answers(draft, {})
    yield Trial("reference", "reference-fails", draft.notebook_file, _all(draft), cells, Verdict.APPROVED)


def _starters(draft: CaseDraft) -> Iterator[Trial]:
    for subtask in draft.author.subtasks:
        yield Trial(
            what=f"starter of {subtask.view.id}",
            rule="starter-passes",
            file=draft.notebook_file,
            subtasks=(subtask.view.id,),
            cells=_with_answers(draft, subtask.starter),
            wanted=Verdict.NEEDS_WORK,
            place=draft.labels[subtask.view.answer_cells[0]],
        )


def _variants(draft: CaseDraft) -> Iterator[Trial]:
    for variant in draft.variants:
        cells = _with_answers(draft, variant.answers)
        yield Trial(f"variant {variant.file}", "variant-fails", variant.file, _all(draft), cells, Verdict.APPROVED)


def _flaws(draft: CaseDraft) -> Iterator[Trial]:
    for flaw in draft.author.flaws:
        yield Trial(
            what=f"flaw {flaw.id}",
            rule="flaw-passes",
            file=FLAWS_FILE,
            subtasks=(flaw.subtask,),
            cells=_with_answers(draft, flaw.answer),
            wanted=Verdict.NEEDS_WORK,
            place=_flaw_place(draft, flaw),
        )


def _flaw_place(draft: CaseDraft, flaw: Flaw) -> str:
    return f"{flaw.id} ({', '.join(draft.labels[cell] for cell in flaw.answer)})"


def _all(draft: CaseDraft) -> tuple[str, ...]:
    return tuple(subtask.view.id for subtask in draft.author.subtasks)


def _with_answers(draft: CaseDraft, changed: Mapping[str, str]) -> tuple[Cell, ...]:
    """The learner's notebook with the reference filled in, except for the changed answers."""
    answers = {cell: source for subtask in draft.author.subtasks for cell, source in subtask.reference.items()}
    answers |= changed
    return tuple(
        cell.model_copy(update={"source": answers[cell.id]}) if cell.id in answers else cell
        for cell in draft.author.cells
    )


async def run_trial(trial: Trial, draft: CaseDraft, feedback: FeedbackClient, problems: Problems) -> None:
    """Have it judged and record what is wrong with the case. Raises `TrialsUnavailable`."""
    request = TrialRequest(version=draft.version, cells=trial.cells, subtasks=trial.subtasks)
    try:
        result = await feedback.trial(request)
    except ServiceError as error:
        raise TrialsUnavailable(
            f"The {trial.what} could not be judged: {error.service} said {error.error} ({error.detail})."
        ) from error
    for subtask_id in trial.subtasks:
        subtask = draft.author.subtask(subtask_id)
        answer = result.feedback.get(subtask_id)
        if answer is None or subtask is None:
            raise TrialsUnavailable(f"The {trial.what} came back without a verdict for {subtask_id}.")
        _judge(trial, subtask, answer, draft, problems)


def _judge(trial: Trial, subtask: Subtask, answer: Feedback, draft: CaseDraft, problems: Problems) -> None:
    if answer.verdict is Verdict.COULD_NOT_JUDGE and answer.fault == "platform":
        raise TrialsUnavailable(f"The {trial.what} could not be judged: {answer.headline}")
    if answer.verdict is trial.wanted:
        return
    if answer.verdict is Verdict.COULD_NOT_JUDGE:
        message = f"the {trial.what} could not be judged in {subtask.view.id!r}: {_why(answer)}"
    elif trial.wanted is Verdict.APPROVED:
        message = f"the {trial.what} is not approved in {subtask.view.id!r}: {_why(answer)}"
    else:
        message = (
            f"the {trial.what} is approved in {subtask.view.id!r}, so its checks do not see the difference; "
            "add a check, a compare or a probe that does"
        )
    rule = "could-not-judge" if answer.verdict is Verdict.COULD_NOT_JUDGE else trial.rule
    problems.add(rule, message, file=trial.file, cell=_place(answer, draft) or trial.place or subtask.view.title)


def _place(answer: Feedback, draft: CaseDraft) -> str | None:
    places = [finding.place for finding in answer.findings if finding.place]
    if not places:
        return None
    label = draft.labels.get(places[0].cell, places[0].cell)
    return f"{label}, line {places[0].line}" if places[0].line else label


def _why(answer: Feedback) -> str:
    facts = [evidence.fact for finding in answer.findings for evidence in finding.evidence if evidence.fact]
    failed = [check.label for check in answer.checks if not check.passed]
    said = facts or [finding.message for finding in answer.findings] or failed
    unique = list(dict.fromkeys(said))[:3]
    return "; ".join([answer.headline.rstrip("."), *unique]) if unique else answer.headline
