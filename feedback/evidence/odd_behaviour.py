"""Ways in which a learner's results come about that the reference's do not."""

from collections.abc import Iterator
from typing import Final

from feedback.evidence.asked import Asked
from feedback.evidence.behaviours import behaviour_id, behaviours
from feedback.evidence.clues import Behaves
from feedback.evidence.plain import as_number
from feedback.evidence.values import UNREADABLE
from services.contracts.finding import Evidence
from services.contracts.observation import Behaviour, Observation, Value

# In standard deviations of the answers, or as a share of them: less is the rounding of another order of rows.
SAME = 1e-6
# What a model trained on shuffled answers may score by chance beyond the reference's.
CHANCE = 0.2


def odd_behaviour(asked: Asked, seen: Observation, reference: Observation) -> tuple[Behaves, ...]:
    """A clue for each way that differs, in the order of the questions; none where a question has no answer."""
    answers = {outcome.id: outcome.value for outcome in seen.probes}
    models = {outcome.id: outcome.value for outcome in reference.probes}
    found: list[Behaves] = []
    for index, question in enumerate(behaviours(asked.case, asked.subtask)):
        answer, model = answers.get(behaviour_id(index)), models.get(behaviour_id(index))
        if answer is None or model is None or answer.get("kind") != question.kind:
            continue
        try:
            found += _ODD[question.kind](question, answer, model)
        except UNREADABLE:
            # The learner's process wrote it: any shape is possible.
            continue
    return tuple(found)


def _overlap(question: Behaviour, answer: Value, model: Value) -> Iterator[Behaves]:
    one, other = question.names
    shared, later = _more(answer, model)
    if shared:
        fact = f"{shared} of {_whole(answer['rows'])} rows of {other} are in {one}, too"
        yield _clue(question, "contamination", f"{fact}; the reference: {_whole(model['shared'])}", shared)
    elif later:
        yield _clue(question, "later-rows", f"{later} rows of {one} come after the first of {other}", later)


def _folds(question: Behaviour, answer: Value, model: Value) -> Iterator[Behaves]:
    shared, later = _more(answer, model)
    if shared:
        yield _clue(question, "shared-folds", f"{shared} positions are on both sides of a fold", shared)
    elif later:
        yield _clue(question, "later-folds", f"{later} known positions come after the first to forecast", later)


def _fits(question: Behaviour, answer: Value, model: Value) -> Iterator[Behaves]:
    shared, later = _more(answer, model)
    if shared:
        fact = f"of {_whole(answer['rows'])} rows that models are asked about they were fitted on {shared}"
        yield _clue(question, "fitted-on-tested", fact, shared)
    elif later:
        yield _clue(
            question, "fitted-on-later", f"models are fitted on {later} rows after the first asked about", later
        )


def _more(answer: Value, model: Value) -> tuple[int, int]:
    """Rows on both sides, and rows known that come later: where they are more than the reference's.

    Later ones count where the reference has none: only then does order matter to it. An answer that contradicts itself
    says nothing.
    """
    shared, rows = _whole(answer["shared"]), _whole(answer["rows"])
    later = _whole(answer.get("later", 0)) if not _whole(model.get("later", 0)) else 0
    return shared if rows >= shared > _whole(model["shared"]) else 0, max(later, 0)


def _refit(question: Behaviour, answer: Value, model: Value) -> Iterator[Behaves]:
    name = question.names[0]
    from_train, from_all = _number(answer["from_train"]), _number(answer["from_all"])
    if from_train > SAME >= _number(model["from_train"]):
        if from_all <= SAME:
            yield _clue(question, "fitted-on-test", f"{name} is what it would be if trained on the test rows, too")
        else:
            yield _clue(question, "fitted-elsewhere", f"{name} trained anew on its rows is {from_train:.3g} away")
    if _number(answer["from_seed"]) > SAME >= _number(model["from_seed"]):
        yield _clue(question, "seed", f"{name} trained with another seed is {_number(answer['from_seed']):.3g} away")
    shuffled = _number(answer["shuffled_score"])
    if shuffled > _number(model["shuffled_score"]) + CHANCE and shuffled > _number(answer["score"]) / 2:
        yield _clue(question, "shuffled-answers", f"{name} trained on shuffled answers still scores {shuffled:.3g}")


_ODD: Final = {"overlap": _overlap, "refit": _refit, "folds": _folds, "fits": _fits}


def _clue(question: Behaviour, aspect: str, fact: str, count: int = 0) -> Behaves:
    evidence = Evidence(kind="behaviour", subject=question.names[0], fact=fact[:600], aspect=aspect)
    return Behaves(evidence=evidence, decides=False, names=question.names, aspect=aspect, count=count)


def _number(said: object) -> float:
    number = as_number(said)
    if number is None:
        raise ValueError(f"{said!r} is no number")
    return float(number)


def _whole(said: object) -> int:
    return int(_number(said))
