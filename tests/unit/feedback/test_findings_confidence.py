"""How sure a finding is, by what it rests on; and that a mentor is offered where that is thin."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from feedback.evidence.clues import (
    CallDiffers,
    CheckFailed,
    Clue,
    Counterexample,
    Incomplete,
    NameMissing,
    RepairChanges,
    StructureDiffers,
)
from feedback.findings.confidence import THIN, confidence
from feedback.findings.mistakes import Mistake
from feedback.judgement import Judgement
from services.contracts.case import AuthorCase, Check
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Evidence
from services.contracts.identity import Role
from services.contracts.notebook import Place
from services.contracts.observation import CodeError, Observation
from services.contracts.progress import Version
from services.gateway.learner import Learner
from services.gateway.offers import SURE, Offers

LINE = Place(cell="answer", line=3)
CELL = Place(cell="answer")


def evidence(kind: Any, place: Place | None = None, aspect: str | None = None) -> Evidence:
    return Evidence(kind=kind, subject="x", fact="", aspect=aspect, place=place)


def failed(
    message: str = "", *, hidden: bool = True, hint: str | None = None, aspect: str | None = None, lost: Any = None,
    place: Place | None = None,
) -> CheckFailed:  # fmt: skip
    check = Check(id="check", cell="check", hidden=hidden, source="assert f(1) == 2", hint=hint)
    error = None if lost else CodeError(type=aspect or "AssertionError", message=message)
    found = evidence("check", place, aspect or lost)
    return CheckFailed(evidence=found, check=check, hidden=hidden, error=error, lost=lost)


def differs(near: float) -> StructureDiffers:
    return StructureDiffers(evidence=evidence("structure", LINE), decides=False, change="value", near=near)


def repairs(near: float) -> RepairChanges:
    return RepairChanges(evidence=evidence("structure", LINE), decides=False, near=near, weight=3)


INPUT = Counterexample(
    evidence=evidence("input"), decides=False, function="f", call="f(1)", given="3", wanted="2", error=None
)
CALL = CallDiffers(evidence=evidence("call"), function="f", probe=0)


@pytest.mark.parametrize(
    ("clues", "place", "sure"),
    [
        # An assert, an answer, an end that never came: nothing says what or where.
        ([failed()], None, THIN),
        ([failed()], CELL, THIN),
        ([failed(), failed(lost="time")], LINE, THIN),
        ([failed(hidden=False)], LINE, THIN),
        ([failed(lost="memory", hint="Mind the size.")], LINE, THIN),
        ([Incomplete(evidence=evidence("incomplete"), lost="protocol")], None, THIN),
        # Something says what is wrong.
        ([failed(hint="The mean is too large.")], LINE, 1.0),
        ([failed("Two entries are jumps.", hidden=False)], LINE, 1.0),
        ([failed(aspect="TypeError")], None, 1.0),
        ([failed(), CALL], LINE, 1.0),
        ([failed(), INPUT], LINE, 1.0),
        ([NameMissing(evidence=evidence("missing"), name="x"), failed()], None, 1.0),
        ([Incomplete(evidence=evidence("incomplete", CELL), lost="time")], CELL, 1.0),
        ([failed(place=LINE)], LINE, 1.0),
        # A solution says the line: alone it is worth as much as the code is like it.
        ([failed(), differs(0.9)], LINE, 0.9),
        ([failed(), differs(0.3)], LINE, 0.3),
        ([failed(), INPUT, differs(0.3)], LINE, 0.65),
        ([failed(), repairs(0.2)], LINE, 0.6),
        ([failed(place=LINE), differs(0.1)], LINE, 1.0),
    ],
)
def test_it_is_as_sure_as_what_it_rests_on(clues: list[Clue], place: Place | None, sure: float) -> None:
    assert confidence(Mistake(clues[0], clues[1:]), place) == sure


def lost(observation: Observation) -> Observation:
    return observation.model_copy(update={"complete": False, "lost": "ended"})


def mute(observation: Observation) -> Observation:
    """The hidden check never answers."""
    checks = tuple(
        one.model_copy(update={"status": "lost", "lost": "time", "error": None}) if one.id.endswith("hidden") else one
        for one in observation.checks
    )
    return observation.model_copy(update={"checks": checks})


def _hidden_only(case: AuthorCase) -> AuthorCase:
    """Nothing but the hidden check asks for the function."""
    first, second = case.subtasks
    asked = second.model_copy(update={"checks": second.checks[1:], "probes": (), "watch": ()})
    return case.model_copy(update={"subtasks": (first, asked)})


UNLIKE = """
def double(x):
    table = {}
    while len(table) < 10:
        table[len(table)] = [len(table)] * 2
    if x < 0:
        for key, both in table.items():
            print(key, both)
        return sum(map(abs, [x]))
    return x << 1
result = 12
"""


async def offered(judgement: Judgement) -> tuple[str, ...]:
    """Why the gateway offers a mentor to whoever has this feedback on their only version."""
    feedback = Feedback(verdict=judgement.verdict, headline="Not yet.", findings=judgement.findings)
    version = Version(
        submission="5" * 32, subtask="step-2", number=1, recorded=datetime.now(UTC), verdict=judgement.verdict,
        cells=(), feedback=feedback,
    )  # fmt: skip

    async def answer(value: Any) -> Any:
        return value

    progress = SimpleNamespace(history=lambda *_, **__: answer((version,)), version=lambda *_: answer(version))
    mentoring = SimpleNamespace(unhelpful_memory=lambda _: answer(()))
    helper = SimpleNamespace(hints=lambda *_: answer(SimpleNamespace(hints=())))
    asking = SimpleNamespace(scope=lambda *_: answer("scope"), feedback=helper)
    offers = Offers(progress, mentoring, asking)  # type: ignore[arg-type]
    learner = Learner(user="ada", roles=frozenset((Role.LEARNER,)), case="tiny", version="0" * 64)
    return await offers.reasons(learner, "step-2")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ("def double(x):\n    return x * 2\n\nresult = double(total)", lost),
        ("def double(x):\n    return x * 2\n\nresult = double(total)", mute),
        (UNLIKE, lambda observation: observation),
    ],
    ids=["a run that ended itself", "a check that never answered", "a hidden check, and code like no solution"],
)
async def test_thin_evidence_of_a_run_brings_the_offer(desk: Any, answer: str, seen: Any) -> None:
    desk.case = _hidden_only(desk.case)
    judgement = desk.judge("step-2", answer_2=answer, seen=seen)
    assert judgement.verdict is Verdict.NEEDS_WORK
    assert min(one.confidence for one in judgement.findings) < SURE, judgement.findings
    assert await offered(judgement) == ("low_confidence",)


@pytest.mark.parametrize(
    "answer",
    [
        "def double(x):\n    return x * 3\n\nresult = double(total)",
        "def double(x):\n    return x[0]\n\nresult = 12",
        "def twice(x):\n    return x * 2\n\nresult = twice(total)",
        "def double(x):\n    return x * 2\n\nresult = double(totl)",
        "def double(x):\n    return x +\n",
        "# YOUR CODE HERE\nraise NotImplementedError()",
        UNLIKE,
    ],
)
async def test_what_is_known_brings_none(desk: Any, answer: str) -> None:
    judgement = desk.judge("step-2", answer_2=answer)
    assert judgement.verdict is Verdict.NEEDS_WORK
    assert await offered(judgement) == ()
