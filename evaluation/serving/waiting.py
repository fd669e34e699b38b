"""What a person should label next, read off a run's index."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluation.judge.labels import Agreed, Drawn
from evaluation.judge.material import Item, items
from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import questions
from evaluation.judge.to_label import chosen, why
from evaluation.runs.result import SampleResult
from evaluation.serving.index import RunIndex
from evaluation.serving.kept import opinions_at, result_at
from evaluation.serving.sample_view import given_answer, said_marks, shown, shown_cells
from services.contracts.labelling import LabelItem


@dataclass(frozen=True)
class Waiting:
    """One item to label, with what is to be kept with the label and not shown."""

    item: LabelItem
    drawn: Drawn


@dataclass(frozen=True)
class ToLabelNext:
    """What one person should label next, and how far labelling has come."""

    waiting: tuple[Waiting, ...]
    given: int
    labelled: int
    judged: int


def label_next(index: RunIndex, folder: Path, by: str, labels: Mapping[str, Agreed], most: int) -> ToLabelNext:
    """At most `most` items of the run in `folder` that `by` has not answered; `labels` by item, of any run."""
    about = index.newest_opinions(labels)
    known = {item: labels[item] for item in about}
    judged = {opinion.item: opinion for opinion in opinions_at(folder, about.values())}
    own = {item for item, label in known.items() if by in label.answers}
    # Those that this person has answered are taken out below.
    turns = chosen(index.turns("chance"), index.turns("doubtful"), judged, known, most + len(own))
    wanted = [(drawn, item) for drawn, item in turns if item not in own][:most]
    missing = index.newest_opinions(item for _, item in wanted if item not in judged)
    judged |= {opinion.item: opinion for opinion in opinions_at(folder, missing.values())}
    return ToLabelNext(
        waiting=tuple(_waiting(index, folder, wanted, judged, known)),
        given=len(own),
        labelled=len(known),
        judged=index.judged,
    )


def _waiting(
    index: RunIndex,
    folder: Path,
    wanted: list[tuple[Drawn, str]],
    judged: Mapping[str, Opinion],
    labels: Mapping[str, Agreed],
) -> Iterator[Waiting]:
    for drawn, item in wanted:
        opinion = judged.get(item)
        where = index.result(opinion.sample) if opinion else None
        result = result_at(folder, opinion.sample, where) if opinion and where else None
        material = _material(result, opinion) if opinion and result else None
        if opinion and result and material:
            label = labels.get(item)
            others = len(label.answers) if label else 0
            yield Waiting(_label_item(folder.name, material, result, why(drawn, opinion, label), others), drawn)


def _material(result: SampleResult, opinion: Opinion) -> Item | None:
    """What the opinion is about; None where the result is another one by now."""
    asked = [question for question in questions() if question.id == opinion.question]
    found = items(asked, result.sample, result.answer) if result.answer else ()
    # A digest takes all of code and feedback, so it comes last.
    return next((one for one in found if one.subject == opinion.subject and one.digest == opinion.item), None)


def _label_item(run: str, item: Item, result: SampleResult, reason: str, others: int) -> LabelItem:
    question = item.question
    return LabelItem(
        item=item.digest,
        sample=item.sample.id,
        case=item.sample.case,
        subtask=item.sample.subtask,
        question=question.id,
        title=question.title,
        asks=question.asks,
        yes=question.yes,
        no=question.no,
        subject=shown(item.subject),
        # Lines of expected problems are not marked: that would tell what a good answer is.
        cells=shown_cells(item.sample.cells, said_marks(result)),
        answer=given_answer(run, result, facts=False),
        why=reason,
        others=others,
    )
