"""Have mutants judged in batches, and tell how far it is."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import groupby

from case_uploader.ci.mutants import PlannedMutant
from case_uploader.errors import TrialsUnavailable
from services.contracts.case_report import MutantLine, MutantOutcome
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.mutants import Mutant, MutantsRequest, MutantVerdict

BATCH = 12
"""Enough to keep every worker of a runner busy, few enough for progress every few seconds."""
_SAME_CODE = "it compiles to the very same code"
_SAME_RESULT = "it leaves the same values and the same text as the reference, with every seed"


async def judged(
    version: str, mutants: Sequence[PlannedMutant], declared: Mapping[str, str], feedback: FeedbackClient
) -> AsyncIterator[tuple[MutantLine, ...]]:
    """One part for each batch, in order. Raises `TrialsUnavailable` when nobody can judge."""
    for subtask, batch in _batches(mutants):
        waiting = [mutant for mutant in batch if not mutant.same_code]
        verdicts = await _verdicts(version, subtask, waiting, feedback) if waiting else ()
        told = dict(zip((mutant.id for mutant in waiting), verdicts, strict=True))
        yield tuple(_line(mutant, told.get(mutant.id), declared) for mutant in batch)


def _batches(mutants: Sequence[PlannedMutant]) -> Iterator[tuple[str, tuple[PlannedMutant, ...]]]:
    for subtask, group in groupby(mutants, key=lambda mutant: mutant.subtask):
        waiting = tuple(group)
        for first in range(0, len(waiting), BATCH):
            yield subtask, waiting[first : first + BATCH]


async def _verdicts(
    version: str, subtask: str, mutants: Sequence[PlannedMutant], feedback: FeedbackClient
) -> tuple[MutantVerdict, ...]:
    wanted = tuple(Mutant(answer={mutant.cell: mutant.source}, names=mutant.names) for mutant in mutants)
    try:
        result = await feedback.mutants(MutantsRequest(version=version, subtask=subtask, mutants=wanted))
    except ServiceError as error:
        raise TrialsUnavailable(
            f"Mutants of {subtask} could not be judged: {error.service} said {error.error} ({error.detail})."
        ) from error
    if len(result.verdicts) != len(wanted):
        raise TrialsUnavailable(f"Mutants of {subtask} came back without their verdicts.")
    return result.verdicts


def _line(mutant: PlannedMutant, verdict: MutantVerdict | None, declared: Mapping[str, str]) -> MutantLine:
    outcome, reason = _outcome(mutant, verdict, declared)
    return MutantLine(
        id=mutant.id,
        subtask=mutant.subtask,
        cell=mutant.label,
        line=mutant.edit.line,
        group=mutant.edit.group,
        operator=mutant.edit.operator,
        title=mutant.edit.title,
        before=mutant.before,
        after=mutant.after,
        outcome=outcome,
        caught_by=verdict.seen_by if verdict and outcome == "caught" else (),
        reason=reason,
        seconds=verdict.seconds if verdict else 0,
    )


def _outcome(
    mutant: PlannedMutant, verdict: MutantVerdict | None, declared: Mapping[str, str]
) -> tuple[MutantOutcome, str]:
    if verdict is None:
        return "same_code", _SAME_CODE
    if verdict.verdict is Verdict.COULD_NOT_JUDGE:
        return "not_judged", verdict.detail
    if verdict.verdict is Verdict.NEEDS_WORK:
        return "caught", ""
    if verdict.same_result:
        return "same_result", _SAME_RESULT
    if mutant.id in declared:
        return "declared", declared[mutant.id]
    return "missed", ""
