"""What the judge and the people say about the same items."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluation.judge.labels import Agreed
from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import Said, questions

if TYPE_CHECKING:
    # numpy and scipy take half a second, which no other command should wait for.
    from evaluation.judge.flips import Flips

UNREAD = "unread"


@dataclass(frozen=True)
class QuestionConfusion:
    """One of the judge's questions: people in the rows, the judge in the columns."""

    question: str
    title: str
    counts: dict[tuple[Said, str], int]
    """(what people say, what the judge says or `unread`) -> items."""

    @property
    def items(self) -> int:
        """How many items people have labelled."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Judged:
    """What stands in a report about the judge."""

    model: str
    notes: tuple[str, ...]
    """What whoever reads its scores has to know first."""
    labelled: tuple[QuestionConfusion, ...]
    opinions: int
    flips: "Flips | None" = None
    """How often the judge answers the same request differently; None: not looked at."""


def confusions(opinions: Iterable[Opinion], labels: Mapping[str, Agreed]) -> tuple[QuestionConfusion, ...]:
    """A table for each question that people have answered, too; `labels` by item."""
    counts: dict[str, Counter[tuple[Said, str]]] = {}
    for opinion in {one.item: one for one in opinions}.values():
        label = labels.get(opinion.item)
        if label is not None:
            counts.setdefault(opinion.question, Counter())[label.answer, opinion.answer or UNREAD] += 1
    titles = {question.id: question.title for question in questions()}
    return tuple(QuestionConfusion(one, titles.get(one, one), dict(found)) for one, found in counts.items())
