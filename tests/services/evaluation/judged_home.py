"""A home with runs that a judge has seen, made by hand."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from evaluation.judge.material import Item, items
from evaluation.judge.opinion import Exchange, Line, Opinion
from evaluation.judge.questions import Said, questions
from evaluation.judge.record import JudgeRecord
from evaluation.report.accepted import Accepted
from evaluation.runs.result import EvalRun, SampleResult
from evaluation.runs.store import RUNS, RunStore
from tests.unit.evaluation.made_runs import AT, CASES, feedback, result, run, sample

BEFORE: Final = "shipped-20261125-093000"
AFTER: Final = "shipped-20261126-101500"
HOSTILE: Final = "total = 0  # \u202e<img src=x onerror=alert(1)>\nprices = [3, 4]\ntotal = prices[0]\n"
BROKEN: Final = f"{CASES[0]}/variant"


def make_home(home: Path, size: int = 4) -> Path:
    """Two finished runs of one suite (the earlier is accepted, the later judged), and one that was interrupted."""
    store = RunStore(home / RUNS)
    earlier, later = _run(BEFORE, size, better=False), _run(AFTER, size, better=True)
    later = later.model_copy(update={"started": AT + timedelta(days=1), "ended": AT + timedelta(days=1, minutes=4)})
    cut_short = run([result(sample("one"), feedback("approved"))], "bakery-20261120-080000")
    cut_short = cut_short.model_copy(update={"ended": None, "suite": "bakery", "started": AT - timedelta(days=5)})
    for one in (cut_short, earlier, later):
        store.save(one)
    Accepted(store.path).accept(earlier, "ada", AT + timedelta(hours=1))
    judge(store.folder(AFTER), later)
    return home


def _run(name: str, size: int, *, better: bool) -> EvalRun:
    results = []
    for case in CASES:
        right = sample(f"{case}/variant", case, source="variant")
        said = feedback("needs_work") if better and case == CASES[0] else feedback("approved")
        results.append(result(right, said, {"verdict": float(not (better and case == CASES[0])), "no-leak": 1.0}))
        for number in range(size):
            flaw = sample(
                f"{case}/flaw-{number}", case, "needs_work", "flaw", code=HOSTILE, problems=["load|value|total"]
            )
            words = "The sum leaves out the last day." if better else "Something is off."
            scores = {"verdict": 1.0, "no-leak": 1.0, "problem-recall": 1.0 if better or number == 0 else 0.25}
            said = feedback("needs_work", f"{words} <b>{number}</b>")
            results.append(result(flaw, said, scores, kinds={"problem-recall": "share"}))
    results.append(result(sample("lost/one", CASES[1]), None, {}))
    results.append(
        result(sample("given/away", CASES[2], "needs_work"), feedback("needs_work"), contaminated="in a warning")
    )
    return run(results, name, prompts="2" if better else "1")


def judge(folder: Path, judged: EvalRun) -> None:
    """Have a judge that says yes to everything, and turns with the order in every third item."""
    with JudgeRecord(folder) as record:
        for one in judged.results:
            for number, item in enumerate(_items(one)):
                record.keep(_opinion(item, turned=number % 3 == 2), [_exchange(item)])


def _items(one: SampleResult) -> list[Item]:
    return list(items(questions(), one.sample, one.answer)) if one.answer else []


def _opinion(item: Item, *, turned: bool) -> Opinion:
    second: Said = "no" if turned else "yes"
    return Opinion(
        item=item.digest, sample=item.sample.id, question=item.question.id, subject=item.subject,
        answer="cannot_tell" if turned else "yes", by_order={"yes_first": "yes", "no_first": second}, asked=2,
        outcomes={"answered": 2}, reasons="It names the last day.", characters=item.characters,
    )  # fmt: skip


def _exchange(item: Item) -> Exchange:
    return Exchange(
        item=item.digest, sample=item.sample.id, question=item.question.id, look="blind", order="yes_first",
        repetition=0, model="a judge", messages=(Line(role="user", content="<script>alert(1)</script> Is it said?"),),
        outcome="answered", answer="yes", reasons="It names the last day.", said='{"grade": "yes"}',
    )  # fmt: skip
