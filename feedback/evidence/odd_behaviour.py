"""Ways in which a learner's results come about that the reference's do not."""

from collections.abc import Iterator

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
            found += (
                _overlap(question, answer, model) if question.kind == "overlap" else _refit(question, answer, model)
            )
        except UNREADABLE:
            # The learner's process wrote it: any shape is possible.
            continue
    return tuple(found)


def _overlap(question: Behaviour, answer: Value, model: Value) -> Iterator[Behaves]:
    shared, rows = _whole(answer["shared"]), _whole(answer["rows"])
    if shared > _whole(model["shared"]) and rows >= shared:
        one, other = question.names
        fact = f"{shared} of {rows} rows of {other} are in {one}, too; the reference: {_whole(model['shared'])}"
        yield _clue(question, "contamination", fact, shared)


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
