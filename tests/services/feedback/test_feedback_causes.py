"""Checks that look for a repair to say where work goes wrong: within their time, and never at another's cost."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from feedback.causes import Patience, RepairCauses
from feedback.hints.reference_repair import ReferenceRepair
from feedback.hints.task import Work
from feedback.pipeline import last
from feedback.repair.engine import Repaired
from feedback.running import PlatformFailed
from feedback.wiring import build_checker
from services.contracts.feedback import CheckRequest, Feedback, Verdict
from services.runner.service import Runner
from tests.services.feedback.conftest import REDUCED, answered, shop

CASE = shop()
LONG = Patience(seconds=60, preparing=60, beside=2)
BRIEF = Patience(seconds=0.01, preparing=0.05, beside=2)
SHORT = Patience(seconds=60, preparing=0.01, beside=2)
FOUND = Repaired("", (), 1, 0.1, 0.1, (), {})
# The mistake is in line 4; where it shows, and most of what is unlike the reference, are elsewhere.
FAR = (
    "def reduced(cost, share):\n"
    "    if share > 100:\n"
    '        raise ValueError("no")\n'
    "    rest = 101 - share\n"
    "    parts = cost / 100\n"
    "    answer = parts * rest\n"
    "    return answer\n"
)


@dataclass
class Scripted:
    """Repairs that are found at once, or when they are let go, or not at all."""

    found: Repaired | None = FOUND
    trouble: Exception | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    searched: list[float | None] = field(default_factory=list)

    async def repaired(self, task: Work, seconds: float | None = None) -> Repaired | None:
        self.searched.append(seconds)
        await self.go.wait()
        if self.trouble:
            raise self.trouble
        return self.found

    async def prepare(self, task: Work) -> None:
        await self.ready.wait()


def at_once(**more: object) -> Scripted:
    repairs = Scripted(**more)  # type: ignore[arg-type]
    repairs.ready.set()
    repairs.go.set()
    return repairs


async def asked(causes: RepairCauses, source: str = FAR, beside: int = 0) -> Repaired | None:
    return await causes.of(CASE, CASE.subtasks[1], answered(CASE, reduced=source), beside)


async def test_the_same_code_is_looked_into_once_also_in_vain() -> None:
    for found in (FOUND, None):
        repairs = at_once(found=found)
        causes = RepairCauses(repairs, LONG)
        assert [await asked(causes), await asked(causes)] == [found, found]
        assert repairs.searched == [LONG.seconds]


async def test_other_checks_go_first_and_what_is_known_costs_nothing() -> None:
    repairs = at_once()
    causes = RepairCauses(repairs, LONG)
    assert await asked(causes, beside=LONG.beside + 1) is None
    assert repairs.searched == []
    assert await asked(causes, beside=LONG.beside) is FOUND
    assert await asked(causes, beside=1_000) is FOUND


async def test_a_step_of_another_kind_is_left_to_the_code() -> None:
    """One of two cells: what is repaired is one."""
    repairs = at_once()
    step = CASE.subtasks[0]
    two = step.model_copy(update={"view": step.view.model_copy(update={"answer_cells": ("shelf", "reduced")})})
    assert await RepairCauses(repairs, LONG).of(CASE, two, answered(CASE), 0) is None
    assert repairs.searched == []


async def test_nobody_waits_for_a_step_that_is_being_prepared() -> None:
    repairs = at_once()
    repairs.ready.clear()
    causes = RepairCauses(repairs, SHORT)
    assert await asked(causes) is None
    repairs.ready.set()
    assert await asked(RepairCauses(repairs, LONG)) is FOUND


async def test_one_search_at_a_time_and_who_gets_no_turn_does_without() -> None:
    repairs = at_once()
    repairs.go.clear()
    causes = RepairCauses(repairs, SHORT)
    one = asyncio.create_task(asked(causes))
    while not repairs.searched:
        await asyncio.sleep(0)
    assert await asked(causes, REDUCED) is None
    repairs.go.set()
    assert await one is FOUND
    assert len(repairs.searched) == 1


@pytest.mark.parametrize("trouble", [None, PlatformFailed("runner_away", "nobody answers")])
async def test_a_search_that_nobody_waits_for_any_more_keeps_its_turn_until_it_ends(trouble: Exception | None) -> None:
    """What computes in a thread is not ended by a time that is over."""
    repairs = at_once(trouble=trouble)
    repairs.go.clear()
    causes = RepairCauses(repairs, BRIEF)
    assert await asked(causes) is None
    assert await asked(causes, REDUCED) is None
    assert len(repairs.searched) == 1
    repairs.go.set()
    while causes._turn.locked():
        await asyncio.sleep(0)
    await asked(causes, REDUCED)
    assert len(repairs.searched) == 2


async def test_who_goes_away_leaves_the_turn_with_the_search() -> None:
    repairs = at_once()
    repairs.go.clear()
    causes = RepairCauses(repairs, LONG)
    gone = asyncio.create_task(asked(causes))
    while not repairs.searched:
        await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert causes._turn.locked()
    repairs.go.set()
    assert await asked(causes, REDUCED) is FOUND


async def test_a_runner_that_fails_costs_nothing_but_the_place() -> None:
    repairs = at_once(trouble=PlatformFailed("runner_away", "nobody answers"))
    causes = RepairCauses(repairs, LONG)
    assert await asked(causes) is None
    repairs.trouble = None
    assert await asked(causes) is FOUND


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_a_failing_check_marks_what_a_repair_changes(runner: Runner, tmp_path: Path) -> None:
    causes = RepairCauses(ReferenceRepair(runner), LONG)
    checker = build_checker(runner, tmp_path, causes=causes)

    async def judged(source: str, *, locate: bool = True) -> Feedback:
        request = CheckRequest(subtask="reduced", cells=answered(CASE, reduced=source))
        return await last(checker.check(CASE, request, locate=locate))

    finding = (await judged(FAR)).findings[0]
    assert finding.place is not None
    assert (finding.place.line, finding.place.end_line) == (4, 4)
    assert any(evidence.aspect == "repair" for evidence in finding.evidence)

    unlocated = await judged(FAR.replace("parts", "bits"), locate=False)
    assert all(evidence.aspect != "repair" for evidence in unlocated.findings[0].evidence)
    assert unlocated.findings[0].signature == finding.signature
    assert (await judged(REDUCED)).verdict is Verdict.APPROVED


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_no_word_of_a_cells_repair_is_in_what_is_said_and_its_lines_are_marked(
    runner: Runner, tmp_path: Path
) -> None:
    """The reference's names and calls that the learner has not are nowhere; where the repair changes something is."""
    step = CASE.subtasks[0]
    right = (
        'canary_kept = pd.DataFrame({"name": names, "price": prices})\n'
        'table = canary_kept.dropna(subset=["price"]).reset_index(drop=True)\n'
        'mean_price = table["price"].mean()'
    )
    case = CASE.model_copy(
        update={"subtasks": (step.model_copy(update={"reference": {"shelf": right}}), CASE.subtasks[1])}
    )
    checker = build_checker(runner, tmp_path, causes=RepairCauses(ReferenceRepair(runner), LONG))
    plain = build_checker(runner, tmp_path)
    mine = right.replace("canary_kept", "whole").replace('.dropna(subset=["price"])', "")
    broken = right.replace("canary_kept", "whole").replace("mean()", "mean(")
    for source, lines in ((mine, (2, 2)), (broken, (3, 3))):
        request = CheckRequest(subtask="shelf", cells=answered(case, shelf=source))
        feedback, before = await last(checker.check(case, request)), await last(plain.check(case, request))
        finding = feedback.findings[0]
        assert finding.place is not None
        assert (finding.place.line, finding.place.end_line or finding.place.line) == lines
        assert any(evidence.aspect == "repair" for evidence in finding.evidence)
        said = feedback.model_dump_json()
        assert "canary_kept" not in said
        assert "dropna" not in said
        assert (finding.signature, finding.message) == (before.findings[0].signature, before.findings[0].message)
    assert finding.place == before.findings[0].place, "the parser alone knows where"


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_two_mistakes_in_one_function_are_two_findings(runner: Runner, tmp_path: Path) -> None:
    """The sign breaks nearly all, the bound one call; either alone is found as one."""
    checker = build_checker(runner, tmp_path, causes=RepairCauses(ReferenceRepair(runner), LONG))
    sign, bound = ("price - price", "price + price"), ("> 100", "> 300")

    async def judged(*wrong: tuple[str, str]) -> Feedback:
        source = REDUCED
        for mine, other in wrong:
            source = source.replace(mine, other)
        request = CheckRequest(subtask="reduced", cells=answered(CASE, reduced=source))
        return await last(checker.check(CASE, request))

    def lines(feedback: Feedback) -> list[int | None]:
        return [finding.place.line for finding in feedback.findings if finding.place]

    assert lines(await judged(sign)) == [4]
    assert lines(await judged(bound)) == [2]
    both = await judged(bound, sign)
    assert lines(both) == [4, 2]
    assert len({finding.signature for finding in both.findings}) == 2
    assert "price - price" not in both.for_learner().model_dump_json()
