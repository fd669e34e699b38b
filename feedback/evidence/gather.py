from feedback.evidence.asked import Asked, call_id, value_id
from feedback.evidence.calls import differing_calls
from feedback.evidence.checks import failed_checks
from feedback.evidence.clues import CaseAtFault, Clue
from feedback.evidence.compared import differing_values
from feedback.evidence.exceptions import raised
from feedback.evidence.holdout import measured
from feedback.evidence.incomplete import incomplete
from feedback.evidence.values import differences
from services.contracts.finding import Evidence
from services.contracts.observation import Observation

UNSTEADY = "unsteady"
"""Aspect of a case's fault: its reference gives something else each time."""


def gather(asked: Asked, observation: Observation, reference: Observation) -> tuple[Clue, ...]:
    """All evidence of one run against the reference's own run, in the order of how much it explains."""
    compared = (
        *failed_checks(asked, observation, reference),
        *differing_values(asked, observation, reference),
        *differing_calls(asked, observation, reference),
    )
    return (*incomplete(asked, observation, compared), *raised(asked, observation), *compared)


def case_faults(asked: Asked, reference: Observation) -> tuple[CaseAtFault, ...]:
    """Why this subtask cannot judge anybody: its reference does not run through, or not pass, or nothing decides."""
    subtask = asked.subtask
    if not (subtask.checks or subtask.probes or any(rule.decides for rule in subtask.compare)):
        return (case_fault(subtask.view.id, "it has no check, no deciding comparison and no call"),)
    facts = [
        f"the reference raises in cell {c.cell.name or c.cell.place}: {c.evidence.fact}"
        for c in raised(asked, reference)
    ]
    facts += [f"the reference is lost: {c.lost}" for c in incomplete(asked, reference, ())]
    facts += [
        f"the reference does not pass {c.evidence.subject}: {c.evidence.fact}" for c in _own_checks(asked, reference)
    ]
    facts += _unanswered(asked, reference)
    return tuple(case_fault(subtask.view.id, fact) for fact in facts)


def _own_checks(asked: Asked, reference: Observation) -> tuple[Clue, ...]:
    return failed_checks(asked, reference, reference)


def _unanswered(asked: Asked, reference: Observation) -> list[str]:
    answers = {outcome.id: outcome for outcome in reference.probes}
    facts = []
    for rule in asked.subtask.compare:
        answer = answers.get(value_id(rule.name))
        value = answer.value if answer else None
        if not rule.decides:
            continue
        if value is None:
            facts.append(f"the reference has no {rule.name}, which decides")
        elif odd := differences(value, value, rule):
            facts.append(f"{rule.name} decides, but it cannot be compared: {odd[0].fact}")
    for index, probe in enumerate(asked.subtask.probes):
        call = answers.get(call_id(index))
        if call is None or call.missing or call.lost:
            facts.append(f"the reference does not answer the call {index + 1} of {probe.call}")
        elif probe.holdout is not None and (call.value is None or measured(probe.holdout, call.value) is None):
            count = len(probe.holdout.answers)
            facts.append(f"the reference gives no {count} forecasts to measure in the call {index + 1} of {probe.call}")
    return facts


def unsteady(asked: Asked, one: Observation, other: Observation) -> tuple[CaseAtFault, ...]:
    """What decides and yet differs between two runs of the reference that differ in their seed only."""
    clues = (
        *failed_checks(asked, other, one),
        *differing_values(asked, other, one),
        *differing_calls(asked, other, one),
    )
    return tuple(
        case_fault(
            asked.subtask.view.id,
            f"the reference gives another {clue.evidence.subject} with another random seed ({clue.evidence.fact}); "
            "fix its random_state or do not let it decide",
            aspect=UNSTEADY,
        )
        for clue in clues
        if clue.decides
    )


def case_fault(subtask: str, fact: str, aspect: str = "") -> CaseAtFault:
    """Evidence that the case is at fault."""
    fact = f"subtask {subtask}: {fact}"[:900]
    return CaseAtFault(evidence=Evidence(kind="case", subject=subtask, fact=fact, aspect=aspect))
