"""Samples of small faults that a case's checks are known to catch: one in the reference, two, or one in a variant."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from case_uploader.ci.edits import applied
from case_uploader.ci.mutants import PlannedMutant, plan_mutants
from case_uploader.format.python_source import syntax_error, without_magics
from evaluation.suites.notebooks import answered, changed_lines
from evaluation.suites.sample import Expected, Problem, Sample
from feedback.mutants import MutantJudge
from services.contracts.case import AuthorCase, Slug, Subtask
from services.contracts.feedback import Verdict
from services.contracts.mutants import Mutant

_BATCH = 12
_TWO, _IN_VARIANT = "two-faults", "in-variant"
_APART = 3
"""Lines between two faults that a mark of one cannot be taken for a mark of the other."""


@dataclass(frozen=True)
class _Case:
    author: AuthorCase

    @property
    def labels(self) -> Mapping[str, str]:
        """A published case knows its cells by their ids."""
        return {cell.id: cell.id for cell in self.author.cells}


@dataclass(frozen=True)
class Faulty:
    """One answer to a subtask with one fault or two; `answer`: cell id -> source."""

    id: str
    subtask: Slug
    answer: Mapping[str, str]
    problems: tuple[Problem, ...]
    tags: tuple[Slug, ...]

    def sample(self, case: AuthorCase) -> Sample:
        """What somebody should see."""
        return Sample(
            id=f"{case.id}/{self.id}",
            case=case.id,
            subtask=self.subtask,
            cells=answered(case, self.answer),
            expected=Expected(verdict=Verdict.NEEDS_WORK, problems=self.problems),
            source="mutant",
            tags=self.tags,
        )


def planned(case: AuthorCase, most: int) -> Sequence[Faulty]:
    """Which faults are tried, the same ones each time: at most `most` of each of the three sorts.

    A fault in the reference is found by comparing with the reference: of all work with that fault it is the easiest.
    Two faults at once, and a fault in an answer that goes another way, are nearer to what learners hand in.
    """
    ones = [mutant for mutant in plan_mutants(_Case(case), most).mutants if not mutant.same_code]
    found = [*(_one(case, m, "mutant") for m in ones), *_pairs(case, ones)[:most], *_in_variants(case, most)]
    return sorted(found, key=lambda faulty: _position(case, faulty.subtask))


def _position(case: AuthorCase, subtask: str) -> int:
    return next(at for at, one in enumerate(case.subtasks) if one.view.id == subtask)


def _problem(mutant: PlannedMutant, before: str) -> Problem:
    first, last = changed_lines(before, mutant.source)
    return Problem(about=f"A small fault: {mutant.edit.title}.", cell=mutant.cell, line=first, end_line=last)


def _one(case: AuthorCase, mutant: PlannedMutant, kind: str, tags: tuple[Slug, ...] = ()) -> Faulty:
    subtask = case.subtask(mutant.subtask)
    assert subtask is not None, "it was planned from this case"
    answer = {**subtask.reference, mutant.cell: mutant.source}
    problems = (_problem(mutant, subtask.reference[mutant.cell]),)
    return Faulty(f"{kind}/{mutant.id}", mutant.subtask, answer, problems, (mutant.edit.operator, *tags))


def _pairs(case: AuthorCase, mutants: Sequence[PlannedMutant]) -> list[Faulty]:
    """The first half of each cell's faults, each with one of the second half, where both keep their own lines."""
    found = []
    for cell, group in groupby(mutants, key=lambda mutant: mutant.cell):
        ordered = list(group)
        half = len(ordered) // 2
        for one, other in zip(ordered[:half], ordered[half:], strict=False):
            subtask = case.subtask(one.subtask)
            assert subtask is not None, "it was planned from this case"
            before = subtask.reference[cell]
            both = _both(without_magics(before), one, other)
            if both is not None:
                name = f"two-mutants/{one.id}-{other.id}"
                tags = tuple(dict.fromkeys((one.edit.operator, other.edit.operator, _TWO)))
                problems = (_problem(one, before), _problem(other, before))
                found.append(Faulty(name, one.subtask, {**subtask.reference, cell: both}, problems, tags))
    return found


def _both(text: str, one: PlannedMutant, other: PlannedMutant) -> str | None:
    """The source with both faults; None where one would move or hide the other."""
    first, second = sorted((one, other), key=lambda mutant: mutant.edit.start)
    lines = text.count("\n")
    moved = any(mutant.source.count("\n") != lines for mutant in (one, other))
    if moved or first.edit.end > second.edit.start or abs(first.edit.line - second.edit.line) < _APART:
        return None
    both = applied(applied(text, second.edit), first.edit)
    return both if syntax_error(both) is None else None


def _in_variants(case: AuthorCase, most: int) -> list[Faulty]:
    """Faults in accepted alternatives, as if the alternative were the reference."""
    found: dict[str, Faulty] = {}
    for number, variant in enumerate(case.variants, 1):
        swapped = case.model_copy(update={"subtasks": tuple(_swapped(subtask, variant) for subtask in case.subtasks)})
        differs = {s.view.id for s, old in zip(swapped.subtasks, case.subtasks, strict=True) if s != old}
        for mutant in plan_mutants(_Case(swapped), most).mutants:
            if mutant.subtask in differs and not mutant.same_code:
                faulty = _one(swapped, mutant, f"variant-{number}-mutant", (_IN_VARIANT,))
                found.setdefault(faulty.id, faulty)
    return list(found.values())[:most]


def _swapped(subtask: Subtask, variant: Mapping[str, str]) -> Subtask:
    own = {cell: variant.get(cell, source) for cell, source in subtask.reference.items()}
    return subtask.model_copy(update={"reference": own})


async def caught(case: AuthorCase, most: int, judge: MutantJudge) -> AsyncIterator[tuple[int, tuple[Sample, ...]]]:
    """How many were tried since the last part, and the samples of those that the checks catch today."""
    for subtask, batch in _batches(planned(case, most)):
        found = case.subtask(subtask)
        assert found is not None, "it was planned from this case"
        verdicts = await judge.judge(case, found, [Mutant(answer=dict(faulty.answer)) for faulty in batch])
        pairs = zip(batch, verdicts, strict=True)
        yield len(batch), tuple(f.sample(case) for f, verdict in pairs if verdict.verdict is Verdict.NEEDS_WORK)


def _batches(faulty: Sequence[Faulty]) -> Iterator[tuple[str, Sequence[Faulty]]]:
    for subtask, group in groupby(faulty, key=lambda one: one.subtask):
        waiting = list(group)
        for first in range(0, len(waiting), _BATCH):
            yield subtask, waiting[first : first + _BATCH]
