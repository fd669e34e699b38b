"""Who must not get anywhere: learners at mentors' calls, at other people's questions, with forged tokens, too far."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.clients.mentoring import MentoringClient
from services.contracts.errors import ServiceError
from services.contracts.escalation import (
    AnswerEscalation,
    AskQueue,
    EditMemory,
    RateAnswer,
    RateMemory,
    Recall,
    WriteNote,
    WritePhrase,
)
from services.contracts.identity import Role
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter
from tests.services.mentoring.conftest import SIGNATURE, Town, question

ID = "f" * 32
MENTORS = {
    "queue": lambda c, s: c.queue(s),
    "same": lambda c, s: c.same(ID, s),
    "take_next": lambda c, s: c.take_next(s),
    "full": lambda c, s: c.full(ID, s),
    "lease": lambda c, s: c.lease(ID, s),
    "release": lambda c, s: c.release(ID, s),
    "write_as_mentor": lambda c, s: c.write_as_mentor(ID, WriteNote(text="x"), s),
    "answer": lambda c, s: c.answer(ID, AnswerEscalation(text="x"), s),
    "memory": lambda c, s: c.memory(s),
    "edit_memory": lambda c, s: c.edit_memory(ID, EditMemory(text="x"), s),
    "withdraw": lambda c, s: c.withdraw(ID, s),
    "phrases": lambda c, s: c.phrases(s),
    "add_phrase": lambda c, s: c.add_phrase(WritePhrase(text="x"), s),
    "drop_phrase": lambda c, s: c.drop_phrase(ID, s),
    "measures": lambda c, s: c.measures(s),
}
LEARNERS = {
    "one": lambda c, i, s: c.one(i, s),
    "write": lambda c, i, s: c.write(i, WriteNote(text="x"), s),
    "rate": lambda c, i, s: c.rate(i, RateAnswer(helpful=False), s),
    "cancel": lambda c, i, s: c.cancel(i, s),
}


async def _refused(call) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        await call
    return refused.value


@pytest.mark.parametrize("role", [Role.LEARNER, Role.QA])
@pytest.mark.parametrize("call", MENTORS)
async def test_mentors_calls_are_for_mentors_and_refusals_are_logged(town: Town, logged, call: str, role: Role) -> None:
    error = await _refused(MENTORS[call](town.dashboard, town.mentor("eve", role=role)))
    assert (error.status, error.error) == (403, "not_a_mentor")
    (line,) = [line for line in logged if line["event"] == "a mentor's call by somebody who is none"]
    assert (line["user"], line["role"], line["log_level"]) == ("eve", role, "warning")
    refused = town.app.state.metrics.registry.get_sample_value
    assert refused("caseloop_mentoring_refused_total", {"reason": "not_a_mentor"}) == 1


@pytest.mark.parametrize("call", MENTORS)
async def test_the_gateway_and_feedback_cannot_make_mentors_calls(town: Town, call: str) -> None:
    for client in (town.gateway, town.feedback):
        error = await _refused(MENTORS[call](client, town.mentor()))
        assert (error.status, error.error) == (403, "caller_not_allowed")


async def test_learners_calls_come_through_the_gateway_only(town: Town) -> None:
    for client in (town.dashboard, town.feedback):
        for call in (
            client.open(question(), town.learner()),
            client.mine(town.learner()),
            client.rate_memory(ID, RateMemory(helpful=True, submission=ID), town.learner()),
        ):
            assert (await _refused(call)).error == "caller_not_allowed"
    recall = Recall(subtask="mean", signatures=(SIGNATURE,))
    for client in (town.dashboard, town.gateway):
        assert (await _refused(client.recall(recall, town.learner()))).error == "caller_not_allowed"


async def test_the_list_of_all_that_a_learner_asked_is_the_hubs_only(town: Town) -> None:
    for client in (town.gateway, town.dashboard, town.feedback):
        assert (await _refused(client.questions_of("ada"))).error == "caller_not_allowed"


@pytest.mark.parametrize("caller", ["proxy", "runner", "linting", "cases", "hub"])
async def test_nobody_else_may_call_at_all(town: Town, caller: str) -> None:
    async with in_process_client(town.app, caller) as http:
        assert (await _refused(MentoringClient(http).mine(town.learner()))).status in (403, 503)


@pytest.mark.parametrize("call", LEARNERS)
@pytest.mark.parametrize("who", ["another learner", "another case", "a mentor at the learner's door"])
async def test_somebody_elses_question_is_not_there(town: Town, logged, call: str, who: str) -> None:
    asked = await town.ask()
    scope = {
        "another learner": town.learner("eve"),
        "another case": town.learner("ada", case="letters"),
        "a mentor at the learner's door": town.mentor("mia", case="numbers"),
    }[who]
    there = await _refused(LEARNERS[call](town.gateway, asked.id, scope))
    absent = await _refused(LEARNERS[call](town.gateway, ID, scope))
    assert (there.status, there.error, there.detail) == (404, "escalation_not_found", absent.detail)
    assert [line["escalation"] for line in logged if "somebody else's" in line["event"]] == [asked.id]
    assert (await town.gateway.one(asked.id, town.learner())).state == "waiting"


async def test_a_mentor_of_one_case_sees_no_other(town: Town) -> None:
    asked = await town.ask()
    scope = town.mentor("lea", case="letters")
    assert (await town.dashboard.queue(scope)).total == 0
    assert (await town.dashboard.queue(scope, AskQueue(case="numbers"))).total == 0
    assert (await _refused(town.dashboard.take_next(scope))).error == "queue_empty"
    for call in (town.dashboard.full, town.dashboard.lease, town.dashboard.release):
        assert (await _refused(call(asked.id, scope))).error == "escalation_not_found"
    await town.take(asked.id)
    full = await town.dashboard.answer(asked.id, AnswerEscalation(text="x", remember=True), town.mentor())
    entry = full.remembered[0].id
    assert (await town.dashboard.memory(scope)).items == ()
    assert (await _refused(town.dashboard.withdraw(entry, scope))).error == "memory_not_found"
    assert (await _refused(town.dashboard.edit_memory(entry, EditMemory(text="y"), scope))).error == "memory_not_found"
    assert (await town.dashboard.measures(scope, case="numbers")).escalated == 0


async def test_an_answer_with_a_forged_or_an_old_token_changes_nothing(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    stranger = ScopeMinter(Ed25519PrivateKey.generate())
    forged = stranger.mint(user="mia", role=Role.MENTOR, case="*", case_version="*")
    for token in (forged, "x.y.z", town.mentor()[:-2]):
        error = await _refused(town.dashboard.answer(asked.id, AnswerEscalation(text="forged"), token))
        assert (error.status, error.error) == (401, "scope_invalid")
    assert (await town.gateway.one(asked.id, town.learner())).notes == ()


async def test_a_token_for_one_step_asks_about_no_other(town: Town) -> None:
    scope = town.learner(subtask="median")
    assert (await _refused(town.gateway.open(question(), scope))).error == "outside_scope"
    recall = Recall(subtask="mean", signatures=(SIGNATURE,))
    assert (await _refused(town.feedback.recall(recall, scope))).error == "outside_scope"
    assert (await _refused(town.gateway.open(question(), town.learner(case="*")))).error == "outside_scope"
