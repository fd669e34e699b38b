"""What the page «Your progress» says, made of what three services know of one learner. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.contracts.case import CaseOutline
from services.contracts.escalation import OwnQuestion
from services.contracts.progress import OwnSubtask, SubtaskState

_APPROVED = (SubtaskState.APPROVED, SubtaskState.POLISHED)


@dataclass(frozen=True)
class OwnStep:
    """One subtask of a case."""

    id: str
    title: str
    points: float
    """What it is worth; 0: nothing, or nobody knows any more."""
    done: OwnSubtask | None
    """None: never checked."""
    questions: tuple[OwnQuestion, ...] = ()
    gone: bool = False
    """The newest version of the case has it no longer."""

    @property
    def state(self) -> SubtaskState:
        """Where the learner stands in it."""
        return SubtaskState.NOT_STARTED if self.done is None else self.done.state

    @property
    def approved(self) -> bool:
        """Whether it is approved, or better."""
        return self.state in _APPROVED


@dataclass(frozen=True)
class OwnCase:
    """One case with all its subtasks."""

    id: str
    title: str
    steps: tuple[OwnStep, ...]
    published: bool
    """Whether it can be opened."""

    @property
    def counted(self) -> tuple[OwnStep, ...]:
        """The subtasks that the newest version has: what is to be done, and no more."""
        return tuple(step for step in self.steps if not step.gone)

    @property
    def approved(self) -> int:
        """How many of these are approved."""
        return sum(step.approved for step in self.counted)

    @property
    def points(self) -> float:
        """Points so far."""
        return sum(step.done.points for step in self.counted if step.done)

    @property
    def max_points(self) -> float:
        """Points there are; 0: the case has none."""
        return sum(step.points for step in self.counted)

    @property
    def attempts(self) -> int:
        """Checks that counted, of subtasks that are gone, too."""
        return sum(step.done.attempts for step in self.steps if step.done)

    @property
    def next(self) -> OwnStep | None:
        """The first subtask that is not approved; None: all are."""
        return next((step for step in self.counted if not step.approved), None)

    @property
    def finished(self) -> bool:
        """Whether everything is approved."""
        return bool(self.counted) and self.next is None

    @property
    def touched(self) -> datetime | None:
        """When the learner checked or asked something in it last; None: never."""
        moments = [step.done.checked for step in self.steps if step.done]
        moments += [question.updated for step in self.steps for question in step.questions]
        return max(moments, default=None)


@dataclass(frozen=True)
class OwnProgress:
    """All of a learner's progress."""

    begun: tuple[OwnCase, ...]
    """What is open first, and of both the newest first."""
    untouched: tuple[OwnCase, ...]
    """Published cases in which nothing was checked yet."""
    titles_known: bool = True
    questions_known: bool = True
    questions: tuple[OwnQuestion, ...] = field(default=())

    @property
    def approved(self) -> int:
        """Approved subtasks of all cases that were begun."""
        return sum(case.approved for case in self.begun)

    @property
    def steps(self) -> int:
        """Subtasks of these cases."""
        return sum(len(case.counted) for case in self.begun)

    @property
    def waiting(self) -> int:
        """Questions that wait for a mentor."""
        return sum(question.state in ("waiting", "leased") for question in self.questions)

    @property
    def unrated(self) -> int:
        """Answers that the learner has not rated yet."""
        return sum(question.state == "answered" for question in self.questions)

    @property
    def next(self) -> OwnCase | None:
        """The case to go on with: the open one that was worked on last, else one that was never begun."""
        going_on = [case for case in self.begun if case.published and not case.finished]
        return next(iter([*going_on, *self.untouched]), None)


def progress_of(
    outlines: Sequence[CaseOutline] | None, subtasks: Sequence[OwnSubtask], questions: Sequence[OwnQuestion] | None
) -> OwnProgress:
    """Put together what is known. None: the service that knows it is away, and the page does without."""
    published = {outline.id: outline for outline in outlines or ()}
    done = {(one.case, one.subtask): one for one in subtasks}
    asked: dict[tuple[str, str], list[OwnQuestion]] = {}
    for question in questions or ():
        asked.setdefault((question.case, question.subtask), []).append(question)
    touched = {case for case, _ in (*done, *asked)}
    cases = [_case(case, published.get(case), done, asked) for case in sorted(touched | published.keys())]
    begun = [case for case in cases if case.id in touched]
    begun.sort(key=lambda case: case.touched.timestamp() if case.touched else 0.0, reverse=True)
    begun.sort(key=lambda case: case.finished)
    return OwnProgress(
        begun=tuple(begun),
        untouched=tuple(sorted((case for case in cases if case.id not in touched), key=lambda case: case.title)),
        titles_known=outlines is not None,
        questions_known=questions is not None,
        questions=tuple(questions or ()),
    )


def _case(
    case: str,
    outline: CaseOutline | None,
    done: Mapping[tuple[str, str], OwnSubtask],
    asked: Mapping[tuple[str, str], Sequence[OwnQuestion]],
) -> OwnCase:
    views = {view.id: view for view in outline.subtasks} if outline else {}
    touched = {subtask: None for owner, subtask in (*done, *asked) if owner == case}
    steps = []
    for subtask in (*views, *(one for one in touched if one not in views)):
        view, questions = views.get(subtask), tuple(asked.get((case, subtask), ()))
        steps.append(
            OwnStep(
                id=subtask,
                title=view.title if view else questions[0].subtask_title if questions else subtask,
                points=view.points if view else 0.0,
                done=done.get((case, subtask)),
                questions=questions,
                gone=outline is not None and view is None,
            )
        )
    titled = next((question.case_title for step in steps for question in step.questions), case)
    return OwnCase(case, outline.title if outline else titled, tuple(steps), published=outline is not None)
