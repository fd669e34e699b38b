"""Two large runs of one suite, the later one judged in part, as `caseloop eval` would leave them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from evaluation.judge.labels import LABELS, Label
from evaluation.judge.material import items
from evaluation.judge.opinion import ORDERS, Exchange, Line, Opinion
from evaluation.judge.questions import questions
from evaluation.judge.record import EXCHANGES, OPINIONS
from evaluation.report.accepted import Accepted
from evaluation.runs.result import Answer, EvalRun, SampleResult, Score
from evaluation.runs.store import RUNS, RunStore
from evaluation.suites.sample import Expected, Problem, Sample
from services.contracts.feedback import Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.notebook import Cell, Place

BEFORE: Final = "school-20261101-090000"
AFTER: Final = "school-20261102-090000"
_CASES: Final = 12
_STEPS: Final = 5
_CELLS: Final = 12
_JUDGED: Final = 5
"""Of so many samples one is judged."""
_LABELS: Final = 400
_CODE: Final = "for row in table.itertuples():\n    total = total + row.price * row.quantity\n" * 6
_RATES: Final = ("verdict", "consequence", "brevity", "no-leak", "hint-ladder", "must-not-say")
_SHARES: Final = ("problem-recall", "problem-precision", "localisation", "readability")


def make_runs(home: Path, samples: int) -> None:
    """Both runs with `samples` samples each, of twelve cases, a judge's word on a fifth, and people's labels."""
    store, chance = RunStore(home / RUNS), random.Random(7)
    asked = [_sample(number, chance) for number in range(samples)]
    for name, day, missing in ((BEFORE, 1, 0.05), (AFTER, 2, 0.04)):
        begun = datetime(2026, 11, day, 9, tzinfo=UTC)
        run = EvalRun(
            id=name,
            suite="school",
            suite_digest="ab" * 32,
            pipeline={"rules": str(day)},
            started=begun,
            ended=begun + timedelta(hours=3),
            results=tuple(_result(one, chance, missing) for one in asked),
        )
        store.save(run)
    Accepted(store.path).accept(store.open(BEFORE), "bench", datetime(2026, 11, 2, tzinfo=UTC))
    _judge(home, store.folder(AFTER), run)


def _sample(number: int, chance: random.Random) -> Sample:
    case, step = number % _CASES, number // _CASES % _STEPS
    wrong = number % 7 != 0
    code = (f"# {chance.getrandbits(64):x}\n{_CODE}" for _ in range(_CELLS))
    problem = Problem(about="The total leaves the last day out.", cell="cell-3", line=2, end_line=3)
    return Sample(
        id=f"case-{case:02}/mutant-{number}/step-{step}",
        case=f"case-{case:02}",
        subtask=f"step-{step}",
        cells=tuple(Cell(id=f"cell-{at}", source=source) for at, source in enumerate(code)),
        expected=Expected(
            verdict=Verdict.NEEDS_WORK if wrong else Verdict.APPROVED, problems=(problem,) if wrong else ()
        ),
        source="mutant" if wrong else "variant",
    )


def _result(sample: Sample, chance: random.Random, missing: float) -> SampleResult:
    rates = [(name, "rate", float(chance.random() > missing)) for name in _RATES]
    shares = [(name, "share", 1.0 if chance.random() > 2 * missing else chance.random()) for name in _SHARES]
    return SampleResult(
        sample=sample,
        answer=Answer(feedback=_feedback(sample, chance), wall_ms=chance.uniform(50, 900)),
        scores=tuple(
            Score.model_validate({"name": name, "kind": kind, "value": value, "why": "" if value == 1 else "missed"})
            for name, kind, value in (*rates, *shares)
        ),
    )


def _feedback(sample: Sample, chance: random.Random) -> Feedback:
    if sample.expected.verdict is Verdict.APPROVED:
        return Feedback(verdict=Verdict.APPROVED, headline="This step is right.")
    place = Place(cell="cell-3", line=2, end_line=3)
    message = f"The total is too small in {chance.randrange(2, 9)} of the weeks: a day is missing from each of them."
    steps = ("plan", "consequence", "location", "example")
    finding = Finding(
        id="f1",
        kind="value",
        severity="error",
        subtask=sample.subtask,
        message=message,
        place=place,
        evidence=tuple(Evidence(kind="value", subject="total", fact="total is 17 and not 19") for _ in range(4)),
        ladder=tuple(Hint.model_validate({"step": step, "text": message}) for step in steps),
        signature="value:total:numbers",
    )
    return Feedback(
        verdict=Verdict.NEEDS_WORK,
        headline="One value differs.",
        warnings=(LocalizedWarning(place=place, message=message, finding="f1"),),
        findings=(finding,),
    )


def _judge(home: Path, folder: Path, run: EvalRun) -> None:
    # All at once: a judge is slow enough to have each answer of its own put on the disk, and a benchmark is not.
    with (folder / EXCHANGES).open("wb") as exchanges, (folder / OPINIONS).open("wb") as opinions:
        labels: list[Label] = []
        for opinion, said in _judged(run):
            exchanges.writelines(one.model_dump_json().encode() + b"\n" for one in said)
            opinions.write(opinion.model_dump_json().encode() + b"\n")
            if len(labels) < _LABELS:
                at = datetime(2026, 11, 3, tzinfo=UTC)
                labels.append(Label(item=opinion.item, question=opinion.question, answer="yes", by="ada", at=at))
    (home / LABELS).write_bytes(b"".join(one.model_dump_json().encode() + b"\n" for one in labels))


def _judged(run: EvalRun) -> Iterator[tuple[Opinion, list[Exchange]]]:
    chance = random.Random(11)
    for result in run.results[::_JUDGED]:
        for item in items(questions(), result.sample, result.answer) if result.answer else ():
            turned = chance.random() < 0.1
            opinion = Opinion(
                item=item.digest,
                sample=result.sample.id,
                question=item.question.id,
                subject=item.subject,
                answer="cannot_tell" if turned else "yes",
                by_order={"yes_first": "yes", "no_first": "no" if turned else "yes"},
                asked=2,
                outcomes={"answered": 2},
                reasons="It names the day that is missing. " * 5,
                characters=item.characters,
            )
            yield opinion, [_exchange(opinion, order) for order in ORDERS]


def _exchange(opinion: Opinion, order: str) -> Exchange:
    return Exchange.model_validate(
        {
            "item": opinion.item,
            "sample": opinion.sample,
            "question": opinion.question,
            "look": "blind",
            "order": order,
            "repetition": 0,
            "model": "a judge",
            "messages": (Line(role="user", content=_CODE * 6),),
            "outcome": "answered",
            "answer": "yes",
            "reasons": opinion.reasons,
            "said": opinion.reasons,
        }
    )
