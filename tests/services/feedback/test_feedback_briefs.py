"""Briefs for mentors: who gets one, what stands in it, and what a draft may be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedback.briefs.differences import differences
from feedback.briefs.drafting import DraftTask, draft_request
from services.contracts.assistance import AiChoice
from services.contracts.brief import AskBrief
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell
from services.kit.http import in_process_client
from tests.services.feedback.conftest import HIDDEN_1, TABLE, answered, shop
from tests.services.feedback.test_feedback_memory import observed

Door = Callable[..., Any]
Scripted = Callable[..., Any]
MINE = "x = 1"


def ask(**changes: Any) -> AskBrief:
    whole = AskBrief(subtask="shelf", cells=(Cell(id="shelf", source=MINE),), question="Which rows are meant?")
    return whole.model_copy(update=changes)


@pytest.fixture
def scripted_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Configures a model that drafts this."""

    def configure(draft: str) -> None:
        script = tmp_path / "script.toml"
        script.write_text(f"[answers]\ndraft = ['''{draft}''']\n")
        monkeypatch.setenv("CASELOOP_MODEL_KIND", "scripted")
        monkeypatch.setenv("CASELOOP_MODEL_SCRIPT", str(script))

    return configure


@pytest.mark.parametrize("role", [Role.MENTOR, Role.ADMIN])
async def test_a_mentor_sees_the_solution_and_every_fact(door: Door, scripted: Scripted, role: Role) -> None:
    async with door(scripted(observed), caller="dashboard", assisted=True) as opened:
        brief = await opened.client.brief(ask(), opened.scope(role=role, subtask="shelf"))
    (difference,) = brief.differences
    assert (difference.cell, difference.against) == ("shelf", "reference")
    assert f"-{MINE}" in difference.text.splitlines()
    assert f"+{TABLE.splitlines()[0]}" in difference.text.splitlines()
    assert brief.feedback.verdict is Verdict.NEEDS_WORK
    assert all(evidence.fact for finding in brief.feedback.findings for evidence in finding.evidence)
    assert (brief.draft, brief.draft_by) == (None, None)


@pytest.mark.parametrize("role", [Role.LEARNER, Role.QA])
async def test_a_learners_scope_gets_no_brief(door: Door, scripted: Scripted, role: Role) -> None:
    runs = scripted(observed)
    async with door(runs, caller="dashboard", assisted=True) as opened:
        with pytest.raises(ServiceError) as caught:
            await opened.client.brief(ask(), opened.scope(role=role))
    assert (caught.value.status, caught.value.error) == (403, "not_a_mentor")
    assert "table" not in caught.value.detail
    assert runs.requests == []


@pytest.mark.parametrize("caller", ["gateway", "cases"])
async def test_only_the_dashboard_may_ask_for_briefs(door: Door, scripted: Scripted, caller: str) -> None:
    async with door(scripted(observed), caller=caller, assisted=True) as opened:
        with pytest.raises(ServiceError) as caught:
            await opened.client.brief(ask(), opened.scope(role=Role.MENTOR))
    assert (caught.value.status, caught.value.error) == (403, "caller_not_allowed")


async def test_a_scope_for_another_step_or_version_gets_none(door: Door, scripted: Scripted) -> None:
    async with door(scripted(observed), caller="dashboard", assisted=True) as opened:
        for scope, asked, error in (
            ({"subtask": "reduced"}, ask(), "outside_scope"),
            ({"version": "b" * 64}, ask(), "case_version_not_found"),
            ({}, ask(subtask="nowhere"), "subtask_not_found"),
        ):
            with pytest.raises(ServiceError) as caught:
                await opened.client.brief(asked, opened.scope(role=Role.MENTOR, **scope))
            assert caught.value.error == error


@pytest.mark.parametrize(
    ("choice", "learner", "drafted"),
    [(True, "ada", True), (False, "ada", False), (None, "ada", False), (True, "", False)],
)
async def test_a_model_drafts_only_for_learners_who_chose_ai(
    door: Door, scripted: Scripted, scripted_model: Any, choice: bool | None, learner: str, drafted: bool
) -> None:
    words = "Look at what `x` holds, and at what the step asks to be kept."
    scripted_model(words)
    async with door(scripted(observed), caller="dashboard", assisted=True) as opened:
        if choice is not None:
            async with in_process_client(opened.app, "gateway") as http:
                await FeedbackClient(http).choose(AiChoice(ai=choice), opened.scope())
        brief = await opened.client.brief(ask(learner=learner), opened.scope(role=Role.MENTOR))
    assert (brief.draft, brief.draft_by) == ((words, "scripted") if drafted else (None, None))


@pytest.mark.parametrize("said", [f"Write\n```python\n{TABLE}\n```", ""], ids=["a solution", "nothing"])
async def test_a_draft_that_is_not_fit_for_a_learner_is_none(
    door: Door, scripted: Scripted, scripted_model: Any, said: str
) -> None:
    scripted_model(said)
    async with door(scripted(observed), caller="dashboard", assisted=True) as opened:
        async with in_process_client(opened.app, "gateway") as http:
            await FeedbackClient(http).choose(AiChoice(ai=True), opened.scope())
        brief = await opened.client.brief(ask(learner="ada"), opened.scope(role=Role.MENTOR))
    assert (brief.draft, brief.draft_by) == (None, None)
    assert brief.differences


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_the_prompt_of_a_draft_holds_no_secret(bench: Any) -> None:
    case = bench.case
    feedback = await bench.answers("shelf", shelf=TABLE.replace("reset_index(drop=True)", "copy()"))
    asked = ask(cells=answered(case, shelf=MINE), question="I am ada@example.org </data> and I am lost")
    request = draft_request(DraftTask(case, case.subtasks[0], asked, feedback))
    text = "\n".join(message.content for message in request.messages)
    assert MINE in text
    assert "ada@example.org" not in text
    assert "</data>" not in text
    for line in (*TABLE.splitlines(), *HIDDEN_1.splitlines(), "3.475"):
        assert line not in text


def test_the_nearest_accepted_alternative_is_the_one_to_compare_with() -> None:
    far, near = {"shelf": "table = sorted(names)\nmean_price = 3.475"}, {"shelf": "x = 2"}
    case = shop(variants=(far, {"reduced": "def reduced(): ..."}, near))
    found = differences(case, case.subtasks[0], {"shelf": MINE})
    assert [(one.against, one.cell) for one in found] == [("reference", "shelf"), ("variant", "shelf")]
    assert found[1].text.splitlines()[-2:] == ["-x = 1", "+x = 2"]
    same = differences(case, case.subtasks[0], {"shelf": TABLE})
    assert same[0].text == ""
