"""`caseloop eval judge …`: a model's opinion about a run, and how far people agree with it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from evaluation.bench import CannotEvaluate
from evaluation.desk import EvalDesk
from evaluation.judge.health import JudgeReport
from evaluation.judge.judge import Judge
from evaluation.judge.judging import SolutionOf, judge_run, run_items, unknown_solution
from evaluation.judge.labels import LABELS, Drawn, Label, LabelsUnreadable, add_labels, agreed, known_labels
from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import Said
from evaluation.judge.record import JudgeRecord, RecordInUse
from evaluation.judge.showing import item_text, print_report
from evaluation.judge.to_label import TO_LABEL, ToLabel, to_label
from evaluation.progress import progress_bar
from evaluation.runs.result import EvalRun
from evaluation.serving.leaving import leave_index
from evaluation.speaking import complete, refusing
from evaluation.suites.sample import Sample
from feedback.model.errors import ModelMisconfigured
from feedback.model.port import ChatModel
from feedback.model.settings import ModelSettings
from feedback.model.wiring import open_model
from services.contracts.case import AuthorCase
from services.kit.clock import utc_now
from vault.files import write_private

_SAYS: Final[Mapping[str, Said]] = {"y": "yes", "n": "no", "c": "cannot_tell"}
_INTERRUPTED: Final = "Interrupted. What the judge has said is kept: `caseloop eval judge run` goes on from there."
_LIST: Final = 60


def build_judge_app(desk: EvalDesk) -> typer.Typer:
    """The subcommands of `eval judge`."""
    app = typer.Typer(help="Let a model judge a run, and measure how far to trust it.", no_args_is_help=True)
    _add_run(app, desk)
    _add_calibrate(app, desk)
    _add_label(app, desk)
    return app


def _add_run(app: typer.Typer, desk: EvalDesk) -> None:
    @app.command("run")
    def run(
        run: Annotated[str, typer.Argument(help="Name of a run.")],
        repeats: Annotated[int, typer.Option("--repeats", min=1, max=9, help="How often each order is asked.")] = 1,
    ) -> None:
        """Have the configured model judge a run's answers; what it has judged already is kept."""
        with refusing():
            known = desk.runs.open(run)
        complete(judge_stored(desk, known, repeats), _INTERRUPTED)
        leave_index(desk, run)


def _add_calibrate(app: typer.Typer, desk: EvalDesk) -> None:
    @app.command("calibrate")
    def calibrate_(
        run: Annotated[str, typer.Argument(help="Name of a judged run.")],
        labels: Annotated[
            Path | None, typer.Argument(help="More labels by people (JSONL).", exists=True, dir_okay=False)
        ] = None,
    ) -> None:
        """Compare a run's judge with people: agreement, errors, corrected rates, and what to label next."""
        complete(_calibrate(desk, run, labels), "Interrupted.")


def _add_label(app: typer.Typer, desk: EvalDesk) -> None:
    @app.command("label")
    def label(
        run: Annotated[str, typer.Argument(help="Name of a judged run.")],
        by: Annotated[str, typer.Option("--by", help="Who labels.")] = "me",
        count: Annotated[int, typer.Option("--count", "-n", min=1, help="Most items.")] = 20,
    ) -> None:
        """Answer what the judge was asked, item by item; the answers count from the next calibration on."""
        entries = complete(_wanted(desk, run, count, by), "Interrupted.")
        with refusing(), _recording():
            done = _ask(entries, by, labels_file(desk))
        typer.echo(f"{done} labels added. `caseloop eval judge calibrate {run}` takes them in.")


def labels_file(desk: EvalDesk) -> Path:
    """Where this home keeps people's labels."""
    return desk.home() / LABELS


@asynccontextmanager
async def configured_judge(repeats: int, model: ChatModel | None = None) -> AsyncIterator[Judge]:
    """The judge on the configured model, or on `model`. CannotEvaluate where there is none."""
    if model is not None:
        yield Judge(model, repeats=repeats)
        return
    try:
        async with open_model(ModelSettings()) as opened:
            if opened is None:
                raise CannotEvaluate(
                    "No model is configured that could judge; docs/how-to/connect-a-model.md says how to connect one."
                )
            yield Judge(opened, repeats=repeats)
    except ModelMisconfigured as error:
        raise CannotEvaluate(str(error)) from error


async def judge_stored(desk: EvalDesk, run: EvalRun, repeats: int) -> EvalRun:
    """Judge a run that is kept, keep its scores, and print how the judge did. CannotEvaluate, RecordInUse."""
    async with configured_judge(repeats) as judge, _solutions(desk, run) as solution_of:
        return await judged(desk, run, judge, solution_of)


async def judged(desk: EvalDesk, run: EvalRun, judge: Judge, solution_of: SolutionOf) -> EvalRun:
    """The same with what is open already. numpy and scipy are loaded here."""
    from evaluation.judge.flips import flips

    console = Console()
    scored, report = await _judged(run, judge, desk.runs.folder(run.id), solution_of)
    desk.runs.save(scored)
    print_report(report, flips(scored, JudgeRecord(desk.runs.folder(run.id)).opinions()), console)
    return scored


