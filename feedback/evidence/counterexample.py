"""The smallest input that shows a function to be wrong, and what comes out of it on both sides."""

from collections.abc import Sequence
from dataclasses import replace

from feedback.evidence.asked import Asked
from feedback.evidence.clues import Counterexample
from feedback.evidence.divergence import first_divergence
from feedback.evidence.exceptions import said
from feedback.evidence.inputs import Try, tries, try_id
from feedback.evidence.shown import shown
from feedback.evidence.values import differences
from services.contracts.case import Compare, Subtask
from services.contracts.finding import Evidence
from services.contracts.observation import Observation, ProbeOutcome, Step


def counterexamples(asked: Asked, observation: Observation, reference: Observation) -> dict[str, Counterexample]:
    """By function, the smallest of the tried inputs for which it gives something else than the reference's.

    An input that the reference itself refuses shows nothing.
    """
    answers = {outcome.id: outcome for outcome in observation.probes}
    models = {outcome.id: outcome for outcome in reference.probes}
    found: dict[str, Counterexample] = {}
    for index, one in enumerate(tries(asked.subtask)):
        answer, model = answers.get(try_id(index)), models.get(try_id(index))
        if one.function in found or answer is None or model is None or model.value is None:
            continue
        clue = _judged(one, answer, model)
        if clue is not None:
            found[one.function] = _followed(asked, clue, first_divergence(answer.trace, model.trace))
    return found


def _followed(asked: Asked, clue: Counterexample, step: Step | None) -> Counterexample:
    """The clue with the place where the ways of the two functions part."""
    place = asked.place(step.place) if step is not None else None
    if step is None or place is None:
        return clue
    what = f"gives {step.text} back" if step.name == "return" else f"{step.name} becomes {step.text}"
    evidence = clue.evidence.model_copy(
        update={"place": place, "fact": f"{clue.evidence.fact}; first in line {place.line}: {what}"[:600]}
    )
    parting = step if step.name != "return" else None
    return replace(clue, evidence=evidence, parting=parting)


def _judged(one: Try, answer: ProbeOutcome, model: ProbeOutcome) -> Counterexample | None:
    if answer.missing or answer.lost is not None or model.value is None:
        return None
    wanted = shown(model.value)
    if answer.error is not None:
        return _clue(one, f"raised {said(answer.error)}", None, wanted, answer.error.type)
    if answer.value is None or not differences(model.value, answer.value, Compare(name=one.function)):
        return None
    given = shown(answer.value)
    return _clue(one, f"gave {given or 'another value'}", given, wanted, None) if given != wanted else None


def _clue(one: Try, fact: str, given: str | None, wanted: str | None, error: str | None) -> Counterexample:
    call = f"{one.function}({', '.join(map(repr, one.args))})"
    evidence = Evidence(
        kind="input", subject=one.function, fact=f"{call} {fact}, the reference {wanted or 'another value'}"[:600]
    )
    return Counterexample(
        evidence=evidence, decides=False, function=one.function, call=call, given=given, wanted=wanted, error=error
    )


def without_disputed(subtask: Subtask, reference: Observation, variants: Sequence[Observation]) -> Observation:
    """The reference's run without its answers to tried inputs that an accepted variant answers otherwise.

    Such an input is outside of what the task describes: nobody is told what it "should" give.
    """
    others = [{outcome.id: outcome for outcome in variant.probes} for variant in variants]
    functions = {try_id(index): one.function for index, one in enumerate(tries(subtask))}
    kept = tuple(
        outcome
        for outcome in reference.probes
        if outcome.id not in functions
        or all(_alike(outcome, other.get(outcome.id), functions[outcome.id]) for other in others)
    )
    return reference.model_copy(update={"probes": kept})


def _alike(one: ProbeOutcome, other: ProbeOutcome | None, function: str) -> bool:
    if one.value is None or other is None or other.value is None:
        return False
    return not differences(one.value, other.value, Compare(name=function))
