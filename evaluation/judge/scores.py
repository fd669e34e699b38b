from collections.abc import Sequence

from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import Question
from evaluation.runs.result import Score

_MAX_WHY = 600


def scores(questions: Sequence[Question], opinions: Sequence[Opinion]) -> tuple[Score, ...]:
    """The judge's scores of one sample. What it could not tell, or nobody could read, has no value: it is no 0."""
    made = []
    for question in questions:
        mine = [one for one in opinions if one.question == question.id]
        made.append(_share(question, mine) if question.about == "problem" else _rate(question, mine))
    return tuple(made)


def good(question: Question, opinion: Opinion) -> bool | None:
    """Whether the opinion speaks for the feedback; None where it is none."""
    return None if opinion.answer in (None, "cannot_tell") else opinion.answer == question.good


def _rate(question: Question, opinions: Sequence[Opinion]) -> Score:
    if not opinions:
        return Score(name=question.scorer, kind="rate", value=None, why="there is nothing to ask of this feedback")
    said = good(question, opinions[0])
    return Score(
        name=question.scorer,
        kind="rate",
        value=None if said is None else float(said),
        why=(opinions[0].reasons if said is not None else _silence(opinions[0]))[:_MAX_WHY],
    )


def _share(question: Question, opinions: Sequence[Opinion]) -> Score:
    """Of the expected problems about which the judge has an opinion, how many speak for the feedback."""
    if not opinions:
        return Score(name=question.scorer, kind="share", value=None, why="no problem is expected here")
    decided = [(one, said) for one in opinions if (said := good(question, one)) is not None]
    why = [f"not said: {one.subject}" for one, said in decided if not said]
    why += [f"{_silence(one)}: {one.subject}" for one in opinions if good(question, one) is None]
    value = sum(said for _, said in decided) / len(decided) if decided else None
    return Score(name=question.scorer, kind="share", value=value, why="; ".join(why)[:_MAX_WHY])


def _silence(opinion: Opinion) -> str:
    if opinion.answer is None:
        counts = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in opinion.outcomes.items())
        return f"no opinion could be read ({counts})"
    return "the judge cannot tell, its answer turns with the order" if opinion.flipped else "the judge cannot tell"
