from feedback.evidence.asked import Asked
from feedback.evidence.clues import CheckFailed, Clue
from feedback.evidence.error_types import known_type
from feedback.evidence.exceptions import said
from feedback.evidence.names import missing, undefined
from feedback.evidence.operands import disagreement
from services.contracts.case import Check
from services.contracts.finding import Evidence
from services.contracts.observation import CheckOutcome, Observation


def failed_checks(asked: Asked, observation: Observation, reference: Observation) -> tuple[Clue, ...]:
    """A clue for every check of the subtask that did not honestly pass; an absent outcome did not."""
    outcomes = {outcome.id: outcome for outcome in observation.checks}
    models = {outcome.id: outcome for outcome in reference.checks}
    clues = (_judged(asked, check, outcomes.get(check.id), models.get(check.id)) for check in asked.subtask.checks)
    return tuple(clue for clue in clues if clue is not None)


def _judged(asked: Asked, check: Check, outcome: CheckOutcome | None, model: CheckOutcome | None) -> Clue | None:
    if outcome is None or outcome.status == "lost":
        lost = (outcome.lost if outcome else None) or "protocol"
        evidence = Evidence(kind="check", subject=check.id, fact=f"no answer: {lost}", aspect=lost)
        return CheckFailed(evidence=evidence, hidden=check.hidden, check=check, lost=lost)
    if outcome.status == "passed":
        return _compared(check, outcome, model)
    return _raised(asked, check, outcome)


def _compared(check: Check, outcome: CheckOutcome, model: CheckOutcome | None) -> CheckFailed | None:
    odd = disagreement(model.operands if model else (), outcome.operands)
    if odd is None:
        return None
    evidence = Evidence(kind="check", subject=check.id, fact=f"passed, but {odd}", aspect="type")
    return CheckFailed(evidence=evidence, hidden=check.hidden, check=check)


def _raised(asked: Asked, check: Check, outcome: CheckOutcome) -> Clue:
    error = outcome.error
    place = asked.place(error.place) if error else None
    name = undefined(error) if place is None else None
    if name is not None:
        return missing(name, check.id, hidden=check.hidden, check=check)
    evidence = Evidence(
        kind="check",
        subject=check.id,
        fact=said(error) if error else "failed without a word",
        aspect=_aspect(outcome),
        place=place,
    )
    return CheckFailed(evidence=evidence, hidden=check.hidden, check=check, error=error)


def _aspect(outcome: CheckOutcome) -> str | None:
    """The exception's type, unless the assertion itself failed."""
    if outcome.status == "failed" or outcome.error is None or outcome.error.type == "AssertionError":
        return None
    return known_type(outcome.error.type)
