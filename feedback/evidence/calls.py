from feedback.evidence.asked import Asked, call_id
from feedback.evidence.clues import CallDiffers, Clue
from feedback.evidence.difference import Difference
from feedback.evidence.error_types import known_type
from feedback.evidence.exceptions import said
from feedback.evidence.holdout import worse
from feedback.evidence.names import missing
from feedback.evidence.plain import written
from feedback.evidence.values import differences
from services.contracts.case import CallProbe, Compare
from services.contracts.finding import Evidence
from services.contracts.observation import Observation, ProbeOutcome


def differing_calls(asked: Asked, observation: Observation, reference: Observation) -> tuple[Clue, ...]:
    """A clue for every call whose result, or error, is not the reference's."""
    answers = {outcome.id: outcome for outcome in observation.probes}
    models = {outcome.id: outcome for outcome in reference.probes}
    clues = (
        _judged(asked, index, probe, answers.get(call_id(index)), models.get(call_id(index)))
        for index, probe in enumerate(asked.subtask.probes)
    )
    return tuple(clue for clue in clues if clue is not None)


def _judged(
    asked: Asked, index: int, probe: CallProbe, answer: ProbeOutcome | None, model: ProbeOutcome | None
) -> Clue | None:
    if answer is not None and answer.missing:
        return missing(probe.call, "a call", hidden=probe.hidden)
    if answer is None or answer.lost is not None or model is None:
        lost = (answer.lost if answer else None) or "protocol"
        evidence = _evidence(probe, index, f"no answer: {lost}", lost)
        return CallDiffers(evidence=evidence, hidden=probe.hidden, function=probe.call, probe=index, lost=lost)
    if answer.error is not None:
        return _raised(asked, index, probe, answer, model)
    difference = _difference(probe, answer, model)
    if difference is None:
        return None
    evidence = _evidence(probe, index, difference.fact, difference.aspect)
    return CallDiffers(evidence=evidence, hidden=probe.hidden, function=probe.call, probe=index, difference=difference)


def _raised(
    asked: Asked, index: int, probe: CallProbe, answer: ProbeOutcome, model: ProbeOutcome
) -> CallDiffers | None:
    error = answer.error
    # Refusing bad input is a result like any other: the reference must refuse it in the same way.
    if error is None or (model.error is not None and model.error.type == error.type):
        return None
    evidence = _evidence(probe, index, said(error), known_type(error.type))
    evidence = evidence.model_copy(update={"place": asked.place(error.place)})
    return CallDiffers(evidence=evidence, hidden=probe.hidden, function=probe.call, probe=index, error=error)


def _difference(probe: CallProbe, answer: ProbeOutcome, model: ProbeOutcome) -> Difference | None:
    if model.value is None:
        wanted = model.error.type if model.error else "nothing"
        return Difference("exception", f"gave a result where the reference raises {wanted}")
    if answer.value is None:
        return Difference("unreadable", "no result")
    if probe.holdout is not None:
        return worse(probe.holdout, model.value, answer.value)
    rule = Compare(
        name=probe.call,
        relative_tolerance=probe.relative_tolerance,
        absolute_tolerance=probe.absolute_tolerance,
    )
    found = differences(model.value, answer.value, rule)
    return found[0] if found else None


def _evidence(probe: CallProbe, index: int, fact: str, aspect: str) -> Evidence:
    given = ", ".join([*map(written, probe.args), *(f"{k}={written(v)}" for k, v in probe.kwargs.items())])
    return Evidence(
        kind="call", subject=f"{probe.call}[{index}]", fact=f"{probe.call}({given[:200]}): {fact}"[:600], aspect=aspect
    )
