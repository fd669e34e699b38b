from typing import Any

from services.contracts.feedback import Verdict
from services.contracts.progress import CaseStanding, Conclude
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any


async def test_the_hub_sees_how_far_one_learner_has_come_in_every_case(
    desk: Fixture, submit_of: Fixture, feedback_of: Fixture
) -> None:
    outcomes = (
        ("numbers", "mean", Verdict.APPROVED),
        ("numbers", "median", Verdict.NEEDS_WORK),
        ("texts", "mean", None),
    )
    for case, subtask, verdict in outcomes:
        scope = desk.scope(case=case)
        recorded = await desk.client.submit(submit_of("x = 1", subtask=subtask), scope)
        if verdict:
            feedback = feedback_of(verdict)
            await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), scope)
    await desk.client.submit(submit_of("x = 1"), desk.scope(user="bob", case="elsewhere"))
    assert await desk.hub.standing_of("ada") == (
        CaseStanding(case="numbers", touched=2, approved=1),
        CaseStanding(case="texts", touched=1, approved=0),
    )
    assert await desk.hub.standing_of("nobody") == ()
