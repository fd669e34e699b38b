"""Samples of what an author already wrote: reference, starter, variants, and known mistakes."""

from collections.abc import Iterator, Mapping

from evaluation.suites.notebooks import answered, changed_lines
from evaluation.suites.sample import Expected, Problem, Sample, Source
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import Verdict

_NOT_BEGUN = "Nothing has been done in this step yet: what it asks for is not there."


def authored(case: AuthorCase) -> Iterator[Sample]:
    """One sample for each subtask of the reference, the starter and each variant; one for each flaw."""
    for subtask in case.subtasks:
        yield _sample(case, subtask, "reference", "reference", {}, Expected(verdict=Verdict.APPROVED))
    for subtask in case.subtasks:
        yield _sample(case, subtask, "starter", "starter", subtask.starter, _not_begun(subtask))
    yield from _variants(case)
    yield from _flaws(case)


def _sample(
    case: AuthorCase, subtask: Subtask, source: Source, name: str, answers: Mapping[str, str], expected: Expected
) -> Sample:
    return Sample(
        id=f"{case.id}/{name}/{subtask.view.id}",
        case=case.id,
        subtask=subtask.view.id,
        cells=answered(case, answers),
        expected=expected,
        source=source,
    )


def _not_begun(subtask: Subtask) -> Expected:
    problem = Problem(about=_NOT_BEGUN, cell=subtask.view.answer_cells[0])
    return Expected(verdict=Verdict.NEEDS_WORK, problems=(problem,))


def _variants(case: AuthorCase) -> Iterator[Sample]:
    for number, variant in enumerate(case.variants, 1):
        for subtask in case.subtasks:
            own = {cell: variant[cell] for cell in subtask.view.answer_cells if cell in variant}
            # A variant of one step is the reference in all others, which is a sample already.
            if own and own != subtask.reference:
                approved = Expected(verdict=Verdict.APPROVED)
                yield _sample(case, subtask, "variant", f"variant-{number}", own, approved)


def _flaws(case: AuthorCase) -> Iterator[Sample]:
    for flaw in case.flaws:
        subtask = case.subtask(flaw.subtask)
        if subtask is None:
            continue
        problems = (_problem(flaw.words, flaw.answer, subtask.reference),)
        yield Sample(
            id=f"{case.id}/flaw/{flaw.id}",
            case=case.id,
            subtask=flaw.subtask,
            cells=answered(case, flaw.answer),
            expected=Expected(verdict=Verdict.NEEDS_WORK, problems=problems),
            source="flaw",
            metadata={"title": flaw.title},
        )


def _problem(words: str, answer: Mapping[str, str], reference: Mapping[str, str]) -> Problem:
    """Where the first cell that differs begins to differ. One mistake in several cells is still one."""
    for cell, source in answer.items():
        before = reference.get(cell, "")
        if source != before:
            first, last = changed_lines(before, source)
            return Problem(about=words, cell=cell, line=first, end_line=last)
    return Problem(about=words)
