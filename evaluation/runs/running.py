"""One run: every sample that has no result yet is answered, scored and written down."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import structlog

from evaluation.pipeline import CannotAnswer, Pipeline
from evaluation.runs.result import Answer, EvalRun, SampleResult, Score
from evaluation.runs.store import RunWriter
from evaluation.scorers.port import Ground, Grounds, Scorer
from evaluation.suites.sample import Sample, Suite
from services.kit.clock import utc_now

_log = structlog.get_logger(__name__)
INSPECT_LOGS: Final = "inspect"
"""Folder of inspect-ai's own logs, in that of the run; one file for each start of the run."""


class RunBroken(Exception):
    """The run came to no end, and not because of a sample; what is answered is kept."""


class Guard(Protocol):
    """Says why a sample proves nothing."""

    def contaminated(self, sample: Sample, ground: Ground) -> str:
        """Where its expected answer stands in what the pipeline was given; empty: nowhere."""
        ...


@dataclass(frozen=True)
class Examination:
    """Who answers, who scores, and what they may know."""

    pipeline: Pipeline
    scorers: Sequence[Scorer]
    grounds: Grounds
    guard: Guard | None = None

    async def result(self, sample: Sample) -> SampleResult:
        """One sample answered and scored. Only cancellation gets out of it."""
        ground = self.grounds[sample.case]
        contaminated = self.guard.contaminated(sample, ground) if self.guard else ""
        try:
            answer = await self.pipeline.answer(sample)
        except CannotAnswer as error:
            return SampleResult(sample=sample, answer=None, problem=str(error), contaminated=contaminated)
        except Exception as error:
            # One sample that nobody foresaw must not keep the others from being answered.
            _log.exception("sample could not be answered", sample=sample.id)
            problem = f"answering it broke off ({type(error).__name__}: {error})"
            return SampleResult(sample=sample, answer=None, problem=problem[:2_000], contaminated=contaminated)
        scores = [score for scorer in self.scorers for score in await _scores(scorer, sample, answer, ground)]
        return SampleResult(sample=sample, answer=answer, scores=tuple(scores), contaminated=contaminated)


async def _scores(scorer: Scorer, sample: Sample, answer: Answer, ground: Ground) -> tuple[Score, ...]:
    try:
        return await scorer.score(sample, answer, ground)
    except Exception as error:
        _log.exception("answer could not be scored", sample=sample.id, scorer=scorer.name)
        why = f"scoring broke off ({type(error).__name__}: {error})"
        return (Score(name=scorer.name, kind="rate", value=None, why=why[:2_000]),)


async def run_suite(
    suite: Suite, examination: Examination, writer: RunWriter, jobs: int, on_result: Callable[[SampleResult], None]
) -> EvalRun:
    """Answer what has no result yet, at most `jobs` samples at a time; `on_result` is told of each, kept ones first.

    Raises RunBroken.
    """
    waiting = []
    for sample in suite.samples:
        known = writer.known(sample)
        if known is None:
            waiting.append(sample)
        else:
            on_result(known)

    async def respond(sample: Sample) -> SampleResult:
        result = await examination.result(sample)
        writer.keep(result)
        on_result(result)
        return result

    if waiting:
        from evaluation.runs.inspecting import inspected

        logs = writer.folder / INSPECT_LOGS
        logs.mkdir(mode=0o700, exist_ok=True)
        log = await inspected(suite, waiting, respond, logs, jobs)
        if log is None or log.status == "cancelled":
            # inspect-ai returns from a cancellation as if nothing had been.
            raise asyncio.CancelledError
        if log.status != "success":
            raise RunBroken(f"inspect-ai broke off: {log.error.message if log.error else log.status}")
    return writer.end(utc_now())


async def run_plainly(samples: Sequence[Sample], pipeline: Pipeline, jobs: int) -> float:
    """The same pipeline in a bare loop, without scores or a log; returns the seconds it took."""
    turns = asyncio.Semaphore(jobs)

    async def one(sample: Sample) -> None:
        async with turns:
            await pipeline.answer(sample)

    started = time.perf_counter()
    await asyncio.gather(*map(one, samples))
    return time.perf_counter() - started


def inspect_logs(folder: Path) -> tuple[Path, ...]:
    """inspect-ai's logs of a run's folder, oldest first: `inspect view` shows them."""
    return tuple(sorted((folder / INSPECT_LOGS).glob("*.eval")))
