"""One sample of a run with everything that was said about it. Texts have their invisible characters written out."""

from typing import Literal

from services.contracts.evaluation import Effect, ScoreKind
from services.contracts.feedback import Verdict
from services.contracts.model import WireModel

Said = Literal["yes", "no", "cannot_tell"]


class SampleLine(WireModel):
    """One sample in a list."""

    id: str
    case: str
    subtask: str
    source: str
    expected: Verdict | None
    verdict: Verdict | None
    """None: there is no answer."""
    contaminated: bool
    scores: dict[str, float | None]
    effect: Effect | None = None
    """Against the run that was asked about; None: there is none, or it does not have this sample."""


class SamplePage(WireModel):
    """Part of a run's samples: in the suite's order, or, of those that changed, the gravest first."""

    items: tuple[SampleLine, ...]
    total: int
    next: int | None
    """Where the next part begins."""


class CodeLine(WireModel):
    """One line of a cell; `marked` where feedback or an expected problem points at it."""

    number: int
    text: str
    marked: bool


class CodeCell(WireModel):
    """A learner's cell."""

    id: str
    kind: Literal["code", "markdown", "raw"]
    lines: tuple[CodeLine, ...]
    left_out: int
    """Lines beyond what is shown."""


class PlacedWords(WireModel):
    """Words of the feedback, and where they point."""

    kind: Literal["warning", "remark", "finding", "mentor", "hint"]
    text: str
    cell: str | None = None
    line: int | None = None
    end_line: int | None = None
    fact: str = ""
    """The evidence behind a finding, which no learner sees."""


class GivenAnswer(WireModel):
    """What the pipeline said to a sample in one run."""

    run: str
    verdict: Verdict | None
    headline: str
    words: tuple[PlacedWords, ...]
    words_by: str
    wall_ms: float
    prompt_tokens: int
    completion_tokens: int
    missing: str
    """Why there is no answer; empty where there is one."""


class ExpectedProblem(WireModel):
    """What a good mentor would point at."""

    about: str
    cell: str | None
    line: int | None
    end_line: int | None


class SampleScore(WireModel):
    """One score of one sample; `why` is of the run that is looked at."""

    name: str
    kind: ScoreKind
    value: float | None
    before: float | None
    why: str


class JudgeOpinion(WireModel):
    """What the judge thinks about one matter, and what people say."""

    item: str
    question: str
    title: str
    asks: str
    subject: str
    good: Said
    """The answer that speaks for the feedback."""
    answer: Said | None
    """None: too few of the judge's answers could be read."""
    informed: Said | None
    """After it had seen a reference."""
    turned: bool
    """Its answer turned with the order of the choices."""
    wavered: bool
    reasons: str
    people: dict[str, Said]


class EvaluatedSample(WireModel):
    """One sample: what was asked, what a good answer is, what was answered, and how that was scored."""

    run: str
    id: str
    case: str
    subtask: str
    version: str | None
    source: str
    tags: tuple[str, ...]
    expected: Verdict | None
    problems: tuple[ExpectedProblem, ...]
    must_not_say: tuple[str, ...]
    contaminated: str
    """Why it proves nothing; empty where it does."""
    cells: tuple[CodeCell, ...]
    answer: GivenAnswer
    before: GivenAnswer | None
    """Of the run that it is compared with."""
    effect: Effect | None
    scores: tuple[SampleScore, ...]
    opinions: tuple[JudgeOpinion, ...]


class JudgeMessage(WireModel):
    """One message between us and the judge."""

    role: Literal["system", "user", "assistant"]
    content: str


class JudgeExchange(WireModel):
    """One request to the judge and what came back, whole."""

    question: str
    look: Literal["blind", "informed"]
    order: Literal["yes_first", "no_first"]
    repetition: int
    model: str
    outcome: str
    answer: Said | None
    problem: str
    messages: tuple[JudgeMessage, ...]
    said: str