def solutions_of(cases: Mapping[str, AuthorCase]) -> SolutionOf:
    """The author's code of a sample's step, from open cases (by id)."""

    async def solution(sample: Sample) -> str:
        case = cases.get(sample.case)
        subtask = case.subtask(sample.subtask) if case else None
        return "\n\n".join(subtask.reference.values()) if subtask else ""

    return solution


@asynccontextmanager
async def _solutions(desk: EvalDesk, run: EvalRun) -> AsyncIterator[SolutionOf]:
    """From the cases of the run's suite, where they are at hand."""
    try:
        async with desk.open_bench(_cases(desk, run), False) as bench:
            cases = dict(bench.cases)
    except CannotEvaluate as error:
        typer.secho(f"Second opinions go without the authors' code: {error}", fg="yellow", err=True)
        yield unknown_solution
        return
    yield solutions_of(cases)


def _cases(desk: EvalDesk, run: EvalRun) -> tuple[str, ...]:
    """Where the run's cases are: as its suite's file names them, else those that ship, else the published ones."""
    wanted = desk.find(run.suite)
    if wanted.file is not None:
        return wanted.cases
    names = dict.fromkeys(result.sample.case for result in run.results)
    return tuple(str(folder) if (folder := desk.shipped() / name).is_dir() else name for name in names)


async def _judged(run: EvalRun, judge: Judge, folder: Path, solution_of: SolutionOf) -> tuple[EvalRun, JudgeReport]:
    total = len(await run_items(run))
    at_once = ModelSettings().slots
    with _recording(), JudgeRecord(folder) as record, progress_bar("judging", total) as advance:
        return await judge_run(
            run, judge, record, at_once=at_once, solution_of=solution_of, judged=lambda _: advance(1)
        )


async def _calibrate(desk: EvalDesk, name: str, extra: Path | None) -> None:
    # numpy and scipy take half a second, which no other command should wait for.
    from evaluation.judge.calibration import calibrate
    from evaluation.judge.showing_calibration import print_calibration

    run, opinions = _opinions(desk, name)
    with _recording():
        labels = agreed(known_labels(labels_file(desk), *([extra] if extra else [])))
    console = Console()
    found = calibrate(run, opinions, labels)
    print_calibration(found, console)
    entries = to_label(await run_items(run), opinions, labels, _LIST)
    path = desk.runs.folder(name) / TO_LABEL
    write_private(path, b"".join(entry.model_dump_json().encode() + b"\n" for entry in entries))
    mistakes = sum(len(one.mistakes) for one in found)
    console.print(
        f"{mistakes} items where judge and people differ. What to label next: {path} ({len(entries)} items), or by "
        f"`caseloop eval judge label {name}`.",
        markup=False,
        soft_wrap=True,
    )


async def _wanted(desk: EvalDesk, name: str, count: int, by: str) -> list[ToLabel]:
    run, opinions = _opinions(desk, name)
    with _recording():
        labels = agreed(known_labels(labels_file(desk)))
    entries = to_label(await run_items(run), opinions, labels, count + len(labels))
    return [entry for entry in entries if by not in entry.people][:count]


def _opinions(desk: EvalDesk, name: str) -> tuple[EvalRun, list[Opinion]]:
    run = desk.runs.open(name)
    opinions = JudgeRecord(desk.runs.folder(name)).opinions()
    if not opinions:
        raise CannotEvaluate(f"No judge has seen the run {name} yet; `caseloop eval judge run {name}` asks one.")
    return run, opinions


def _ask(entries: list[ToLabel], by: str, path: Path) -> int:
    """Ask for each; every answer is written down at once."""
    done = 0
    for number, entry in enumerate(entries, 1):
        typer.echo(item_text(entry))
        answer = _answer(f"[{number}/{len(entries)}] (y)es, (n)o, (c)annot tell, (s)kip, (q)uit")
        if answer == "q":
            break
        if answer == "s":
            continue
        add_labels(path, [_label(entry, _SAYS[answer], by, entry.drawn)])
        done += 1
    return done


def _answer(prompt: str) -> str:
    while True:
        answer: str = typer.prompt(prompt, default="s", show_default=False).strip().lower()[:1]
        if answer in {*_SAYS, "s", "q"}:
            return answer


def _label(entry: ToLabel, said: Said, by: str, drawn: Drawn) -> Label:
    return Label(item=entry.item, question=entry.question, answer=said, by=by, at=utc_now(), drawn=drawn)


@contextmanager
def _recording() -> Iterator[None]:
    """Says what is wrong with a record or a file of labels as every other refusal is said."""
    try:
        yield
    except (RecordInUse, LabelsUnreadable) as error:
        raise CannotEvaluate(str(error)) from error
