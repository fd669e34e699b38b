from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feedback.evidence.asked import Asked
from feedback.evidence.clues import Behaves, CheckFailed, Clue, Counterexample, NameMissing
from feedback.evidence.counterexample import counterexamples
from feedback.evidence.gather import gather
from feedback.evidence.structure.nearest import Answer
from feedback.evidence.untouched import absent_answers
from feedback.findings.build import findings
from feedback.findings.located import Seen, located
from feedback.findings.mistakes import Mistake, mistakes
from feedback.findings.several import several
from feedback.findings.signature import signature
from feedback.findings.voice import Voice
from feedback.repair.engine import Repaired
from feedback.verdict import decide
from services.contracts.case import Check, Subtask
from services.contracts.feedback import CheckResult, Fault, Verdict
from services.contracts.finding import Finding
from services.contracts.observation import Observation


@dataclass(frozen=True)
class Known:
    """What is known of a piece of work besides its run. It explains, and decides nothing."""

    behaviour: tuple[Behaves, ...] = ()
    """What a second run showed."""
    repaired: Repaired | None = None
    """A verified repair of the answer: it says where the mistake is, and nothing of its code is in any finding."""
    solutions: tuple[Answer, ...] = ()
    """Answers that were approved before, next to the case's own."""
    inputs: Mapping[str, Counterexample] = field(default_factory=dict)
    """By function, an input that is smaller than those of the run and shows it to be wrong."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on, before anybody has worded it."""

    verdict: Verdict
    fault: Fault
    findings: tuple[Finding, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    points: float = 0
    max_points: float = 0


def judge(
    asked: Asked,
    observation: Observation,
    reference: Observation,
    voice: Voice,
    missing: tuple[str, ...] = (),
    known: Known = Known(),
) -> Judgement:
    """Evidence, verdict and findings of one run. Correct work gets no findings: nothing is left to say."""
    clues = _clues(asked, observation, reference, missing)
    verdict, fault = decide(clues, complete=observation.complete)
    checks = check_results(asked.subtask, clues)
    approved = verdict is Verdict.APPROVED
    inputs = {} if approved else {**counterexamples(asked, observation, reference), **known.inputs}
    seen = Seen(clues, inputs, known.behaviour, known.solutions, known.repaired)
    return Judgement(
        verdict=verdict,
        fault=fault,
        findings=() if approved else findings(asked, _mistakes(asked, clues, seen), voice),
        checks=checks,
        points=asked.subtask.view.points if approved else _points(asked.subtask, checks, clues),
        max_points=asked.subtask.view.points,
    )


def _mistakes(asked: Asked, clues: Sequence[Clue], seen: Seen) -> tuple[Mistake, ...]:
    """What went wrong, with the places it can come from; each mistake that a repair tells apart by itself."""
    return several(asked, located(asked, mistakes(asked, clues), seen), seen)


def first_signature(asked: Asked, observation: Observation, reference: Observation) -> str | None:
    """Signature of the most consequential mistake of a run, or None when there is none."""
    found = mistakes(asked, _clues(asked, observation, reference, ()))
    return signature(asked, found[0]) if found else None


def _clues(
    asked: Asked, observation: Observation, reference: Observation, missing: tuple[str, ...]
) -> tuple[Clue, ...]:
    return (*absent_answers(asked, missing), *gather(asked, observation, reference))


def check_results(subtask: Subtask, clues: Sequence[Clue]) -> tuple[CheckResult, ...]:
    """Every check as a learner may see it; with an incomplete run none has passed."""
    failed = {c.check.id for c in clues if isinstance(c, CheckFailed | NameMissing) and c.check is not None}
    lost = any(clue.evidence.kind == "incomplete" for clue in clues)
    numbers, results = {True: 0, False: 0}, []
    for check in subtask.checks:
        numbers[check.hidden] += 1
        passed = not lost and check.id not in failed
        results.append(
            CheckResult(
                label=_label(subtask, check, numbers[check.hidden]),
                passed=passed,
                hidden=check.hidden,
                points=check.points,
                earned=check.points if passed else 0,
            )
        )
    return tuple(results)


def _label(subtask: Subtask, check: Check, number: int) -> str:
    """An author's grade_id says nothing to a learner; with one check of a kind its number does not either."""
    kind = "Hidden check" if check.hidden else "Check in the notebook"
    alone = sum(other.hidden == check.hidden for other in subtask.checks) == 1
    return kind if alone else f"{kind} {number}"


def _points(subtask: Subtask, checks: Sequence[CheckResult], clues: Sequence[Clue]) -> float:
    """The points of the checks that passed, and never more than the share of all that decides and is right."""
    earned = sum(check.earned for check in checks)
    deciders = len(subtask.checks) + sum(rule.decides for rule in subtask.compare) + len(subtask.probes)
    right = max(deciders - sum(clue.decides for clue in clues), 0)
    return round(min(earned, subtask.view.points * right / max(deciders, 1)), 2)
