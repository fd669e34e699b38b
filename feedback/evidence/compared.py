from feedback.evidence.asked import Asked, value_id
from feedback.evidence.clues import Clue, ValueDiffers
from feedback.evidence.difference import Difference
from feedback.evidence.exceptions import said
from feedback.evidence.names import missing
from feedback.evidence.values import differences
from services.contracts.case import Compare
from services.contracts.finding import Evidence
from services.contracts.observation import Observation, ProbeOutcome


def differing_values(asked: Asked, observation: Observation, reference: Observation) -> tuple[Clue, ...]:
    """A clue for every named value that is absent or not the reference's, with its most telling difference."""
    answers = {outcome.id: outcome for outcome in observation.probes}
    models = {outcome.id: outcome for outcome in reference.probes}
    clues = []
    for rule in asked.named:
        model = models.get(value_id(rule.name))
        # What the reference itself does not have is only watched for; a deciding one is the case's fault, found before.
        if model is not None and model.value is not None:
            clues.append(_judged(rule, answers.get(value_id(rule.name)), model))
    return tuple(clue for clue in clues if clue is not None)


def _judged(rule: Compare, answer: ProbeOutcome | None, model: ProbeOutcome) -> Clue | None:
    if answer is not None and answer.missing:
        return missing(rule.name, "the comparison", decides=rule.decides)
    if answer is None or answer.value is None or model.value is None:
        lost = said(answer.error) if answer and answer.error else (answer.lost if answer else None) or "no answer"
        return _clue(rule, Difference("unreadable", f"could not be read: {lost}"))
    found = differences(model.value, answer.value, rule)
    return _clue(rule, found[0]) if found else None


def _clue(rule: Compare, difference: Difference) -> ValueDiffers:
    evidence = Evidence(
        kind="value", subject=rule.name, fact=f"{rule.name}: {difference.fact}"[:600], aspect=difference.aspect
    )
    return ValueDiffers(evidence=evidence, decides=rule.decides, name=rule.name, difference=difference)
