"""What people are asked about a judged run, and what they say."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.case import Digest, Slug
from services.contracts.evaluated_sample import CodeCell, GivenAnswer, Said
from services.contracts.model import WireModel

MAX_NOTE = 2_000


class LabelItem(WireModel):
    """One question about one feedback, without the judge's answer: whoever knows that agrees more often."""

    item: Digest
    sample: str
    case: Slug
    subtask: Slug
    question: Slug
    title: str
    asks: str
    yes: str
    no: str
    subject: str
    """The problem that the question is about; empty where it is about the whole feedback."""
    cells: tuple[CodeCell, ...]
    answer: GivenAnswer
    why: str
    """Why somebody should look at it."""
    others: int
    """People who have answered it already."""


class LabelPage(WireModel):
    """What somebody should label next, in this order."""

    run: str
    items: tuple[LabelItem, ...]
    given: int
    """Items of this run that this person has answered."""
    labelled: int
    """Items of this run that anybody has answered."""
    judged: int
    """Items of this run that the judge has answered."""


class GiveLabel(WireModel):
    """One person's answer."""

    item: Digest
    answer: Said
    note: str = Field(default="", max_length=MAX_NOTE)


class LabelGiven(WireModel):
    """A label as it was written down."""

    item: Digest
    question: Slug
    answer: Said
    by: str
    at: datetime
    drawn: Literal["at_random", "picked"]
    note: str
