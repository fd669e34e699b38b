from typing import Literal

from pydantic import Field

from evaluation.judge.questions import Said
from services.contracts.case import Digest, Slug
from services.contracts.model import WireModel

Order = Literal["yes_first", "no_first"]
ORDERS: tuple[Order, Order] = ("yes_first", "no_first")
Look = Literal["blind", "informed"]
"""`blind`: before the judge has seen any reference. `informed`: its second opinion."""
Outcome = Literal["answered", "unreadable", "refused", "timed_out", "failed"]
"""`unreadable`: an answer came that is not of the asked shape. `refused`: the judge declined to judge.
`failed`: the server is away, full, or did not take the request."""


class Line(WireModel):
    """One message of an exchange."""

    role: Literal["system", "user", "assistant"]
    content: str


class Exchange(WireModel):
    """One request to the judge and what came back, whole, as it is kept."""

    item: Digest
    sample: str
    question: Slug
    look: Look
    order: Order
    repetition: int = Field(ge=0)
    model: str
    messages: tuple[Line, ...]
    outcome: Outcome
    answer: Said | None = None
    """None unless the outcome is `answered`."""
    reasons: str = ""
    said: str = ""
    """The judge's answer as it came; empty where none came."""
    problem: str = ""
    """Why there is no answer."""
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class Opinion(WireModel):
    """What the judge thinks about one item, over all orders and repetitions."""

    item: Digest
    """Identity of what was judged: the question's words, the code, the feedback, the problem. Labels go by it."""
    sample: str
    question: Slug
    subject: str = ""
    """The problem's words, where the question is about one."""
    answer: Said | None
    """What it committed itself to before it saw a reference; None: too few of its answers could be read."""
    informed: Said | None = None
    """Its second opinion, with the reference; None: there is none to see, or it could not be read."""
    by_order: dict[Order, Said | None]
    repeats: int = Field(default=1, ge=1)
    """How often each order was asked without a reference."""
    repeated: bool = False
    """More than one answer to the same request could be read, so that it could be seen whether it wavers."""
    wavered: bool = False
    """The same request, repeated, was answered differently."""
    asked: int = Field(ge=0)
    outcomes: dict[Outcome, int]
    reasons: str = ""
    """Of an answer that agrees with `answer`."""
    characters: int = Field(ge=0)
    """Length of the feedback that was judged."""

    @property
    def flipped(self) -> bool:
        """The answer turned with the order in which the choices and texts stood."""
        first, second = (self.by_order.get(order) for order in ORDERS)
        return first is not None and second is not None and first != second


def majority(answers: list[Said]) -> Said:
    """What more say than anything else; a tie, or nothing said, is `cannot_tell`."""
    counts = sorted(((answers.count(one), one) for one in set(answers)), reverse=True)
    if not counts or (len(counts) > 1 and counts[0][0] == counts[1][0]):
        return "cannot_tell"
    return counts[0][1]
