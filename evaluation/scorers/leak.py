"""Whether the feedback gives the reference away, by the firewall that stands before every learner."""

from evaluation.runs.result import Answer, Score
from evaluation.runs.told import told
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from feedback.firewall.own import Own

NAME = "no-leak"


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:
    """1: nothing of the reference is in what is shown, but for what the learner wrote; 0: something is."""
    leak = ground.firewall.examine(told(answer.feedback), Own.of(sample.cells))
    if leak is None:
        return Score(name=NAME, kind="rate", value=1)
    return Score(name=NAME, kind="rate", value=0, why=f"{leak.kind} of {leak.where or 'the case'}")
