"""A sample, an answer, and judges that a test can make say what it wants."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from evaluation.judge.judge import Judge
from evaluation.judge.material import Item, items
from evaluation.judge.questions import Said, questions
from evaluation.runs.result import Answer, EvalRun, SampleResult, Score
from evaluation.suites.sample import Expected, Problem, Sample
from feedback.model.adapters.script import Answer as Scripted
from feedback.model.adapters.script import Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.port import ModelRequest
from services.contracts.feedback import Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.notebook import Cell, Place

CODE = "prices = [3, 4]\nmean = 12"
SOLUTION = "mean = sum(prices) / len(prices)"
PROBLEM = Problem(about="The mean is a constant, whatever the prices are.", cell="answer", line=2)


def finding(message: str = "`mean` is the same for all prices.") -> Finding:
    return Finding(
        id="1-0a1b2c3d4e",
        kind="value",
        severity="error",
        subtask="mean",
        message=message,
        place=Place(cell="answer", line=2),
        evidence=(Evidence(kind="value", subject="mean", fact="12 instead of 3.5"),),
        ladder=(Hint(step="plan", text="What decides about a mean?"),),
        signature="mean|value|mean",
    )


def feedback(message: str = "`mean` is the same for all prices.", **changes: Any) -> Feedback:
    one = finding(message)
    warning = LocalizedWarning(place=Place(cell="answer", line=2), message=message[:120], finding=one.id)
    told = Feedback(
        verdict=Verdict.NEEDS_WORK, headline="A check does not hold yet.", warnings=(warning,), findings=(one,)
    )
    return told.model_copy(update=changes)


def sample(id_: str = "mean/one", code: str = CODE, **changes: Any) -> Sample:
    made = Sample(
        id=id_,
        case="numbers",
        subtask="mean",
        cells=(
            Cell(id="text", kind="markdown", source="Put the mean of `prices` into `mean`."),
            Cell(id="answer", source=code),
        ),
        expected=Expected(verdict=Verdict.NEEDS_WORK, problems=(PROBLEM,)),
    )
    return made.model_copy(update=changes)


def item(question: str = "untrue", *, code: str = CODE, told: Feedback | None = None, solution: str = SOLUTION) -> Item:
    answer = Answer(feedback=told or feedback(), wall_ms=1)
    wanted = [one for one in questions() if one.id == question]
    return next(items(wanted, sample(code=code), answer, solution))


def run_of(*results: SampleResult) -> EvalRun:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    return EvalRun(
        id="numbers-1", suite="numbers", suite_digest="0" * 64, pipeline={}, started=now, ended=now, results=results
    )


def result(id_: str = "mean/one", code: str = CODE, told: Feedback | None = None) -> SampleResult:
    return SampleResult(
        sample=sample(id_, code),
        answer=Answer(feedback=told or feedback(), wall_ms=1),
        scores=(Score(name="verdict", kind="rate", value=1.0),),
    )


def says(answer: Said, reasons: str = "Line 2 shows it.") -> str:
    return json.dumps({"reasons": reasons, "answer": answer})


class Heard:
    """A judge over the scripted model, and what it was asked."""

    def __init__(self, *answers: Scripted, repeats: int = 1) -> None:
        self.requests: list[ModelRequest] = []
        script: Sequence[Scripted] = [self._noted(answer) for answer in answers]
        self.judge = Judge(ScriptedModel(Script({"judge": script})), repeats=repeats)

    def _noted(self, answer: Scripted) -> Callable[[ModelRequest], str]:
        def answering(request: ModelRequest) -> str:
            self.requests.append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer(request) if callable(answer) else answer

        return answering


def by_order(yes_first: Said, no_first: Said) -> Callable[[ModelRequest], str]:
    """A judge that answers by the order of the choices."""

    def answering(request: ModelRequest) -> str:
        return says(yes_first if request.messages[-1].content.endswith('"yes", "no" or "cannot_tell".') else no_first)

    return answering
