import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from services.contracts.case import Slug
from services.contracts.model import WireModel

Said = Literal["yes", "no", "cannot_tell"]
Reference = Literal["expected", "solution"]


class Question(WireModel):
    """One matter that the judge is asked about; `questions.toml` explains the members."""

    id: Slug
    about: Literal["feedback", "problem"]
    when: Literal["always", "needs_work"] = "always"
    title: str
    asks: str
    yes: str
    no: str
    good: Literal["yes", "no"]
    reference: tuple[Reference, ...] = ()

    @property
    def wording(self) -> str:
        """Sha256 of what is asked: an answer to other words answers another question."""
        return hashlib.sha256("\0".join((self.id, self.asks, self.yes, self.no)).encode()).hexdigest()

    @property
    def scorer(self) -> str:
        """Name of the score that its answers become."""
        return f"judge-{self.id}"


@cache
def questions() -> tuple[Question, ...]:
    """All questions, in the order in which they are asked and reported."""
    table = tomllib.loads(files("evaluation.judge").joinpath("questions.toml").read_text("utf-8"))
    return tuple(Question.model_validate({"id": id_, **members}) for id_, members in table.items())
