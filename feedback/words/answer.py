from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.words import MAX_WARNINGS

MAX_MESSAGE: Final = 120
"""Characters of a warning, as everywhere."""
MAX_REMARK_WORDS: Final = 160
"""Words of all remarks together."""

# What is decoded may be longer than what is shown: a grammar that ends a string at its limit ends it within a word.
_LONGEST_MESSAGE = 2 * MAX_MESSAGE
_LONGEST_REMARK = 900

FindingId = Annotated[str, Field(max_length=80)]


class SaidOfFinding(BaseModel):
    """Words for one finding. Its place is the finding's: a model chooses no lines."""

    model_config = ConfigDict(extra="forbid")

    finding: FindingId
    message: str = Field(min_length=1, max_length=_LONGEST_MESSAGE)


class SaidOfConcept(BaseModel):
    """A conceptual remark, and the findings it rests on."""

    model_config = ConfigDict(extra="forbid")

    findings: list[FindingId] = Field(min_length=1, max_length=MAX_WARNINGS)
    text: str = Field(min_length=1, max_length=_LONGEST_REMARK)


class WordsAnswer(BaseModel):
    """What a model answers with. The ids stand in front of the text, so that what is said rests on them."""

    model_config = ConfigDict(extra="forbid")

    warnings: list[SaidOfFinding] = Field(max_length=MAX_WARNINGS)
    remarks: list[SaidOfConcept] = Field(max_length=3)
