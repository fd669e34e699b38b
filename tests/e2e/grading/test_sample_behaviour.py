"""How results come about, on the sample cases: told of flaws that are about it, and of no right work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback.baseline import seeds
from feedback.evidence.behaviours import behaviours
from feedback.evidence.odd_behaviour import odd_behaviour
from feedback.notebook.repair import repair
from feedback.pipeline import Checker
from feedback.plan import plan_behaviour, plan_run
from feedback.reference import reference_cells
from feedback.running import observed
from infra.settings import EmbeddedSettings
from infra.workshop import open_judge
from services.contracts.case import AuthorCase, Subtask
from services.contracts.notebook import Cell

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio, pytest.mark.timeout(300)]
WANTED = {"python-basics": set(), "clean-regression": {"overlap", "refit"}, "forecast-validation": {"folds", "fits"}}
TOLD = {
    "test-month-already-known": ("shared-folds", "Whoever is tested on what was learned from"),
    "fitted-on-the-whole-curve": ("fitted-on-tested", "rows that they were fitted on"),
}


def right(case: AuthorCase) -> Iterator[tuple[Cell, ...]]:
    """The reference and each accepted variant."""
    reference = reference_cells(case)
    yield reference
    for variant in case.variants:
        yield tuple(cell.model_copy(update={"source": variant.get(cell.id, cell.source)}) for cell in reference)


async def odd(checker: Checker, case: AuthorCase, subtask: Subtask, cells: tuple[Cell, ...]) -> list[str]:
    """What would be told if the work were not right."""
    plan = plan_run(case, subtask, repair(case, cells), seeds(case)[0])
    again = plan_behaviour(plan)
    reference = await checker.baselines.behaviour(case, subtask)
    assert again is not None
    assert reference is not None
    seen = await observed(checker.runs, again.request)
    if cells == reference_cells(case):
        assert all(probe.value is not None for probe in seen.probes)
    return [clue.aspect for clue in odd_behaviour(plan.asked, seen, reference)]


@pytest.mark.parametrize("name", sorted(WANTED))
async def test_right_work_is_never_odd_and_flaws_are_told(name: str, project: Path, tmp_path: Path) -> None:
    settings = EmbeddedSettings(home=tmp_path / "home", run_dir=Path())
    async with open_judge(settings, str(project / "cases" / name)) as (judge, case):
        steps = [subtask for subtask in case.subtasks if behaviours(case, subtask)]
        assert {one.kind for subtask in steps for one in behaviours(case, subtask)} == WANTED[name]
        for subtask in steps:
            for cells in right(case):
                assert await odd(judge._checker, case, subtask, cells) == []
        for flaw in (flaw for flaw in case.flaws if flaw.id in TOLD):
            cells = tuple(
                cell.model_copy(update={"source": flaw.answer.get(cell.id, cell.source)})
                for cell in reference_cells(case)
            )
            aspect, words = TOLD[flaw.id]
            found = (await judge.judge_step(case, flaw.subtask, cells)).findings
            assert aspect in [e.aspect for one in found for e in one.evidence if e.kind == "behaviour"], flaw.id
            assert any(words in one.message for one in found)
            assert any(one.mentor == flaw.words for one in found)
