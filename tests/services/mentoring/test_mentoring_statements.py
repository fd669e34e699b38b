"""How often the database is asked does not grow with what there is to show."""

from typing import Any

import pytest

from services.contracts.escalation import AnswerEscalation, AskQueue, Recall, WriteNote
from tests.services.mentoring.conftest import SIGNATURE

Fixture = Any


async def _grow(town: Fixture) -> None:
    for number in range(12):
        asked = await town.ask(f"learner-{number}")
        await town.gateway.write(asked.id, WriteNote(text="More."), town.learner(f"learner-{number}"))
    for number in range(12, 16):
        asked = await town.ask(f"learner-{number}", signature=f"other-{number}")
        await town.take(asked.id)
        await town.dashboard.answer(asked.id, AnswerEscalation(text="So.", remember=True), town.mentor())


def _looks(town: Fixture, escalation: str) -> dict[str, Any]:
    mentor, ada = town.mentor(), town.learner("ada")
    signatures = (SIGNATURE, *(f"other-{number}" for number in range(12, 16)))
    recall = Recall(subtask="mean", signatures=signatures)
    search = AskQueue(state="all", q="mean numbers", learner="a", subtask="mean")
    return {
        "queue": lambda: town.dashboard.queue(mentor),
        "history": lambda: town.dashboard.queue(mentor, AskQueue(state="answered")),
        "search": lambda: town.dashboard.queue(mentor, search),
        "same": lambda: town.dashboard.same(escalation, mentor),
        "one": lambda: town.dashboard.full(escalation, mentor),
        "memory": lambda: town.dashboard.memory(mentor),
        "measures": lambda: town.dashboard.measures(mentor),
        "mine": lambda: town.gateway.mine(ada),
        "own page": lambda: town.hub.questions_of("ada"),
        "recall": lambda: town.feedback.recall(recall, ada),
    }


@pytest.mark.parametrize(
    "look", ["queue", "history", "search", "same", "one", "memory", "measures", "mine", "own page", "recall"]
)
async def test_a_full_house_takes_the_statements_of_an_almost_empty_one(
    town: Fixture, statements: Fixture, look: str
) -> None:
    asked = await town.ask("ada")
    answered = await town.ask("bob", signature="other-12")
    await town.take(answered.id)
    await town.dashboard.answer(answered.id, AnswerEscalation(text="So.", remember=True), town.mentor())
    looked = _looks(town, asked.id)[look]
    # Whoever is given an answer for the first time costs a line more; that is not what is counted.
    await looked()
    with statements() as of_few:
        await looked()
    await _grow(town)
    await looked()
    with statements() as of_many:
        await looked()
    assert 0 < len(of_few) == len(of_many)
