"""The smallest input that shows a function to be wrong, and what comes out of it on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from feedback.evidence.asked import Asked
from feedback.evidence.clues import Counterexample
from feedback.evidence.divergence import first_divergence
from feedback.evidence.exceptions import said
from feedback.evidence.inputs import tries, try_id
from feedback.evidence.read_calls import Try
from feedback.evidence.shown import both_shown, shown
from feedback.evidence.values import differences
from services.contracts.case import AuthorCase, Compare, Subtask
from services.contracts.finding import Evidence
from services.contracts.observation import Observation, ProbeOutcome, Step, Value


@dataclass(frozen=True)
class Failing:
    """A call for which a function gives something else than the reference's."""

    tried: Try
    clue: Counterexample
    model: Value
    """What the reference's gives."""

    def stands_for(self, other: "Failing") -> bool:
        """Whether both fail in the same way: with the same error or none, where the task asks for the same kind."""
        mine, others = self.clue, other.clue
        same_end = mine.error == others.error and (mine.given is not None or others.given is None)
        return same_end and _kind(self.model) == _kind(other.model)


def _kind(value: Value) -> tuple[object, ...]:
    # Not a number is another kind of answer than a number.
    return value.get("kind"), value.get("family"), isinstance(value.get("value"), dict | None)


def counterexamples(asked: Asked, observation: Observation, reference: Observation) -> dict[str, Counterexample]:
    """By function, the smallest of the tried inputs for which it gives something else than the reference's.

    An input that the reference itself refuses shows nothing.
    """
    return {name: one.clue for name, one in failing_tries(asked, observation, reference).items()}


def failing_tries(asked: Asked, observation: Observation, reference: Observation) -> dict[str, Failing]:
    """By function, the smallest of the tries that it fails."""
    answers = {outcome.id: outcome for outcome in observation.probes}
    models = {outcome.id: outcome for outcome in reference.probes}
    found: dict[str, Failing] = {}
    for index, one in enumerate(tries(asked.case, asked.subtask)):
        answer, model = answers.get(try_id(index)), models.get(try_id(index))
        if one.function in found or answer is None or model is None:
            continue
        failing = failed(asked, one, answer, model)
        if failing is not None:
            found[one.function] = failing
    return found


def failed(asked: Asked, one: Try, answer: ProbeOutcome, model: ProbeOutcome) -> Failing | None:
    """What is to be said of this call, where the learner's function and the reference's answer it differently."""
    if answer.missing or answer.lost is not None or model.value is None:
        return None
    clue = _judged(one, answer, model.value)
    if clue is None:
        return None
    return Failing(one, _followed(asked, clue, first_divergence(answer.trace, model.trace)), model.value)


def _followed(asked: Asked, clue: Counterexample, step: Step | None) -> Counterexample:
    """The clue with the place where the ways of the two functions part."""
    place = asked.place(step.place) if step is not None else None
    if step is None or place is None:
        return clue
    what = f"gives {step.text} back" if step.name == "return" else f"{step.name} becomes {step.text}"
    evidence = clue.evidence.model_copy(
        update={"place": place, "fact": f"{clue.evidence.fact}; first in line {place.line}: {what}"[:600]}
    )
    parting = step if step.name != "return" and _tells(step.text) else None
    return replace(clue, evidence=evidence, parting=parting)


def _tells(text: str) -> bool:
    """Whether the text of a value is more than the name of its type, which stands for what has no short text."""
    return not text.isidentifier() or text in ("True", "False", "None", "nan", "inf")


def _judged(one: Try, answer: ProbeOutcome, model: Value) -> Counterexample | None:
    if answer.error is not None:
        fact = f"raised {said(answer.error)}"
        return _clue(one, fact, None, shown(model), error=answer.error.type)
    if answer.value is None or not differences(model, answer.value, Compare(name=one.function)):
        return None
    given, wanted, where = both_shown(answer.value, model)
    if given == wanted:
        return None
    return _clue(one, f"gave {given or 'another value'}", given, wanted, where=where)


def _clue(
    one: Try, fact: str, given: str | None, wanted: str | None, *, error: str | None = None, where: str | None = None
) -> Counterexample:
    call = one.text
    at = f" at {where}" if where else ""
    evidence = Evidence(
        kind="input", subject=one.function, fact=f"{call} {fact}, the reference {wanted or 'another value'}{at}"[:600]
    )
    return Counterexample(
        evidence=evidence,
        decides=False,
        function=one.function,
        call=call,
        given=given,
        wanted=wanted,
        error=error,
        where=where,
    )


def without_disputed(
    case: AuthorCase, subtask: Subtask, reference: Observation, variants: Sequence[Observation]
) -> Observation:
    """The reference's run without its answers to tried inputs that an accepted variant answers otherwise.

    Such an input is outside of what the task describes: nobody is told what it "should" give.
    """
    others = [{outcome.id: outcome for outcome in variant.probes} for variant in variants]
    functions = {try_id(index): one.function for index, one in enumerate(tries(case, subtask))}
    kept = tuple(
        outcome
        for outcome in reference.probes
        if outcome.id not in functions
        or undisputed(outcome, [other.get(outcome.id) for other in others], functions[outcome.id])
    )
    return reference.model_copy(update={"probes": kept})


def undisputed(one: ProbeOutcome, others: Sequence[ProbeOutcome | None], function: str) -> bool:
    """Whether all accepted solutions give the same for an input."""
    return all(_alike(one, other, function) for other in others)


def _alike(one: ProbeOutcome, other: ProbeOutcome | None, function: str) -> bool:
    if one.value is None or other is None or other.value is None:
        return False
    return not differences(one.value, other.value, Compare(name=function))
