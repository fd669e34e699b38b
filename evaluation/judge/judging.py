import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from evaluation.judge.health import JudgeReport, report
from evaluation.judge.judge import Judge
from evaluation.judge.material import Item, items
from evaluation.judge.opinion import Exchange, Opinion
from evaluation.judge.questions import Question, questions
from evaluation.judge.record import SUMMARY, JudgeRecord
from evaluation.judge.scores import scores
from evaluation.runs.result import EvalRun, SampleResult
from evaluation.suites.sample import Sample
from vault.files import write_private

SolutionOf = Callable[[Sample], Awaitable[str]]
"""The author's code for a sample's step, for second opinions; an empty text where it is not known."""


async def unknown_solution(sample: Sample) -> str:  # noqa: ARG001
    """For judging where the cases are not at hand."""
    return ""


async def run_items(
    run: EvalRun, solution_of: SolutionOf = unknown_solution, asked: Sequence[Question] | None = None
) -> list[Item]:
    """Everything that a judge is asked about a run, in the suite's order."""
    wanted: list[Item] = []
    for result in run.results:
        if result.answer is not None:
            solution = await solution_of(result.sample)
            wanted += items(asked or questions(), result.sample, result.answer, solution)
    return wanted


async def judge_run(
    run: EvalRun,
    judge: Judge,
    record: JudgeRecord,
    *,
    at_once: int = 1,
    solution_of: SolutionOf = unknown_solution,
    judged: Callable[[Opinion], None] = lambda _: None,
) -> tuple[EvalRun, JudgeReport]:
    """Judge what has not been judged yet; returns the run with the judge's scores, and how the judge did.

    What an interrupted judging has written down is not asked again; what could not be read or asked, is, and so is what
    was asked less often than this judge asks.

    Args:
        run: with its answers.
        judge: who is asked.
        record: opened, beside the run.
        at_once: items that are judged side by side.
        solution_of: where the author's code is known.
        judged: called after each item, with its opinion.
    """
    known = {one.item: one for one in record.opinions() if one.answer is not None and one.repeats >= judge.repeats}
    wanted = await run_items(run, solution_of)
    turns = asyncio.Semaphore(at_once)
    asking: dict[str, asyncio.Task[Opinion]] = {}

    async def opinion(item: Item) -> Opinion:
        async with turns:
            formed, exchanges = await judge.opinion(item)
            # On this thread: a writer that outlives its cancelled task would meet a closed file.
            record.keep(formed, exchanges)
        return formed

    async def of(item: Item) -> Opinion:
        # Samples that got the same feedback to the same code are the same question.
        digest = item.digest
        if digest not in known:
            if digest not in asking:
                asking[digest] = asyncio.create_task(opinion(item))
            formed = (await asyncio.shield(asking[digest])).model_copy(update={"sample": item.sample.id})
        else:
            formed = known[digest].model_copy(update={"sample": item.sample.id})
        judged(formed)
        return formed

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(of(item)) for item in wanted]
    finally:
        for task in asking.values():
            task.cancel()
        await asyncio.gather(*asking.values(), return_exceptions=True)
    opinions = [task.result() for task in tasks]
    told = report(judge.name, judge.repeats, opinions, _tokens(record.exchanges(), {one.item for one in opinions}))
    write_private(record.folder / SUMMARY, told.model_dump_json(indent=1).encode())
    return _scored(run, opinions), told


def _scored(run: EvalRun, opinions: Sequence[Opinion]) -> EvalRun:
    names = {question.scorer for question in questions()}
    results = [_with_scores(result, opinions, names) for result in run.results]
    return run.model_copy(update={"results": tuple(results)})


def _with_scores(result: SampleResult, opinions: Sequence[Opinion], names: set[str]) -> SampleResult:
    if result.answer is None:
        return result
    mine = [one for one in opinions if one.sample == result.sample.id]
    kept = tuple(score for score in result.scores if score.name not in names)
    return result.model_copy(update={"scores": (*kept, *scores(questions(), mine))})


def _tokens(exchanges: Iterable[Exchange], items: set[str]) -> tuple[int, int]:
    prompt = completion = 0
    for one in exchanges:
        if one.item in items:
            prompt, completion = prompt + one.prompt_tokens, completion + one.completion_tokens
    return prompt, completion
