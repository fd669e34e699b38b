"""Asking for hints: who may, how many, and that nobody gets around it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from feedback.assistance.errors import AiDeclined, AiOff, ChoiceMissing
from feedback.errors import OutsideScope, SubtaskNotFound
from feedback.hints.errors import (
    HintNotFound,
    HintNotReady,
    HintsSpent,
    HintUnderWay,
    NotApproved,
    NotebookTooLarge,
    RatingFirst,
)
from services.contracts.assistance import AiChoice
from services.contracts.case import AuthorCase, HintQuotas, Quotas
from services.contracts.hint import AskHint, HintView, RateHint, Reflect
from services.contracts.notebook import Cell
from services.contracts.observation import RunEvent, RunRequest
from services.kit.errors import CaseloopError
from tests.databases import ON_BOTH
from tests.services.feedback.conftest import ScriptedRuns, shop
from tests.services.feedback.hints.conftest import OpenBench
from tests.services.feedback.hints.hint_bench import BAD, GOOD, HINT, HintBench, ask_for, scope_of, seen

pytestmark = ON_BOTH


def with_quotas(**quotas: Any) -> AuthorCase:
    return shop(quotas=Quotas(hints=HintQuotas(**quotas)))


async def test_a_hint_is_made_while_nobody_waits(bench: HintBench) -> None:
    asked = await bench.service.ask(ask_for(), scope_of())
    assert (asked.state, asked.stage, asked.text, asked.kind, asked.subtask) == (
        "working",
        "waiting",
        None,
        "debug",
        "shelf",
    )
    async with bench.working():
        ready = await bench.settled(asked.id, scope_of())
    assert (ready.state, ready.stage, ready.text, ready.words_by) == ("ready", "done", HINT, "model")
    assert ready.place is not None
    assert ready.place.cell == "shelf"
    assert await bench.service.get(asked.id, scope_of()) == ready
    assert (await bench.choices.of(scope_of())).uses == 1


async def test_who_follows_sees_every_stage_once(bench: HintBench) -> None:
    asked = await bench.service.ask(ask_for(), scope_of())
    views: list[HintView] = []

    async def follow() -> None:
        async for view in bench.service.follow(asked.id, scope_of()):
            views.append(view)

    following = asyncio.create_task(follow())
    async with asyncio.timeout(20):
        while not views:
            await asyncio.sleep(0.01)
    async with bench.working(), asyncio.timeout(20):
        await following
    stages = [view.stage for view in views]
    assert stages[0] == "waiting"
    assert stages[-1] == "done"
    assert stages == sorted(stages, key=["waiting", "checking", "repairing", "wording", "trying", "done"].index)
    assert len(set(stages)) == len(stages)


async def test_following_what_another_process_makes_ends_too(opened: OpenBench) -> None:
    here, there = opened(), opened()
    await here.consent("ada")
    asked = await here.service.ask(ask_for(), scope_of())
    async with there.working():
        assert (await here.settled(asked.id, scope_of())).text == HINT


async def test_without_consent_there_is_none(opened: OpenBench) -> None:
    bench = opened()
    with pytest.raises(ChoiceMissing):
        await bench.service.ask(ask_for(), scope_of())
    await bench.consent("ada", ai=False)
    with pytest.raises(AiDeclined):
        await bench.service.ask(ask_for(), scope_of())
    with pytest.raises(AiOff):
        await bench.service.ask(ask_for(), scope_of(mode="none"))
    await bench.choices.choose(scope_of(), AiChoice(ai=True))
    assert (await bench.service.ask(ask_for(), scope_of())).state == "working"


async def test_the_scope_decides_about_case_and_step(bench: HintBench) -> None:
    with pytest.raises(OutsideScope):
        await bench.service.ask(ask_for(), scope_of(subtask="reduced"))
    with pytest.raises(OutsideScope):
        await bench.service.shelf("shelf", scope_of(subtask="reduced"))
    with pytest.raises(SubtaskNotFound):
        await bench.service.ask(ask_for().model_copy(update={"subtask": "nowhere"}), scope_of(subtask=None))


async def test_other_peoples_hints_do_not_exist(bench: HintBench) -> None:
    hint = await bench.made(ask_for())
    strangers = [scope_of("bob"), scope_of(case="other"), scope_of(subtask="reduced")]
    for stranger in strangers:
        with pytest.raises(HintNotFound):
            await bench.service.get(hint.id, stranger)
        with pytest.raises(HintNotFound):
            await bench.service.rate(hint.id, RateHint(helpful=True), stranger)
        with pytest.raises(HintNotFound):
            await bench.service.reflect(hint.id, Reflect(text="one two three"), stranger)
        with pytest.raises(HintNotFound):
            await anext(bench.service.follow(hint.id, stranger))
    assert (await bench.service.shelf("shelf", scope_of("bob"))).hints == ()
    with pytest.raises(HintNotFound):
        await bench.service.get("0" * 32, scope_of())


async def test_asking_again_while_it_is_made_is_the_same_hint(bench: HintBench) -> None:
    first = await bench.service.ask(ask_for(), scope_of())
    again = await bench.service.ask(ask_for(), scope_of())
    assert again.id == first.id
    for other in (ask_for("plan"), ask_for(answer=BAD + "\n# changed")):
        with pytest.raises(HintUnderWay, match=first.id):
            await bench.service.ask(other, scope_of())
    assert (await bench.service.ask(ask_for(), scope_of("bob"))).id != first.id
    shelf = await bench.service.shelf("shelf", scope_of())
    assert [hint.id for hint in shelf.hints] == [first.id]
    assert shelf.left.debug == 2


async def test_the_next_hint_is_given_when_the_last_one_is_rated(bench: HintBench) -> None:
    first = await bench.made(ask_for())
    assert (await bench.service.shelf("shelf", scope_of())).unrated == first.id
    with pytest.raises(RatingFirst, match=first.id):
        await bench.service.ask(ask_for("plan"), scope_of())
    assert (await bench.rated(first)).helpful is True
    assert (await bench.service.shelf("shelf", scope_of())).unrated is None
    second = await bench.made(ask_for("plan"))
    assert second.state == "ready"
    assert (await bench.service.rate(second.id, RateHint(helpful=False), scope_of())).helpful is False


async def test_what_learners_say_of_hints_is_counted_once_and_again_when_they_change_their_mind(
    bench: HintBench,
) -> None:
    def counted(helpful: str) -> float | None:
        labels = {"case": "shop", "kind": "debug", "helpful": helpful}
        return bench.registry.get_sample_value("caseloop_hint_ratings_total", labels)

    hint = await bench.made(ask_for())
    assert counted("yes") is None
    for helpful in (True, True, False):
        await bench.service.rate(hint.id, RateHint(helpful=helpful), scope_of())
    assert (counted("yes"), counted("no")) == (1, 1)


async def test_a_hint_that_nobody_has_read_cannot_be_rated(bench: HintBench) -> None:
    asked = await bench.service.ask(ask_for(), scope_of())
    with pytest.raises(HintNotReady):
        await bench.rated(asked)


async def test_quotas_of_a_kind_and_of_all_kinds(opened: OpenBench) -> None:
    bench = opened(with_quotas(debug=2, plan=3, overall=3, optimize=0))
    await bench.consent("ada")
    shelf = await bench.service.shelf("shelf", scope_of())
    assert shelf.left.model_dump() == {"plan": 3, "debug": 2, "optimize": 0, "overall": 3}
    for kind in ("debug", "debug"):
        await bench.rated(await bench.made(ask_for(kind)))
    with pytest.raises(HintsSpent, match="2 of 2"):
        await bench.service.ask(ask_for("debug"), scope_of())
    with pytest.raises(HintsSpent, match="gives no hints"):
        await bench.service.ask(ask_for("optimize", GOOD), scope_of())
    await bench.rated(await bench.made(ask_for("plan")))
    with pytest.raises(HintsSpent, match="3 of 3"):
        await bench.service.ask(ask_for("plan"), scope_of())
    assert (await bench.service.shelf("shelf", scope_of())).left.model_dump() == {
        "plan": 0,
        "debug": 0,
        "optimize": 0,
        "overall": 0,
    }


async def test_a_new_version_of_the_case_gives_no_new_quota(opened: OpenBench) -> None:
    quotas = Quotas(hints=HintQuotas(debug=1))
    bench = opened(shop(quotas=quotas), shop("b" * 64, quotas=quotas))
    await bench.consent("ada")
    await bench.rated(await bench.made(ask_for()))
    with pytest.raises(HintsSpent):
        await bench.service.ask(ask_for(), scope_of(version="b" * 64))


async def test_twenty_who_ask_at_once_take_one_place(opened: OpenBench) -> None:
    """Different cells, so that nobody joins; two processes, so that no lock of one helps."""
    benches = [opened(with_quotas(debug=3)), opened(with_quotas(debug=3))]
    await benches[0].consent("ada")

    async def ask(number: int) -> HintView | CaseloopError:
        try:
            return await benches[number % 2].service.ask(ask_for(answer=f"{BAD}\n# {number}"), scope_of())
        except CaseloopError as error:
            return error

    for round_ in range(4):
        outcomes = await asyncio.gather(*(ask(20 * round_ + n) for n in range(20)))
        given = [outcome for outcome in outcomes if isinstance(outcome, HintView)]
        refused = {type(outcome) for outcome in outcomes if not isinstance(outcome, HintView)}
        if round_ == 3:
            assert (given, refused) == ([], {HintsSpent})
            break
        assert len(given) == 1
        assert refused == {HintUnderWay}
        async with benches[1].working():
            await benches[0].rated(await benches[0].settled(given[0].id, scope_of()))
    shelf = await benches[0].service.shelf("shelf", scope_of())
    assert (len(shelf.hints), shelf.left.debug) == (3, 0)
    assert (await benches[0].choices.of(scope_of())).uses == 3


async def test_twenty_who_ask_the_same_at_once_get_the_same(opened: OpenBench) -> None:
    benches = [opened(), opened()]
    await benches[0].consent("ada")
    views = await asyncio.gather(*(benches[n % 2].service.ask(ask_for(), scope_of()) for n in range(20)))
    assert len({view.id for view in views}) == 1
    async with benches[0].working(), benches[1].working():
        assert (await benches[0].settled(views[0].id, scope_of())).state == "ready"
    assert benches[0].model is not None
    assert benches[1].model is not None
    assert len(benches[0].model.asked("hint") + benches[1].model.asked("hint")) == 1


@pytest.mark.parametrize("kind", ["plan", "debug"])
async def test_right_work_needs_no_hint_and_pays_none(bench: HintBench, kind: Any) -> None:
    hint = await bench.made(ask_for(kind, GOOD))
    assert (hint.state, hint.words_by, hint.counted) == ("ready", "rules", False)
    assert hint.text is not None
    assert "right already" in hint.text
    assert bench.model is not None
    assert bench.model.requests == []
    again = await bench.service.ask(ask_for(kind, GOOD), scope_of())
    assert again == hint
    shelf = await bench.service.shelf("shelf", scope_of())
    assert (shelf.unrated, shelf.left.debug, shelf.left.plan) == (None, 3, 1)
    assert (await bench.choices.of(scope_of())).uses == 0


async def test_nothing_is_made_better_before_it_is_right(bench: HintBench) -> None:
    with pytest.raises(NotApproved):
        await bench.service.ask(ask_for("optimize", BAD), scope_of())
    assert (await bench.service.shelf("shelf", scope_of())).hints == ()


@pytest.mark.parametrize(("rated", "refusal"), [(True, HintsSpent), (False, RatingFirst)])
async def test_what_changes_between_the_question_and_its_place_counts(
    opened: OpenBench, rated: bool, refusal: type[CaseloopError]
) -> None:
    """One question passes the first look, and is held up until another one has had the last place."""
    gate, held = asyncio.Event(), asyncio.Event()

    class Gated(ScriptedRuns):
        async def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
            if any("# wait" in cell.source for cell in request.cells):
                held.set()
                await gate.wait()
            async for event in super().run(request):
                yield event

    bench = opened(with_quotas(optimize=1), model=None, runs=Gated(seen))
    await bench.consent("ada")
    late = asyncio.create_task(bench.service.ask(ask_for("optimize", GOOD + "\n# wait"), scope_of()))
    await asyncio.wait_for(held.wait(), 10)
    first = await bench.made(ask_for("optimize", GOOD))
    if rated:
        await bench.rated(first)
    gate.set()
    with pytest.raises(refusal):
        await late
    assert [hint.id for hint in (await bench.service.shelf("shelf", scope_of())).hints] == [first.id]


async def test_a_notebook_that_is_too_large_is_refused(bench: HintBench) -> None:
    cells = tuple(Cell(id=f"c{n}", source="x" * 190_000) for n in range(30))
    with pytest.raises(NotebookTooLarge):
        await bench.service.ask(AskHint(subtask="shelf", kind="debug", cells=cells), scope_of())


async def test_every_choice_is_kept(bench: HintBench) -> None:
    before = await bench.choices.of(scope_of())
    await bench.consent("ada", ai=False)
    after = await bench.choices.of(scope_of())
    assert (before.choice, after.choice) == (True, False)
    assert before.chosen is not None
    assert after.chosen is not None
    assert before.chosen < after.chosen
    assert (after.mode, after.model, after.remote, after.uses) == ("full", "scripted", False, 0)
    assert (await bench.choices.of(scope_of("eve"))).choice is None
    assert (await bench.choices.of(scope_of(case="other"))).choice is None
