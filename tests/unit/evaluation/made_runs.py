"""Runs as the pipeline would leave them, made by hand."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from evaluation.runs.result import Answer, EvalRun, SampleResult, Score, ScoreKind
from evaluation.suites.sample import Expected, Problem, Sample, Source
from services.contracts.feedback import Fault, Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Cell, Place

AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
CASES = ("clean-regression", "leaky-churn", "bakery")


def sample(
    name: str, case: str = CASES[0], expected: str | None = "approved", source: Source = "reference", **more: Any
) -> Sample:
    """One sample of a single cell."""
    verdict = Verdict(expected) if expected else None
    code = more.pop("code", "total = prices.sum()\n")
    problems = tuple(Problem(about=signature, signature=signature) for signature in more.pop("problems", ()))
    return Sample(
        id=name,
        case=case,
        subtask=more.pop("subtask", "load"),
        cells=(Cell(id="answer", source=code),),
        expected=Expected(verdict=verdict, problems=problems),
        source=source,
        **more,
    )


def feedback(
    verdict: str = "approved", message: str = "The sum leaves out the last day.", fault: Fault = "none", **more: Any
) -> Feedback:
    """With one finding where the work is not right."""
    place = Place(cell="answer", line=1)
    finding = Finding(
        id="1",
        kind="value",
        severity="error",
        subtask="load",
        message=message,
        place=place,
        evidence=(Evidence(kind="value", subject="total", fact="the reference has 41"),),
        signature=more.pop("signature", "load|value|total"),
    )
    wrong = verdict == "needs_work"
    return Feedback(
        verdict=Verdict(verdict),
        fault=fault,
        headline="Not yet." if wrong else "That is right.",
        findings=(finding,) if wrong else (),
        warnings=(LocalizedWarning(place=place, message=message[:120], finding="1"),) if wrong else (),
        **more,
    )


def result(
    of: Sample,
    said: Feedback | None,
    scores: dict[str, float | None] | None = None,
    *,
    kinds: dict[str, ScoreKind] | None = None,
    wall_ms: float = 100,
    contaminated: str = "",
) -> SampleResult:
    """An answer with scores; verdict exactness is scored where nothing else is said."""
    if scores is None and said is not None and of.expected.verdict is not None:
        scores = {"verdict": float(said.verdict is of.expected.verdict)}
    return SampleResult(
        sample=of,
        answer=Answer(feedback=said, wall_ms=wall_ms, prompt_tokens=10, completion_tokens=5) if said else None,
        problem="" if said else "the sandbox did not start",
        scores=tuple(
            Score(
                name=name, kind=(kinds or {}).get(name, "rate"), value=value, why="" if value == 1 else "missed: total"
            )
            for name, value in (scores or {}).items()
        ),
        contaminated=contaminated,
    )


def run(results: Iterable[SampleResult], name: str = "before", **pipeline: str) -> EvalRun:
    """A finished run."""
    return EvalRun(
        id=name,
        suite="shipped",
        suite_digest="ab" * 32,
        pipeline={"rules": "1", **pipeline},
        started=AT,
        ended=AT + timedelta(minutes=3),
        results=tuple(results),
    )


def graded(
    right: Sequence[int], size: int = 12, name: str = "run", cases: Sequence[str] = CASES, metric: str = "problems"
) -> EvalRun:
    """`size` samples for each case, of which `right[case]` have the whole score; all have the same verdict."""
    results = [
        result(sample(f"{case}/{n}", case, None), feedback("needs_work"), {metric: float(n < hits)})
        for case, hits in zip(cases, right, strict=True)
        for n in range(size)
    ]
    return run(results, name)
