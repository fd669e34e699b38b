"""inspect-ai around the pipeline: it keeps the order, the concurrency and a log that its own viewer opens.

Imported only when a run begins: loading inspect-ai takes a second.
"""

import gc
import os
import warnings
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from inspect_ai import Task, eval_async
from inspect_ai import solver as solvers
from inspect_ai.dataset import MemoryDataset
from inspect_ai.dataset import Sample as InspectSample
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score as InspectScore
from inspect_ai.scorer import Scorer, Target, scorer
from inspect_ai.solver import Generate, Solver, TaskState
from inspect_ai.util import display_type

from evaluation.runs.result import Answer, SampleResult, Score
from evaluation.runs.told import told
from evaluation.suites.sample import Sample, Suite

Respond = Callable[[Sample], Awaitable[SampleResult]]
"""Answers and scores one sample, and keeps the result. Never raises but for cancellation."""

_RESULT: Final = "result"


async def inspected(
    suite: Suite, waiting: Sequence[Sample], respond: Respond, folder: Path, jobs: int
) -> EvalLog | None:
    """Have every waiting sample responded to, `jobs` at a time; the log goes into the folder. None: cancelled."""
    os.environ.update(INSPECT_DISPLAY="none", INSPECT_TRACE_FILE=str(folder / "trace.log"))
    # Asked once, it stays as the variable says; unasked, a bar of its own would run beside ours.
    display_type()
    with warnings.catch_warnings():
        # inspect-ai drops the stream of each sample's events without closing it.
        warnings.filterwarnings("ignore", "Unclosed <MemoryObjectReceiveStream", ResourceWarning)
        kept = await eval_async(
            _task(suite, waiting, respond),
            model=None,
            log_dir=str(folder),
            log_level="error",
            log_format="eval",
            log_realtime=False,
            log_buffer=200,
            max_samples=jobs,
            fail_on_error=False,
            score_display=False,
            ctl_server=False,
        )
        gc.collect()
    return kept[0] if kept else None


def _task(suite: Suite, waiting: Sequence[Sample], respond: Respond) -> Task:
    by_id = {sample.id: sample for sample in waiting}

    @solvers.solver(name="caseloop")
    def pipeline() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001 - its protocol
            result = await respond(by_id[str(state.sample_id)])
            state.metadata[_RESULT] = result.model_dump(mode="json", include={"answer", "problem", "scores"})
            if result.answer is not None:
                state.output = ModelOutput.from_content("caseloop", told(result.answer.feedback))
            state.completed = True
            return state

        return solve

    # No metric of inspect's own: its means know neither intervals nor what could not be scored.
    @scorer(metrics=[], name="caseloop")
    def scored() -> Scorer:
        async def score(state: TaskState, target: Target) -> InspectScore | None:  # noqa: ARG001 - its protocol
            found = [Score.model_validate(one) for one in state.metadata[_RESULT]["scores"]]
            value: dict[str, str | int | float | bool | None] = {one.name: one.value for one in found}
            why = "\n".join(f"{one.name}: {one.why}" for one in found if one.why)
            return InspectScore(value=value, explanation=why or None) if value else None

        return score

    return Task(
        dataset=MemoryDataset([_asked(sample) for sample in waiting], name=suite.id),
        solver=pipeline(),
        scorer=scored(),
        name=suite.id,
    )


def _asked(sample: Sample) -> InspectSample:
    code = "\n\n".join(cell.source for cell in sample.cells if cell.kind == "code")
    expected = sample.expected
    return InspectSample(
        id=sample.id,
        input=code or "(empty)",
        target=[expected.verdict.value if expected.verdict else "unknown", *(p.about for p in expected.problems)],
        metadata={"case": sample.case, "subtask": sample.subtask, "source": sample.source, "tags": list(sample.tags)},
    )


def answer_in(sample: dict[str, Any]) -> Answer | None:
    """The pipeline's answer in a sample of inspect's log, for scoring it once more."""
    kept = sample.get("metadata", {}).get(_RESULT, {}).get("answer")
    return Answer.model_validate(kept) if kept else None
