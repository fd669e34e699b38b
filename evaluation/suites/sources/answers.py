"""What mentors have answered as samples, without what says who asked and who answered."""

from collections.abc import AsyncIterator
from typing import Final, Protocol

from evaluation.suites.sample import Expected, Problem, Sample, Source
from evaluation.suites.sources.pseudonyms import Pseudonymised
from feedback.findings.voice import Voice
from feedback.privacy.redaction import Redactor
from services.contracts.case import AuthorCase
from services.contracts.escalation import LineComment
from services.mentoring.kept import SettledDispute
from services.mentoring.memory_repository import RegressionSample

_WORDS: Final = 2_000
"""Characters of a mentor's words that a sample holds."""


class Answers(Protocol):
    """Where mentors' answers are kept."""

    def remembered(self, case: str) -> AsyncIterator[RegressionSample]:
        """The programs that answers in force were given for, oldest first."""
        ...

    def disputes(self, case: str) -> AsyncIterator[SettledDispute]:
        """Questions that a mentor has answered, oldest first."""
        ...


async def answered_samples(case: AuthorCase, kept: Answers, most: int) -> list[Sample]:
    """At most so many different programs about which a mentor has said something, pseudonymised, the newest first.

    Those with a remembered answer come first. It is tied to a finding, so that finding is expected. What a mentor says
    in a dispute may well be that the machine is wrong: its words are expected, at the lines that they are about, and no
    finding.
    """
    voice = Voice.of(case)
    samples: dict[str, Sample] = {}
    async for dispute in kept.disputes(case.id):
        if case.subtask(dispute.subtask) is not None:
            name, sample = _of_dispute(dispute, case, voice)
            # The newest comes last, and what is said of the same program later is what holds.
            samples.pop(name, None)
            samples[name] = sample
    async for answer in kept.remembered(case.id):
        if case.subtask(answer.subtask) is not None:
            name, sample = _of_answer(answer, case, voice)
            before = samples.pop(name, None)
            samples[name] = _together(before, sample) if before and before.source == "memory" else sample
    return list(samples.values())[: -most - 1 : -1]


def _of_answer(answer: RegressionSample, case: AuthorCase, voice: Voice) -> tuple[str, Sample]:
    learner, mentor = Redactor(answer.learner, voice.public), Redactor(answer.mentor, voice.public)
    bare = Pseudonymised.of(answer.cells, case, learner)
    problem = Problem(about=mentor.text(learner.text(answer.text))[:_WORDS], signature=_signature(answer))
    return _sample("memory", answer, bare, case, (problem,))


def _signature(answer: RegressionSample) -> str | None:
    """Of the finding that would be given the answer.

    Where a mistake is told by what would put it right, that is the first finding, whatever it is: see
    `feedback.remembering`.
    """
    known = [finding.signature for finding in answer.feedback.findings]
    return answer.signature if answer.signature in known else next(iter(known), None)


def _of_dispute(dispute: SettledDispute, case: AuthorCase, voice: Voice) -> tuple[str, Sample]:
    learner, mentor = Redactor(dispute.learner, voice.public), Redactor(dispute.mentor, voice.public)
    bare = Pseudonymised.of(dispute.cells, case, learner)

    def words(text: str) -> str:
        return mentor.text(learner.text(text))[:_WORDS]

    problems = [Problem(about=words(dispute.text))]
    problems += [_comment(one, words(one.text), bare) for one in dispute.comments]
    return _sample("dispute", dispute, bare, case, tuple(problems), dispute.reason.replace("_", "-"))


def _comment(comment: LineComment, about: str, bare: Pseudonymised) -> Problem:
    place = comment.place
    if place.cell not in bare.names:
        return Problem(about=about)
    last = place.end_line if place.line and place.end_line and place.end_line >= place.line else None
    return Problem(about=about, cell=bare.names[place.cell], line=place.line, end_line=last)


def _sample(
    source: Source,
    said: RegressionSample | SettledDispute,
    bare: Pseudonymised,
    case: AuthorCase,
    problems: tuple[Problem, ...],
    *tags: str,
) -> tuple[str, Sample]:
    """The name of the program, and the sample."""
    version = said.case_version if isinstance(said, RegressionSample) else said.version
    digest = bare.digest(said.subtask)
    return digest, Sample(
        id=f"{source}/{said.subtask}/{digest}",
        case=case.id,
        subtask=said.subtask,
        cells=bare.cells,
        expected=Expected(problems=problems),
        source=source,
        tags=(*bare.tags, *tags),
        metadata={"case_version": version},
    )


def _together(before: Sample, after: Sample) -> Sample:
    """One program to whose findings several answers are remembered; of two answers to one finding the later holds."""
    problems = {problem.signature: problem for one in (before, after) for problem in one.expected.problems}
    return after.model_copy(update={"expected": Expected(problems=tuple(problems.values()))})
