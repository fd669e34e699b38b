"""What people should label next: some by chance, so that the judge can be measured, and some where it is in doubt."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Final

from pydantic import JsonValue

from evaluation.judge.labels import Agreed, Drawn
from evaluation.judge.material import Item
from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import Said, questions
from services.contracts.case import Digest, Slug
from services.contracts.model import WireModel

TO_LABEL: Final = "to-label.jsonl"


class ToLabel(WireModel):
    """One item with all that a person needs to answer, in the order in which they should be answered."""

    item: Digest
    sample: str
    case: Slug
    subtask: Slug
    question: Slug
    asks: str
    yes: str
    no: str
    subject: str = ""
    """The problem that the question is about."""
    notebook: list[JsonValue]
    feedback: JsonValue
    drawn: Drawn
    """To be kept with the label."""
    why: str
    judge: Said | None
    """Not to be shown before the person has answered: whoever knows it agrees more often."""
    people: dict[str, Said]
    """What was said about it before, by whom."""


@dataclass(frozen=True)
class LabelOrder:
    """In which order items are given out that nobody has labelled, settled once and for all.

    Chance has put each item into one of two halves. What is drawn at random is from one half, in an order that is the
    same each time, so that what is labelled bit by bit is one random sample without gaps; what is picked is from the
    other half, or is looked at a second time.
    """

    chance: tuple[str, ...]
    doubtful: tuple[str, ...]
    """Those of the other half about which the judge is in doubt."""

    @classmethod
    def of(cls, judged: Mapping[str, Opinion]) -> "LabelOrder":
        """From the judge's opinions, by item."""
        halves = {item: _by_chance(item) for item in judged}
        doubtful = (item for item, one in judged.items() if not halves[item] and doubt(one, None))
        return cls(
            _shuffled({item: one.question for item, one in judged.items() if halves[item]}),
            tuple(sorted(doubtful, key=_order)),
        )


def chosen(
    chance: Iterable[str],
    doubtful: Iterable[str],
    judged: Mapping[str, Opinion],
    labels: Mapping[str, Agreed],
    count: int,
) -> list[tuple[Drawn, str]]:
    """At most `count` items: by turns one drawn at random and one where the judge is in doubt or people disagree.

    Args:
        chance, doubtful: as in `LabelOrder`; no more of them is taken than is needed.
        judged: the opinions at least about what is labelled.
        labels: by item.
        count: of items.
    """
    # The second look first: it settles what is known to be in dispute.
    again = sorted((item for item in labels if item in judged and doubt(judged[item], labels[item])), key=_order)
    fresh = (item for item in chance if item not in labels)
    picked = chain(again, (item for item in doubtful if item not in labels))
    return list(islice(_by_turns(fresh, picked), count))


def why(drawn: Drawn, opinion: Opinion, label: Agreed | None) -> str:
    """Why a person is asked about an item."""
    return "drawn at random" if drawn == "at_random" else doubt(opinion, label)


def to_label(
    items: Sequence[Item], opinions: Sequence[Opinion], labels: Mapping[str, Agreed], count: int
) -> list[ToLabel]:
    """At most `count` of a run's items, as `chosen` says, with all that a person needs."""
    judged = {one.item: one for one in opinions}
    by_item = {item.digest: item for item in items if item.digest in judged}
    order = LabelOrder.of({digest: judged[digest] for digest in by_item})
    known = {digest: label for digest, label in labels.items() if digest in by_item}
    return [
        _entry(by_item[digest], judged[digest], known.get(digest), drawn)
        for drawn, digest in chosen(order.chance, order.doubtful, judged, known, count)
    ]


def _by_turns(chance: Iterable[str], picked: Iterable[str]) -> Iterator[tuple[Drawn, str]]:
    for one, other in zip_longest(chance, picked):
        if one is not None:
            yield "at_random", one
        if other is not None:
            yield "picked", other


def _by_chance(digest: str) -> bool:
    return int(_order(digest)[-1], 16) % 2 == 0


def _shuffled(asked: Mapping[str, str]) -> tuple[str, ...]:
    """Items (with their question) as chance has ordered them once, the questions by turns: each needs its labels."""
    turns = {question.id: number for number, question in enumerate(questions())}
    given = dict.fromkeys(turns, 0)
    keyed = []
    for item in sorted(asked, key=_order):
        question = asked[item]
        if question in turns:
            keyed.append((given[question], turns[question], item))
            given[question] += 1
    return tuple(item for *_, item in sorted(keyed))


def _order(digest: str) -> str:
    return hashlib.sha256(f"label {digest}".encode()).hexdigest()


def doubt(opinion: Opinion, label: Agreed | None) -> str:
    """Why a person should look at it; empty: no reason."""
    if label is not None:
        if len(label.answers) > 1:
            return "" if label.answer != "cannot_tell" else "people disagree"
        settled = {opinion.answer, label.answer} <= {"yes", "no"}
        return "the judge and one person disagree" if settled and opinion.answer != label.answer else ""
    if opinion.answer is None:
        return "the judge could not be read"
    if opinion.flipped:
        return "the judge's answer turns with the order"
    if opinion.informed not in (None, opinion.answer):
        return "the judge thinks otherwise once it has seen the reference"
    if opinion.wavered or opinion.answer == "cannot_tell":
        return "the judge is not sure"
    return ""


def _entry(item: Item, opinion: Opinion, label: Agreed | None, drawn: Drawn) -> ToLabel:
    texts, question = item.texts, item.question
    cells = texts["notebook"]
    return ToLabel(
        item=item.digest,
        sample=item.sample.id,
        case=item.sample.case,
        subtask=item.sample.subtask,
        question=question.id,
        asks=question.asks,
        yes=question.yes,
        no=question.no,
        subject=item.subject,
        notebook=cells if isinstance(cells, list) else [],
        feedback=item.told,
        drawn=drawn,
        why=why(drawn, opinion, label),
        judge=opinion.answer,
        people=label.answers if label else {},
    )
