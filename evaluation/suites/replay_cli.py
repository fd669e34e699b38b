"""`caseloop eval suite replay` and `answers`: what learners handed in, and what mentors answered, as suites."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from evaluation.bench import CannotEvaluate
from evaluation.desk import EvalDesk, only_case
from evaluation.speaking import complete
from evaluation.suites.jsonl import lines_of
from evaluation.suites.sources.answers import answered_samples
from evaluation.suites.sources.submissions import replayed
from vault.files import write_private

_INTERRUPTED: Final = "Interrupted. Nothing was written."
_MOST: Final = 1_000
_Case = Annotated[str, typer.Argument(help="Id of a published case.")]
_Most = Annotated[int, typer.Option("--most", min=1, help="Most samples, the newest first.")]
_Out = Annotated[Path | None, typer.Option("--out", "-o", dir_okay=False, help="File to write; else standard output.")]


def add_replay_command(app: typer.Typer, desk: EvalDesk) -> None:
    """Exit status 0 written, 2 there is nothing to write."""

    @app.command("replay")
    def replay(case: _Case, most: _Most = _MOST, out: _Out = None) -> None:
        """Write what learners handed in as a suite: without names, ids, mail addresses and keys."""
        _put(complete(_handed_in(desk, case, most), _INTERRUPTED), out)


def add_answers_command(app: typer.Typer, desk: EvalDesk) -> None:
    """Exit status 0 written, 2 there is nothing to write."""

    @app.command("answers")
    def answers(case: _Case, most: _Most = _MOST, out: _Out = None) -> None:
        """Write what mentors answered as a suite: remembered answers and settled disputes, without who it was."""
        _put(complete(_answered(desk, case, most), _INTERRUPTED), out)


def _put(lines: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(lines.decode())
        return
    write_private(out, lines)
    # Not `splitlines`: it takes the bytes of some letters for the end of a line.
    count = lines.count(b"\n")
    typer.echo(f"{out}: {count} sample{'' if count == 1 else 's'}.")


async def _answered(desk: EvalDesk, case: str, most: int) -> bytes:
    async with desk.open_bench((case,), False) as bench, desk.open_answers() as kept:
        author = only_case(bench.cases)
        samples = await answered_samples(author, kept, most)
    if not samples:
        raise CannotEvaluate(f"No mentor has answered anything about {author.id} yet that holds.")
    return lines_of(samples, {author.id: author})


async def _handed_in(desk: EvalDesk, case: str, most: int) -> bytes:
    async with desk.open_bench((case,), False) as bench, desk.open_submissions() as kept:
        author = only_case(bench.cases)
        samples = [sample async for sample in replayed(author, kept, most)]
    if not samples:
        raise CannotEvaluate(f"Nobody has handed in anything for {author.id} yet that was judged.")
    return lines_of(samples, {author.id: author})
