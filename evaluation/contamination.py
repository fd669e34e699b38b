"""Samples that prove nothing, because what a good mentor would say about them was given to the pipeline beforehand."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from feedback.prompts.criteria import criteria
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback

_WORD: Final = re.compile(r"[^\W_]+")
_ROW: Final = 6
"""Words in a row that two texts hardly share by chance."""
_FEWEST: Final = 4
"""Shorter expectations («wrong type») stand in many texts, and prove nothing by that."""
_SHARE: Final = 0.4
"""Of an expectation's rows; a mentor's words with the end of a sentence changed are still the same words."""


@dataclass(frozen=True)
class Given:
    """A text that the pipeline has when it answers a sample."""

    where: str
    text: str


class Contamination:
    """Finds expected answers in what the pipeline is given: prompts, the case's profile, its warnings, the notebook."""

    def contaminated(self, sample: Sample, ground: Ground) -> str:
        """Where an expected answer stands; empty: nowhere."""
        expected = [rows for problem in sample.expected.problems if (rows := _rows(problem.about))]
        if not expected:
            return ""
        given = (*given_by_case(ground.case, sample.subtask), *_notebook(sample))
        places = [one.where for one in given if any(_held(rows, one) for rows in expected)]
        return f"an expected answer stands in {', '.join(dict.fromkeys(places))}" if places else ""


def held_out(feedback: Feedback, sample: Sample) -> Feedback:
    """The feedback without the mentor's words that the sample itself expects.

    The pipeline knows its case's mistakes, and says their words where it recognises one. Whether it would have said
    what matters without them is what a sample made from a mistake measures.
    """
    expected = {_plain(problem.about) for problem in sample.expected.problems}
    findings = tuple(
        finding.model_copy(update={"mentor": None})
        if finding.mentor is not None and _plain(finding.mentor) in expected
        else finding
        for finding in feedback.findings
    )
    return feedback if findings == feedback.findings else feedback.model_copy(update={"findings": findings})


def given_by_case(case: AuthorCase, subtask_id: str) -> tuple[Given, ...]:
    """What the pipeline's words may be made of when it answers samples of one step, besides what it finds out.

    Neither reference code nor hidden checks are among it. Nor are the case's known mistakes: they are held out of the
    samples that are made from them (`held_out`), and stand in no prompt.
    """
    return (*_of_prompts(), *_of_case(case, subtask_id))


@cache
def _of_prompts() -> tuple[Given, ...]:
    texts = sorted(
        (entry for entry in files("feedback.prompts").iterdir() if entry.name.endswith(".md")), key=lambda e: e.name
    )
    return tuple(Given(f"the prompt {entry.name.removesuffix('.md')}", entry.read_text("utf-8")) for entry in texts)


def _of_case(case: AuthorCase, subtask_id: str) -> Iterator[Given]:
    subtask = case.subtask(subtask_id)
    if subtask is None:
        return
    yield Given("the prompt's profile of the step", json.dumps(criteria(case, subtask), ensure_ascii=False))
    for check in subtask.checks:
        if check.hint:
            yield Given(f"the warning of the check {check.id}", check.hint)
    if subtask.example:
        yield Given("the step's example", subtask.example)


def _notebook(sample: Sample) -> Iterator[Given]:
    for cell in sample.cells:
        yield Given(f"the learner's cell {cell.id}", cell.source)


def _rows(expectation: str) -> frozenset[tuple[str, ...]]:
    """The expectation's words in rows; empty where it is too short to be recognised."""
    words = _WORD.findall(expectation.casefold())
    return _in_rows(words, min(_ROW, len(words))) if len(words) >= _FEWEST else frozenset()


def _held(rows: frozenset[tuple[str, ...]], given: Given) -> bool:
    there = _in_rows(_WORD.findall(given.text.casefold()), len(next(iter(rows))))
    return len(rows & there) >= _SHARE * len(rows)


def _in_rows(words: list[str], length: int) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
