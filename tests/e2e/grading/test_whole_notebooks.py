"""A notebook judged whole says of each subtask what a check of that subtask alone says, without what saves time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback.reference import reference_cells
from infra.settings import EmbeddedSettings
from infra.workshop import CheckerJudge, open_judge
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback
from services.contracts.notebook import Cell
from services.runner import session

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio, pytest.mark.timeout(600)]


def notebooks(case: AuthorCase) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    """The starter, the reference, each variant, and all flaws: one of each subtask in a notebook."""
    reference = reference_cells(case)
    yield "starter", case.cells
    yield "reference", reference
    for number, variant in enumerate(case.variants):
        yield f"variant {number}", _with(reference, variant)
    left = list(case.flaws)
    while left:
        one_each = {flaw.subtask: flaw for flaw in reversed(left)}
        left = [flaw for flaw in left if flaw not in one_each.values()]
        answers = {id_: source for flaw in one_each.values() for id_, source in flaw.answer.items()}
        yield f"flaws {', '.join(flaw.id for flaw in one_each.values())}", _with(reference, answers)


def _with(cells: tuple[Cell, ...], answers: dict[str, str]) -> tuple[Cell, ...]:
    return tuple(cell.model_copy(update={"source": answers.get(cell.id, cell.source)}) for cell in cells)


def _timeless(feedback: Feedback) -> Feedback:
    return feedback.model_copy(update={"wall_ms": 0.0})


async def _alone(judge: CheckerJudge, case: AuthorCase, cells: tuple[Cell, ...]) -> dict[str, Feedback]:
    """Nothing goes on from an earlier step, and each check has a copy of the learner's process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "reach_of", lambda _: None)
        return {subtask.view.id: await judge.judge_step(case, subtask.view.id, cells) for subtask in case.subtasks}


@pytest.mark.parametrize("name", ["python-basics", "clean-regression", "forecast-validation"])
async def test_whole_notebooks_are_judged_like_their_subtasks(name: str, project: Path, tmp_path: Path) -> None:
    settings = EmbeddedSettings(home=tmp_path / "home", run_dir=Path())
    async with open_judge(settings, str(project / "cases" / name)) as (judge, case):
        for number, (what, cells) in enumerate(notebooks(case)):
            for last_try in (False, False, True):
                # By turns one subtask after the other, and some of them side by side.
                whole, alone = await judge.judge(case, cells, 1 + number % 2), await _alone(judge, case, cells)
                assert list(whole) == list(alone)
                differ = [id_ for id_, feedback in alone.items() if _timeless(whole[id_]) != _timeless(feedback)]
                # On a busy machine the probes that nobody waits for may come too late, in one run and not the other.
                if not differ or last_try:
                    break
            assert not differ, what
