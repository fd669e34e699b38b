"""Stored submissions as samples, without what says whose they are."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from evaluation.report.mentors import MARK
from evaluation.suites.sample import Expected, Problem, Sample
from evaluation.suites.sources.pseudonyms import Pseudonymised
from feedback.findings.voice import Voice
from feedback.privacy.redaction import Redactor
from services.contracts.case import AuthorCase
from services.contracts.finding import Finding
from services.progress.kept import KeptSubmission


class Kept(Protocol):
    """Where submissions are kept."""

    def judged(self, case: str) -> AsyncIterator[KeptSubmission]:
        """All judged submissions of a case, newest first."""
        ...


async def replayed(case: AuthorCase, kept: Kept, most: int) -> AsyncIterator[Sample]:
    """The newest `most` different submissions of a case, pseudonymised.

    A sample is named after its code, so that the same code is the same sample in every export, and names nobody.
    What a mentor has said about a finding is what a good mentor would say; apart from that nobody knows what is right.
    """
    voice, seen = Voice.of(case), set[str]()
    async for submission in kept.judged(case.id):
        if len(seen) == most:
            return
        if case.subtask(submission.subtask) is None:
            continue
        sample = pseudonymised(submission, case, voice)
        if sample.id not in seen:
            seen.add(sample.id)
            yield sample


def pseudonymised(submission: KeptSubmission, case: AuthorCase, voice: Voice) -> Sample:
    """One submission without its learner: marks for names, addresses and keys, and no ids or metadata of their own."""
    redactor = Redactor(submission.learner, voice.public)
    bare = Pseudonymised.of(submission.cells, case, redactor)
    problems = tuple(
        _problem(finding, redactor, bare.names)
        for finding in submission.feedback.findings
        if finding.remembered is not None
    )
    return Sample(
        id=f"submission/{submission.subtask}/{bare.digest(submission.subtask)}",
        case=case.id,
        subtask=submission.subtask,
        cells=bare.cells,
        expected=Expected(problems=problems),
        source="submission",
        tags=bare.tags,
        metadata={
            "stored_verdict": submission.feedback.verdict.value,
            "case_version": submission.version,
            **({MARK: True} if problems else {}),
        },
    )


def _problem(finding: Finding, redactor: Redactor, names: Mapping[str, str]) -> Problem:
    place = finding.place if finding.place and finding.place.cell in names else None
    return Problem(
        about=redactor.text(finding.mentor or finding.message)[:2_000],
        cell=names[place.cell] if place else None,
        line=place.line if place else None,
        end_line=place.end_line if place else None,
        signature=finding.signature,
    )
