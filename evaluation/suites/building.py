"""A suite made from cases: what their authors wrote, and small faults that their checks catch."""

from collections.abc import Callable, Mapping

from evaluation.suites.sample import Sample, Suite
from evaluation.suites.sources.authored import authored
from evaluation.suites.sources.mutants import caught
from feedback.mutants import MutantJudge
from services.contracts.case import AuthorCase


async def build_suite(
    name: str, cases: Mapping[str, AuthorCase], judge: MutantJudge, most: int, tried: Callable[[int], None]
) -> Suite:
    """All samples, case by case; `tried` is told how many faults were judged since it was last called.

    That a fault must be seen is known from the checks of today: build a suite when its cases change, not when the
    pipeline does, or it will expect whatever the pipeline says.
    """
    samples: list[Sample] = []
    for case in cases.values():
        samples += authored(case)
        async for count, seen in caught(case, most, judge):
            samples += seen
            tried(count)
    return Suite(id=name, samples=tuple(samples))
