"""Which of an author's own material is tried before a case is published, and what must come out."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from case_uploader.errors import TrialsUnavailable
from case_uploader.format.case_folder import CaseDraft
from case_uploader.format.flaws import FLAWS_FILE
from case_uploader.format.problem import Problems
from services.contracts.case import Flaw
from services.contracts.case_report import TrialKind, TrialLine
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, TrialRequest, Verdict
from services.contracts.notebook import Cell

REFERENCE_FAILS = "reference-fails"
REFERENCE_UNSTEADY = "reference-unsteady"


@dataclass(frozen=True)
class Trial:
    """One notebook to be judged."""

    kind: TrialKind
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
    words: str | None = None
    """A flaw's: what learners who make it should hear."""


def plan_trials(draft: CaseDraft) -> tuple[Trial, ...]:
    """Reference, then each subtask's starter after a correct beginning, then variants and flaws."""
    return (*_reference(draft), *_starters(draft), *_variants(draft), *_flaws(draft))


def _reference(draft: CaseDraft) -> Iterator[Trial]:
    cells = _with_answers(draft, {})
    yield Trial("reference", "reference", REFERENCE_FAILS, draft.notebook_file, _all(draft), cells, Verdict.APPROVED)


def _starters(draft: CaseDraft) -> Iterator[Trial]:
    for subtask in draft.author.subtasks:
        yield Trial(
            kind="starter",
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
        yield Trial(
            "variant", f"variant {variant.file}", "variant-fails", variant.file, _all(draft), cells, Verdict.APPROVED
        )


def _flaws(draft: CaseDraft) -> Iterator[Trial]:
    for flaw in draft.author.flaws:
        yield Trial(
            kind="flaw",
            what=f"flaw {flaw.id}",
            rule="flaw-passes",
            file=FLAWS_FILE,
            subtasks=(flaw.subtask,),
            cells=_with_answers(draft, flaw.answer),
            wanted=Verdict.NEEDS_WORK,
            place=_flaw_place(draft, flaw),
            words=flaw.words,
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


class Trials:
    """Has one draft's trials judged and records what is wrong with the case."""

    def __init__(self, draft: CaseDraft, feedback: FeedbackClient, problems: Problems) -> None:
        self._draft, self._feedback, self._problems = draft, feedback, problems
        self._unfit: set[str] = set()
        """Subtasks whose reference is not approved: nothing can be judged against it."""

    async def run(self, trial: Trial) -> tuple[TrialLine, ...]:
        """Run one trial; the reference's comes first. One line for each subtask. Raises `TrialsUnavailable`."""
        started, lines = time.perf_counter(), []
        request = TrialRequest(version=self._draft.version, cells=trial.cells, subtasks=trial.subtasks)
        try:
            result = await self._feedback.trial(request)
        except ServiceError as error:
            raise TrialsUnavailable(
                f"The {trial.what} could not be judged: {error.service} said {error.error} ({error.detail})."
            ) from error
        for subtask in trial.subtasks:
            answer = result.feedback.get(subtask)
            if answer is None:
                raise TrialsUnavailable(f"The {trial.what} came back without a verdict for {subtask}.")
            if answer.verdict is Verdict.COULD_NOT_JUDGE and answer.fault == "platform":
                raise TrialsUnavailable(f"The {trial.what} could not be judged: {answer.headline}")
            if subtask not in self._unfit:
                self._judge(trial, subtask, answer)
            lines.append(_line(trial, subtask, answer, time.perf_counter() - started, self._draft))
        return tuple(lines)

    def _judge(self, trial: Trial, subtask: str, answer: Feedback) -> None:
        if answer.verdict is trial.wanted:
            self._judge_words(trial, subtask, answer)
            return
        rule = trial.rule
        if trial.rule == REFERENCE_FAILS:
            self._unfit.add(subtask)
            aspects = {evidence.aspect for finding in answer.findings for evidence in finding.evidence}
            rule = REFERENCE_UNSTEADY if "unsteady" in aspects else rule
            message = f"the reference is not approved in {subtask!r}: {_why(answer)}"
        elif answer.verdict is Verdict.COULD_NOT_JUDGE:
            rule, message = "could-not-judge", f"the {trial.what} could not be judged in {subtask!r}: {_why(answer)}"
        elif trial.wanted is Verdict.APPROVED:
            message = f"the {trial.what} is not approved in {subtask!r}: {_why(answer)}"
        else:
            message = (
                f"the {trial.what} is approved in {subtask!r}, so its checks do not see the difference; "
                "add a check, a compare or a probe that does"
            )
        place = _place(answer, self._draft) or trial.place or f"subtask {subtask}"
        self._problems.add(rule, message, file=trial.file, cell=place)

    def _judge_words(self, trial: Trial, subtask: str, answer: Feedback) -> None:
        heard = {finding.mentor for finding in answer.findings if finding.mentor}
        if trial.words is None or trial.words in heard:
            return
        instead = "those of another flaw that looks the same" if heard else "the general words"
        self._problems.note(
            "flaw-words-unheard",
            f"the {trial.what} is caught in {subtask!r}, but its evidence is not its own: learners hear {instead}",
            file=trial.file,
            cell=trial.place,
        )


def _line(trial: Trial, subtask: str, answer: Feedback, seconds: float, draft: CaseDraft) -> TrialLine:
    wanted = answer.verdict is trial.wanted
    return TrialLine(
        kind=trial.kind,
        what=trial.what,
        file=trial.file,
        cell=trial.place if wanted else _place(answer, draft) or trial.place,
        subtask=subtask,
        verdict=answer.verdict.value,
        as_wanted=wanted,
        detail="" if wanted else _why(answer)[:2_000],
        seconds=round(seconds, 4),
    )


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
